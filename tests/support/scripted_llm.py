"""A strict, scripted server that speaks Chat Completions on a real socket; tests drive the real openai package.

In tests it follows a list of steps and complains about leftovers and unexpected calls. As a program
(``python -m tests.support.scripted_llm --port 8099 --journal prompts.jsonl``) it answers for ever from what the prompt
holds, in small pieces, and keeps every prompt in the journal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NEEDS_NOTHING = '\n@@{"needs": "nothing"}'


@dataclass(frozen=True)
class Say:
    """A whole answer in pieces of ``size`` characters, with usage and [DONE]. ``finish`` is the reason it ends."""

    text: str
    size: int = 7
    finish: str = "stop"


@dataclass(frozen=True)
class Refuse:
    """An error status, with ``retry_after`` seconds when set."""

    status: int
    retry_after: str | None = None


@dataclass(frozen=True)
class Stall:
    """Says ``text`` and then nothing more, with the connection open. Without text not even headers come."""

    text: str = ""


@dataclass(frozen=True)
class Cut:
    """Says ``text`` and drops the connection; ``rudely`` without ending the HTTP body."""

    text: str
    rudely: bool = True


@dataclass(frozen=True)
class Garbage:
    """Status 200 and a body that is no event stream of ours."""

    body: str = "data: {not json\n\n<html>oops</html>\n\n"


@dataclass(frozen=True)
class Endless:
    """Says ``text`` again and again."""

    text: str = "and so on and on "


@dataclass(frozen=True)
class Held:
    """Says each part and then waits until the test lets the next one go (`ScriptedLLM.let_go`); ends like Say."""

    parts: tuple[str, ...]


Step = Say | Refuse | Stall | Cut | Garbage | Endless | Held


@dataclass
class ScriptedLLM:
    """``requests`` are the bodies received, in order; ``dropped`` counts answers the client stopped reading."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    dropped: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))


NextStep = Callable[[dict[str, Any]], Step | None]


@asynccontextmanager
async def scripted_llm(steps: Sequence[Step]) -> AsyncIterator[ScriptedLLM]:
    """Serve these steps, one a request. Raises AssertionError at the end for leftovers and unexpected requests."""
    left = list(steps)
    async with serving(lambda body: left.pop(0) if left else None) as server:
        yield server
    assert not server.unexpected, f"unexpected: {server.unexpected}"
    assert not left, f"never asked for: {left}"


@asynccontextmanager
async def serving(next_step: NextStep, port: int = 0) -> AsyncIterator[ScriptedLLM]:
    llm = ScriptedLLM()
    open_ones: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        try:
            await _serve(reader, writer, llm, next_step)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # The client is gone, or the test is over.
        finally:
            open_ones.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    llm.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield llm
    finally:
        llm.over.set()
        server.close()
        waiting = [task for task in open_ones if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, llm: ScriptedLLM, next_step: NextStep
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = re.search(r"content-length:\s*(\d+)", head, re.I)
    body = json.loads(await reader.readexactly(int(length[1]))) if length else {}
    if not head.startswith("POST /v1/chat/completions ") or body.get("stream") is not True:
        llm.unexpected.append(head.splitlines()[0])
        await _plain(writer, 404, "not here")
        return
    llm.requests.append(body)
    llm.asked.set()
    step = next_step(body)
    if step is None:
        llm.unexpected.append("one request too many")
        await _plain(writer, 500, "nothing is scripted")
        return
    gone = asyncio.ensure_future(reader.read(1))
    play = asyncio.ensure_future(_play(step, writer, llm))
    await asyncio.wait({gone, play}, return_when=asyncio.FIRST_COMPLETED)
    if not play.done() or play.exception() is not None:
        llm.dropped += 1
        llm.stopped.set()
    for task in (gone, play):
        task.cancel()
    await asyncio.gather(gone, play, return_exceptions=True)


async def _play(step: Step, writer: asyncio.StreamWriter, llm: ScriptedLLM) -> None:
    match step:
        case Refuse(status, retry_after):
            extra = f"retry-after: {retry_after}\r\n" if retry_after else ""
            await _plain(writer, status, "refused", extra)
        case Garbage(body):
            await _open(writer)
            await _piece(writer, body)
            await _end(writer)
        case Stall(text):
            if text:
                await _open(writer)
                await _piece(writer, _chunk(text))
            await llm.over.wait()
        case Cut(text, rudely):
            await _open(writer)
            await _piece(writer, _chunk(text))
            if not rudely:
                await _end(writer)
        case Endless(text):
            await _open(writer)
            while True:
                await _piece(writer, _chunk(text))
                await asyncio.sleep(0)
        case Say(text, size, finish):
            await _open(writer)
            for start in range(0, len(text), size):
                await _piece(writer, _chunk(text[start : start + size]))
            await _finish(writer, len(text), finish)
        case Held(parts):
            await _open(writer)
            await _in_parts(parts, writer, llm)


async def _in_parts(parts: tuple[str, ...], writer: asyncio.StreamWriter, llm: ScriptedLLM) -> None:
    for place, part in enumerate(parts):
        if place:
            await llm.let_go.acquire()
        await _piece(writer, _chunk(part))
    await _finish(writer, len("".join(parts)), "stop")


async def _finish(writer: asyncio.StreamWriter, length: int, finish: str) -> None:
    await _piece(writer, _chunk(None, finish))
    usage = {"prompt_tokens": 10, "completion_tokens": length // 4, "total_tokens": 10 + length // 4}
    await _piece(writer, _event({"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": usage}))
    await _piece(writer, "data: [DONE]\n\n")
    await _end(writer)


def _chunk(text: str | None, finish: str | None = None) -> str:
    delta = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({"id": "c1", "object": "chat.completion.chunk", "model": "scripted", "choices": [choice]})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


async def _open(writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    await writer.drain()


async def _piece(writer: asyncio.StreamWriter, text: str) -> None:
    data = text.encode()
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _plain(writer: asyncio.StreamWriter, status: int, text: str, extra: str = "") -> None:
    body = json.dumps({"error": {"message": text}}).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{extra}"
    writer.write(f"{head}connection: close\r\n\r\n".encode() + body)
    await writer.drain()


def answer_from(body: dict[str, Any]) -> Say:
    """An answer made only of what the prompt holds: the hand-back, the last line of a person, the first page."""
    prompt = "\n".join(str(m.get("content")) for m in body.get("messages", []))
    parts = []
    settled = re.search(r"^(.+?) \(a person of the team\) settled: (.+)$", prompt, re.M)
    if settled:
        parts.append(f"{settled[1]} from our team settled this: {settled[2]}")
    elif said := re.findall(r"^AGENT (.+?) \(a person of the team\): (.+)$", prompt, re.M):
        parts.append(f"{said[-1][0]} from our team wrote: {said[-1][1]}")
    page = re.search(r"^\[([a-z0-9-]+)\] .*\n(.+)$", prompt, re.M)
    if page:
        first = re.match(r".*?[.!?](?=\s|$)", page[2])
        parts.append(f"{first[0] if first else page[2]} [{page[1]}]")
    if not parts:
        return Say(
            'I can\'t find that in our help pages. Would you like to talk to a person?\n@@{"needs": "knowledge"}', 5
        )
    return Say("\n".join(parts) + NEEDS_NOTHING, 5)


async def _run(port: int, journal: Path | None) -> None:
    def step(body: dict[str, Any]) -> Step:
        if journal is not None:
            with journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(body["messages"], ensure_ascii=False) + "\n")
        return answer_from(body)

    async with serving(step, port) as llm:
        print(llm.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    asks = argparse.ArgumentParser(prog="python -m tests.support.scripted_llm", description=__doc__)
    asks.add_argument("--port", type=int, default=0)
    asks.add_argument("--journal", type=Path)
    given = asks.parse_args()
    try:
        asyncio.run(_run(given.port, given.journal))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
