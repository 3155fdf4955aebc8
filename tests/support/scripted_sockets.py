"""The two sockets and the built pages of the scripted service, with the content policy the real one sets."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse

from bot.frames import AssistantPart, Welcome, customer_sends
from handover.agent_frames import CustomerPart
from handover.conversation import Control, Lifecycle
from handover.frames import ErrorFrame, Frame
from tests.support.scripted_agents import AgentSocket
from tests.support.scripted_http import COOKIE, api_get, api_routes
from tests.support.scripted_service import ScriptedService
from tests.support.scripted_talk import Talk

ROOT = Path(__file__).resolve().parents[2]
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DISCLOSURE = (
    "You are talking to Juniper, an automated assistant. It can make mistakes; you can ask for a person at any time."
)


class Line:
    """One socket: frames are put in a queue by whoever speaks and written by one task, in order."""

    def __init__(self, socket: WebSocket, service: ScriptedService) -> None:
        self.socket, self.service = socket, service
        self.queue: asyncio.Queue[Frame | int] = asyncio.Queue()
        self.ended = False

    def send(self, frame: Frame) -> None:
        self.queue.put_nowait(frame)

    def close(self, code: int) -> None:
        self.ended = True
        self.queue.put_nowait(code)

    async def run(self, take: Callable[[dict[str, Any]], None]) -> None:
        await self.socket.accept()
        self.service.closers.add(self.close)
        writer = asyncio.create_task(self.write())
        try:
            while True:
                raw = await self.socket.receive_json()
                self.service.received.append(raw)
                if not self.ended:  # what was on its way when we closed is not heard any more
                    take(raw)
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone, or closed by us
        finally:
            self.service.closers.discard(self.close)
            writer.cancel()

    async def write(self) -> None:
        while True:
            item = await self.queue.get()
            if isinstance(item, int):
                await self.socket.close(item)
                return
            await self.socket.send_text(item.model_dump_json())


class CustomerSocket:
    def __init__(self, line: Line, service: ScriptedService) -> None:
        self.line, self.service = line, service
        self.talk: Talk | None = None

    def take(self, raw: dict[str, Any]) -> None:
        frame = customer_sends.validate_json(json.dumps(raw))  # a frame the contract does not know fails the test
        if raw["type"] == "hello":
            self.hello(raw)
            return
        talk = self.talk
        assert talk is not None, "the page spoke before it said hello"
        match frame.type:
            case "say":
                self.say(talk, frame.text, frame.client_id)
            case "ask_for_human":
                self.service.offer(
                    talk, {"version": 1, "reason": "asked", "because": "The customer asked for a person."}
                )
            case "stop_waiting":
                self.service.moved(talk, Control.BOT)
            case "leave_message":
                if frame.text:
                    self.service.customer(talk, frame.text, client_id=frame.client_id)
                self.service.moved(talk, Control.NOBODY)
                self.service.notice(talk, f"Your message is with our team. We will answer to {frame.email}.")
            case "seen":
                talk.seen = max(talk.seen, frame.offset)
            case "rate":
                talk.rated[frame.stretch] = frame.score
            case _:
                pass

    def hello(self, raw: dict[str, Any]) -> None:
        service = self.service
        token = raw.get("token")
        if token is not None and token not in service.tokens:
            self.line.send(ErrorFrame(code="not_signed_in", message="This page's key is no longer good."))
            self.line.close(4401)
            return
        if token is None:
            token = secrets.token_hex(8)
            talk = Talk(id=f"c-{token}", customer=CustomerPart(id=f"k-{token}"))
            service.talks[talk.id], service.tokens[token] = talk, talk.id
            service.bot(talk, "Hello, I am Juniper, the automated assistant of Tarn & Trail. What can I do for you?")
        talk = self.talk = service.talks[service.tokens[token]]
        service.customer_screens.setdefault(talk.id, set()).add(self.line.send)
        welcome = Welcome(
            token=token,
            conversation=talk.id,
            control=talk.control,
            lifecycle=talk.lifecycle,
            offset=len(talk.entries),
            epoch=talk.epoch,
            assistant=AssistantPart(name="Juniper", company="Tarn & Trail", disclosure=DISCLOSURE),
            agent=talk.agent.name if talk.agent else None,
            seen=talk.seen,
            rated=tuple(talk.rated),
        )
        self.line.send(welcome)
        for entry in talk.entries[raw.get("after") or 0 :]:
            self.line.send(entry)
        if talk.control is Control.OFFERED:
            self.line.send(talk.control_frame())

    def say(self, talk: Talk, text: str, client_id: str) -> None:
        if self.service.refuse_say:
            refusal, self.service.refuse_say = self.service.refuse_say, None
            self.line.send(refusal.model_copy(update={"client_id": client_id}))
            if refusal.code == "unavailable":  # as the real one: what is written next must not overtake this
                self.line.close(1013)
            return
        known = next((entry for entry in talk.entries if entry.client_id == client_id), None)
        if known:
            self.line.send(known)
            return
        if talk.lifecycle is Lifecycle.RESOLVED:
            self.service.moved(talk, Control.BOT)
        entry = self.service.customer(talk, text, client_id=client_id)
        if self.service.on_customer_words:
            self.service.on_customer_words(talk, entry)


def scripted_app(service: ScriptedService) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def policy(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await go_on(request)
        response.headers["content-security-policy"] = POLICY
        return response

    @app.websocket("/ws/customer")
    async def customer(socket: WebSocket) -> None:
        if not service.accepting:
            await socket.close(1013)
            return
        line = Line(socket, service)
        page = CustomerSocket(line, service)
        await line.run(page.take)
        if page.talk:
            service.customer_screens[page.talk.id].discard(line.send)

    @app.websocket("/ws/agent")
    async def agent(socket: WebSocket) -> None:
        who = service.agents.get(socket.cookies.get(COOKIE, ""))
        if who is None or not service.accepting:
            await socket.close(4401 if service.accepting else 1013)
            return
        line = Line(socket, service)
        page = AgentSocket(line.send, service, who)
        await line.run(page.take)
        page.gone()

    api_routes(app, service)

    @app.get("/{path:path}")
    async def files(path: str, request: Request) -> Response:
        return api_get(service, path, request) or page_file(path)

    return app


def page_file(path: str) -> Response:
    widget, console = ROOT / "bot/widget/dist", ROOT / "handover/console/dist"
    if path == "":
        return FileResponse(widget / "shop/index.html")
    if path in ("console", "console/"):
        return FileResponse(console / "index.html")
    inside = console / path.removeprefix("console/") if path.startswith("console/") else widget / path
    extra = ROOT / "tests/pages" / path
    found = next((f for f in (inside, extra) if f.is_file()), None)
    return FileResponse(found) if found else JSONResponse({"code": "not_found", "message": "Nothing here."}, 404)
