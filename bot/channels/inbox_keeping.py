"""Making, changing, checking and removing inboxes: what the API and the command line both do."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from bot.channels.access_words import Said, checked, prepared
from bot.channels.channel import Answer, Call, Channel, Unanswered
from bot.channels.inbox_wishes import Wish, as_wished
from handover.errors import AlreadyThere, BadInput, NotFound
from handover.inbox_book import InboxBook
from handover.inbox_cipher import Cipher
from handover.inboxes import Inbox
from handover.ports import Clock, Records
from handover.record_ports_inboxes import KeptInbox

log = structlog.get_logger(__name__)

# A setting that we make ourselves: what Meta says to prove that it was told by us where to send webhooks.
VERIFY_TOKEN = "verify_token"


class Calls(Protocol):
    """`bot.channels.calling.Caller` in the service."""

    async def call(self, call: Call) -> Answer | Unanswered:
        """What the platform answers. Never raises for what it, or the network, does."""
        ...


@dataclass(frozen=True, slots=True)
class InboxKeeping:
    """``public_address`` is what platforms call this service by, without a slash at the end."""

    records: Records
    book: InboxBook
    cipher: Cipher
    channels: Mapping[str, Channel]
    calls: Calls
    public_address: str
    clock: Clock

    async def add(self, channel: str, wish: Wish, by: str) -> Inbox:
        """A new inbox with a fresh id and verify token. Raises BadInput naming the field, AlreadyThere."""
        if channel not in self.channels:
            raise BadInput("There is no such channel.", detail={"field": "channel"})
        bare = Inbox(f"{channel}.{random.token_hex(4)}", channel, "", "", {VERIFY_TOKEN: random.token_urlsafe(24)})
        inbox = as_wished(bare, wish, self.channels[channel])
        async with self.records.transaction() as tx:
            if not await tx.inboxes.add(self._kept(inbox), self.clock.now()):
                raise self._taken(inbox)
        self._changed("inbox_added", inbox.id, by)
        return inbox

    async def change(self, inbox: str, wish: Wish, by: str) -> Inbox:
        """Raises NotFound, BadInput naming the field, AlreadyThere."""
        await self.one(inbox)
        async with self.records.transaction() as tx:
            kept = await tx.inboxes.get(inbox, held=True)
            channel = self._channel(kept.inbox)
            changed = as_wished(replace(kept.inbox, secrets=self._opened(kept, wish)), wish, channel)
            if not await tx.inboxes.change(self._kept(changed)):
                raise self._taken(changed)
        self._changed("inbox_changed", inbox, by)
        return changed

    async def remove(self, inbox: str, by: str) -> None:
        """Nothing goes in or out any more and its secrets are erased; its conversations stay. Raises NotFound."""
        await self.one(inbox)
        async with self.records.transaction() as tx:
            kept = await tx.inboxes.get(inbox, held=True)
            self._channel(kept.inbox)
            await tx.inboxes.change(KeptInbox(replace(kept.inbox, enabled=False), None))
        self._changed("inbox_removed", inbox, by)

    async def pause(self, inbox: str, by: str) -> None:
        """Send nothing; what arrives is kept. An inbox that is paused keeps its first reason. Raises NotFound."""
        await self.one(inbox)
        await self.book.pause(inbox, f"Paused by {by}.")

    async def resume(self, inbox: str, by: str) -> None:
        """Raises NotFound."""
        await self.one(inbox)
        await self.book.resume(inbox)
        self._changed("inbox_resumed", inbox, by)

    async def one(self, inbox: str) -> Inbox:
        """An inbox as the record has it now. Raises NotFound, for a removed one too."""
        self.book.forget()
        found = await self.book.get(inbox)
        self._channel(found)
        return found

    async def listed(self) -> list[Inbox]:
        """Every inbox that was not removed, the oldest first, as the record has it now."""
        self.book.forget()
        return [inbox for inbox in await self.book.all() if inbox.channel in self.channels]

    async def check(self, inbox: str) -> Said:
        """Does the platform accept our access? Raises NotFound."""
        found = await self.one(inbox)
        channel = self._channel(found)
        if lacking := _lacking(found, channel):
            return lacking
        call = channel.check(found)
        if call is None:
            return Said(True, "Check access", f"{channel.ability.title} has nothing to check access with.")
        return checked(channel, found, await self.calls.call(call), self.webhook_url(found))

    async def prepare(self, inbox: str) -> list[Said]:
        """Set the platform up, one request after the other; none when there is nothing to do. Raises NotFound."""
        found = await self.one(inbox)
        channel = self._channel(found)
        if lacking := _lacking(found, channel):
            return [lacking]
        calls = channel.prepare(found, self.webhook_url(found))
        return [prepared(channel, found, call.what, await self.calls.call(call)) for call in calls]

    async def backlog(self) -> dict[str, dict[str, int]]:
        """How many lines are ``queued`` and how many ``failed``, by inbox and by that state."""
        async with self.records.reading() as view:
            return await view.inboxes.backlog()

    async def seal_anew(self) -> int:
        """Every inbox's secrets under the newest key; how many. Raises BadInput, and then nothing has changed."""
        done = 0
        async with self.records.transaction() as tx:
            for each in await tx.inboxes.all():
                kept = await tx.inboxes.get(each.inbox.id, held=True)
                if kept.sealed is not None:
                    opened = self.cipher.open(kept.inbox.id, kept.sealed)
                    await tx.inboxes.change(replace(kept, sealed=self.cipher.seal(kept.inbox.id, opened)))
                    done += 1
        self.book.forget()
        return done

    def webhook_url(self, inbox: Inbox) -> str:
        """Where the platform is to send this inbox's webhooks."""
        return f"{self.public_address}/webhooks/{inbox.channel}/{inbox.id.partition('.')[2]}"

    def _channel(self, inbox: Inbox) -> Channel:
        if not inbox.enabled or inbox.channel not in self.channels:
            raise NotFound("There is no such inbox.")
        return self.channels[inbox.channel]

    def _changed(self, what: str, inbox: str, by: str) -> None:
        self.book.forget()
        log.info(what, inbox=inbox, by=by)

    def _taken(self, inbox: Inbox) -> AlreadyThere:
        label = self.channels[inbox.channel].ability.account.label
        return AlreadyThere(f"{label}: another inbox answers as this one already.", detail={"field": "account"})

    def _kept(self, inbox: Inbox) -> KeptInbox:
        sealed = self.cipher.seal(inbox.id, inbox.secrets) if inbox.secrets else None
        return KeptInbox(replace(inbox, secrets={}), sealed)

    def _opened(self, kept: KeptInbox, wish: Wish) -> dict[str, str]:
        """Secrets that no key opens any more may be replaced, all of them at once, but not lost without a word."""
        if kept.sealed is None:
            return {}
        try:
            return self.cipher.open(kept.inbox.id, kept.sealed)
        except BadInput:
            given = {name for name, value in (wish.secrets or {}).items() if value}
            fields = self.channels[kept.inbox.channel].ability.fields
            if {field.name for field in fields if field.secret and field.required} <= given:
                return {}
            raise


def _lacking(inbox: Inbox, channel: Channel) -> Said | None:
    """Nothing can be asked without access; why it is not there stands in `Inbox.paused_why`."""
    for field in channel.ability.fields:
        if field.required and field.secret and not inbox.secrets.get(field.name):
            return Said(False, "Check access", inbox.paused_why or f"{field.label} is missing.", "Put it in anew.")
    return None
