"""The three inboxes of the run, how their platforms sign, and how they get into a record."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime

from bot.channels.telegram import SECRET_HEADER, webhook_secret
from handover.backends import open_backends
from handover.inbox_cipher import Cipher
from handover.inboxes import Inbox
from handover.record_ports_inboxes import KeptInbox

MESSENGER = Inbox(
    "messenger.aaaa0001",
    "messenger",
    "The page",
    "104200000000001",
    settings={"verify_token": "v"},
    secrets={"app_secret": "meta app secret", "access_token": "page token"},
)
WHATSAPP = Inbox(
    "whatsapp.aaaa0002",
    "whatsapp",
    "The number",
    "1122334455667",
    settings={"verify_token": "v"},
    secrets={"app_secret": "meta app secret", "access_token": "number token"},
)
TELEGRAM = Inbox(
    "telegram.aaaa0003",
    "telegram",
    "The bot",
    "7000000001",
    secrets={"bot_token": "7000000001:token", "webhook_secret": "a secret of the webhook"},
)
INBOXES = {inbox.channel: inbox for inbox in (MESSENGER, WHATSAPP, TELEGRAM)}


def address_of(channel: str) -> str:
    """Where the platform posts its webhooks to."""
    return f"/webhooks/{channel}/{INBOXES[channel].id.partition('.')[2]}"


def signed(channel: str, body: bytes) -> dict[str, str]:
    """The headers that a platform sends along."""
    inbox = INBOXES[channel]
    if channel == "telegram":
        return {SECRET_HEADER: webhook_secret(inbox)}
    made = hmac.new(inbox.secrets["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={made}"}


async def put_into(database_url: str, cipher: Cipher) -> None:
    """A fresh record with the inboxes in it."""
    async with open_backends(database_url) as backends, backends.records.transaction() as tx:
        for inbox in INBOXES.values():
            kept = KeptInbox(replace(inbox, secrets={}), cipher.seal(inbox.id, inbox.secrets))
            assert await tx.inboxes.add(kept, datetime.now(UTC))
