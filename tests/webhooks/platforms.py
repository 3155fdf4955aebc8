"""Three platforms on one loopback port: they take what the service sends, report it as each does, and lose answers.

WhatsApp reports with statuses that carry our key, Messenger with echoes that carry it; Telegram reports nothing. The
shapes are those of tests/fixtures/channels. What no platform would take is a violation and answered with HTTP 400.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.webhooks.inboxes import MESSENGER, TELEGRAM, WHATSAPP

Post = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a platform took. ``answered`` is False when its answer was lost on the way."""

    channel: str
    person: str
    text: str
    key: str | None
    answered: bool


class Cut(Response):
    """An answer that ends in the middle: whoever asked cannot know what became of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"500")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


@dataclass
class Platforms:
    """``post`` brings a webhook of a channel to the service; ``lost`` is the share of answers that are lost."""

    post: Post
    rng: random.Random
    lost: float
    sent: list[Sent] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    courtesies: int = 0
    _number: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _reporting: set[asyncio.Task[None]] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v26.0/{account}/messages", self._graph, methods=["POST"]),
                Route("/bot{token}/{method}", self._telegram, methods=["POST"]),
                Route("/{rest:path}", self._nowhere, methods=["GET", "POST", "PUT", "DELETE"]),
            ]
        )

    async def reported(self) -> None:
        """Wait until every report has got there."""
        while self._reporting:
            await asyncio.gather(*self._reporting)

    async def _graph(self, request: Request) -> Response:
        account, body = request.path_params["account"], await request.json()
        inbox = {MESSENGER.account: MESSENGER, WHATSAPP.account: WHATSAPP}.get(account)
        if inbox is None or request.headers.get("authorization") != f"Bearer {inbox.secrets['access_token']}":
            return self._refused(f"nobody may write as {account}")
        if inbox is MESSENGER:
            return await self._messenger(body)
        return await self._whatsapp(body)

    async def _messenger(self, body: dict[str, Any]) -> Response:
        if "sender_action" in body:
            self.courtesies += 1
            return JSONResponse({"recipient_id": body["recipient"]["id"]})
        person, message = body["recipient"]["id"], body["message"]
        if body.get("messaging_type") != "RESPONSE" or not 0 < len(message["text"]) <= 2000:
            return self._refused(f"Messenger would not take {body}")
        mid = f"m_out_{next(self._number)}"
        echo = {"mid": mid, "is_echo": True, "app_id": 4242, "metadata": message["metadata"], "text": message["text"]}
        self._report("messenger", messenger_webhook(MESSENGER.account, person, 0, echo))
        answer = {"recipient_id": person, "message_id": mid}
        return self._taken("messenger", person, message["text"], message["metadata"], answer)

    async def _whatsapp(self, body: dict[str, Any]) -> Response:
        if body.get("status") == "read":
            self.courtesies += 1
            return JSONResponse({"success": True})
        person, key = body["to"].removeprefix("+"), body["biz_opaque_callback_data"]
        text = body["text"]["body"] if body["type"] == "text" else body["interactive"]["body"]["text"]
        if body.get("messaging_product") != "whatsapp" or not 0 < len(text) <= 4096:
            return self._refused(f"WhatsApp would not take {body}")
        wamid = f"wamid.out{next(self._number)}"
        for told in ("sent", "delivered"):
            status = {
                "id": wamid,
                "status": told,
                "timestamp": "1785000000",
                "recipient_id": person,
                "biz_opaque_callback_data": key,
            }
            self._report("whatsapp", whatsapp_webhook(person, statuses=[status]))
        answer = {"messaging_product": "whatsapp", "contacts": [{"wa_id": person}], "messages": [{"id": wamid}]}
        return self._taken("whatsapp", person, text, key, answer)

    async def _telegram(self, request: Request) -> Response:
        body, method = await request.json(), request.path_params["method"]
        if request.path_params["token"] != TELEGRAM.secrets["bot_token"]:
            return self._refused("a wrong bot token")
        if method in ("sendChatAction", "answerCallbackQuery"):
            self.courtesies += 1
            return JSONResponse({"ok": True, "result": True})
        if method != "sendMessage" or not 0 < len(body["text"]) <= 4096:
            return self._refused(f"Telegram would not take {method} {body}")
        result = {"message_id": next(self._number), "date": 1785000000, "text": body["text"]}
        return self._taken("telegram", body["chat_id"], body["text"], None, {"ok": True, "result": result})

    async def _nowhere(self, request: Request) -> Response:
        return self._refused(f"{request.method} {request.url.path} is nowhere")

    def _taken(self, channel: str, person: str, text: str, key: str | None, answer: dict[str, Any]) -> Response:
        answered = self.rng.random() >= self.lost
        self.sent.append(Sent(channel, str(person), text, key, answered))
        return JSONResponse(answer) if answered else Cut()

    def _report(self, channel: str, body: dict[str, Any]) -> None:
        task = asyncio.create_task(self._posted(channel, body))
        self._reporting.add(task)
        task.add_done_callback(self._reporting.discard)

    async def _posted(self, channel: str, body: dict[str, Any]) -> None:
        await asyncio.sleep(self.rng.random() * 0.3)  # before its answer, or after it
        await self.post(channel, body)

    def _refused(self, why: str) -> Response:
        self.violations.append(why)
        return JSONResponse({"error": {"message": why, "code": 100}}, 400)


def messenger_webhook(account: str, person: str, at: int, message: dict[str, Any]) -> dict[str, Any]:
    """``at`` is in seconds; an echo goes from the page to the person."""
    sides = [{"id": person}, {"id": account}]
    if message.get("is_echo"):
        sides.reverse()
    item = {"sender": sides[0], "recipient": sides[1], "timestamp": (at or 1785000000) * 1000, "message": message}
    return {"object": "page", "entry": [{"id": account, "time": item["timestamp"], "messaging": [item]}]}


def whatsapp_webhook(person: str, **value: Any) -> dict[str, Any]:
    """``value`` has the messages or the statuses."""
    metadata = {"display_phone_number": "972123456789", "phone_number_id": WHATSAPP.account}
    whole = {
        "messaging_product": "whatsapp",
        "metadata": metadata,
        "contacts": [{"profile": {"name": f"Person {person}"}, "wa_id": person}],
        **value,
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "5467539754836534", "changes": [{"value": whole, "field": "messages"}]}],
    }


def telegram_webhook(person: str, number: int, at: int, text: str) -> dict[str, Any]:
    who = {"id": int(person), "is_bot": False, "first_name": f"Person {person}"}
    chat = {"id": int(person), "first_name": who["first_name"], "type": "private"}
    message = {"message_id": number, "from": who, "chat": chat, "date": at, "text": text}
    return {"update_id": int(person) * 1000 + number, "message": message}


def body_of(webhook: dict[str, Any]) -> bytes:
    return json.dumps(webhook).encode()
