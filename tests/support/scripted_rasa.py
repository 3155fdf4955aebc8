"""A Rasa on a real socket that does what its script says: strict about the order of calls, with faults on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

WEBHOOK = "/webhooks/rest/webhook"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived; ``body`` is parsed JSON, None when there was none."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Step:
    """The call that must come next, and what it gets. ``fault`` is "hang" or "cut", or None."""

    method: str
    path: str
    status: int = 200
    content: bytes = b"[]"
    fault: str | None = None


def says(*messages: dict[str, Any]) -> Step:
    """A message is answered with these REST messages."""
    return Step(
        "POST", WEBHOOK, content=json.dumps([{"recipient_id": "c", **message} for message in messages]).encode()
    )


def webhook(content: bytes, *, status: int = 200) -> Step:
    """A message is answered with exactly these bytes."""
    return Step("POST", WEBHOOK, status=status, content=content)


def hangs(method: str = "POST", path: str = WEBHOOK) -> Step:
    """No answer at all, ever."""
    return Step(method, path, fault="hang")


def cuts(method: str = "POST", path: str = WEBHOOK) -> Step:
    """The connection ends in the middle of the answer."""
    return Step(method, path, fault="cut")


def tracker(conversation: str, **state: Any) -> Step:
    """The tracker is read: ``events``, ``slots``, ``paused``."""
    content = {"sender_id": conversation, "slots": {}, "events": [], "paused": False, **state}
    return Step("GET", f"/conversations/{conversation}/tracker", content=json.dumps(content).encode())


def fed(conversation: str, *, status: int = 200) -> Step:
    """The tracker is replaced before a turn."""
    return Step("PUT", f"/conversations/{conversation}/tracker/events", status=status, content=b"{}")


def heard(turn: str, intent: str, *actions: str, confidence: float = 0.9) -> list[dict[str, Any]]:
    """The tracker's events of one turn, as Rasa lists them."""
    parsed = {"intent": {"name": intent, "confidence": confidence}, "entities": []}
    user = {"event": "user", "text": "…", "parse_data": parsed, "metadata": {"turn": turn}}
    return [user, *({"event": "action", "name": name} for name in (*actions, "action_listen"))]


@dataclass
class ScriptedRasa:
    """``async with ScriptedRasa([says({"text": "Hello"}), ...]) as rasa``; fails on exit when steps are left over."""

    steps: Iterable[Step]
    calls: list[Call] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    _asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __aenter__(self) -> Self:
        self._left = list(self.steps)
        self._connections: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        if error is None:
            assert not self.surprises, f"Rasa was asked what its script does not have: {self.surprises}"
            assert not self._left, f"Rasa was never asked for: {self._left}"

    def then(self, *steps: Step) -> None:
        """More of the script, once it is known what is to be asked."""
        self._left += steps

    async def until_asked(self, count: int) -> None:
        """Until so many calls have come."""
        async with self._asked:
            await self._asked.wait_for(lambda: len(self.calls) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        call = await self._read(reader)
        async with self._asked:
            self.calls.append(call)
            self._asked.notify_all()
        step = self._left.pop(0) if self._left else None
        if step is None or (step.method, step.path) != (call.method, call.path):
            self.surprises.append(f"{call.method} {call.path}, not {step}")
            step = Step(call.method, call.path, status=500)
        if step.fault == "hang":
            await asyncio.Event().wait()
        head = (
            f"HTTP/1.1 {step.status} X\r\ncontent-type: application/json\r\ncontent-length: {len(step.content)}\r\n\r\n"
        )
        if step.fault == "cut":
            writer.write(head.replace(": 2\r\n", ": 200\r\n").encode() + b'[{"text"')
            return False
        writer.write(head.encode() + step.content)
        await writer.drain()
        return True

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Call:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        return Call(method, unquote(url.path), query, json.loads(body) if body else None)
