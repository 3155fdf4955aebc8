"""Webhooks as bytes: written as each platform writes them, signed, and posted; fixtures made to fit an account."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from tests.sim.accounts import Account
from tests.sim.calls import fixture
from tests.sim.clock import millis
from tests.sim.world import World

_META = {"messenger", "instagram", "whatsapp"}
_TIMES = {"timestamp", "time", "date", "edit_date", "created_timestamp", "watermark"}
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0  # seconds between tries of a webhook; a platform's own are longer


@dataclass(frozen=True, slots=True)
class Webhook:
    """Bytes, with where they go and how they are signed. Posting it twice is a redelivery, byte for byte."""

    path: str
    body: bytes
    headers: Mapping[str, str]


def webhook(account: Account, body: Mapping[str, Any]) -> Webhook:
    """``body`` for ``account``, signed with its secret."""
    raw = octets(account.channel, body)
    return Webhook(account.hook, raw, {"content-type": "application/json", **signature(account, raw)})


def octets(channel: str, body: Any) -> bytes:
    """JSON as the platform writes it: Meta escapes everything beyond ASCII, and slashes."""
    if channel in _META:
        return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def signature(account: Account, raw: bytes) -> dict[str, str]:
    """The headers that vouch for ``raw``, as each platform's documentation says (not the product's own code)."""
    if account.channel in _META:
        made = hmac.new(account.secrets["app_secret"].encode(), raw, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={made}"}
    if account.channel == "telegram":
        return {"X-Telegram-Bot-Api-Secret-Token": account.said}
    secret = account.secrets["consumer_secret" if account.channel == "x" else "channel_secret"]
    made = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    return {"x-twitter-webhooks-signature": f"sha256={made}"} if account.channel == "x" else {"X-Line-Signature": made}


def fitted(account: Account, file: str, *, now: datetime | None = None) -> Any:
    """The fixture ``file`` as if it were ``account``'s; with ``now`` everything in it happens then."""
    body = fixture(file)
    for theirs in _accounts_in(account.channel, body):
        body = _replaced(body, theirs, account.id)
    return body if now is None else _retimed(body, now)


def _accounts_in(channel: str, body: Any) -> list[str]:
    """The platform's ids of the fixture's own side."""
    if channel in {"messenger", "instagram"}:
        return [str(entry["id"]) for entry in body["entry"]]
    if channel == "whatsapp":
        values = [change["value"] for entry in body["entry"] for change in entry["changes"]]
        return [value["metadata"]["phone_number_id"] for value in values if "metadata" in value]
    if channel == "line":
        return [body["destination"]]
    if channel == "x":
        told = body.get("data", {})
        found = (body.get("for_user_id"), told.get("filter", {}).get("user_id"), told.get("payload", {}).get("user_id"))
        return [str(one) for one in found if one]
    return []


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {(new if key == old else key): _replaced(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    return new if isinstance(value, str | int) and str(value) == old else value


def _retimed(value: Any, now: datetime) -> Any:
    if isinstance(value, list):
        return [_retimed(one, now) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _moment(one, now) if key in _TIMES else _retimed(one, now) for key, one in value.items()}


def _moment(old: Any, now: datetime) -> Any:
    """``now`` in the form of ``old``: seconds or milliseconds, a number or text, or ISO 8601. Other things stay."""
    if isinstance(old, str) and not old.isdecimal():
        return now.isoformat() if old[:4].isdecimal() else old
    if not isinstance(old, str | int) or isinstance(old, bool) or int(old) == 0:
        return old
    moment = millis(now) if int(old) > 100_000_000_000 else int(now.timestamp())
    return str(moment) if isinstance(old, str) else moment


class Poster:
    """Posts webhooks to the product. Lives in the simulator's event loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = httpx2.AsyncClient(timeout=30, trust_env=False, verify=False)

    async def post(self, hook: Webhook) -> httpx2.Response:
        """Once. Raises httpx2.HTTPError when the product cannot be reached."""
        return await self._client.post(self._world.service + hook.path, content=hook.body, headers=dict(hook.headers))

    async def deliver(self, hook: Webhook, *, tries: int = 60) -> int:
        """Again and again until the product answers 200, as platforms do; the last status, 0 without any answer."""
        wait, status = _FIRST_WAIT, 0
        for _ in range(tries):
            try:
                status = (await self.post(hook)).status_code
            except httpx2.HTTPError:
                status = 0
            if status == 200:
                return status
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        self._world.ledger.wrong(f"a webhook to {hook.path} was answered {status} and given up")
        return status

    async def ask(self, path: str, query: Mapping[str, str]) -> httpx2.Response:
        """A GET, as a platform asks whether the address is ours."""
        return await self._client.get(self._world.service + path, params=dict(query))

    async def close(self) -> None:
        await self._client.aclose()
