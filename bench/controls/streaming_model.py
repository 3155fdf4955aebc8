"""A model server that streams at a fixed pace: a whole first sentence at once, then a token every so many ms.

It is nobody's control by itself: ours and the openai SDK alone both ask it, so what it takes is in both figures. It
speaks Chat Completions over HTTP/1.1 with chunks, and nothing else: it does not think, queue, limit or refuse. For each
request whose prompt holds a mark (``mark-17``) it notes when it was asked and, if the client hung up before the end,
when; ``GET /seen`` gives both as JSON, on the system's monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from typing import cast

_MARK = re.compile(rb"mark-\d+")
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
# Our sentences go to customers as a whole: with this one, the first token is also the first sentence.
FIRST = "Hello there!\n"
_WORDS = ["Thank", "you", "for", "your", "patience,", "I", "am", "here", "to", "help", "you.\n"]


class Stream(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, seen: dict[str, dict[str, float]], tokens: int, pace: float) -> None:
        self._seen, self._tokens, self._pace = seen, tokens, pace
        self._got = b""
        self._task: asyncio.Task[None] | None = None
        self._mark = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length:\s*(\d+)", head, re.I)
        if not found or len(body) < (int(length[1]) if length else 0):
            return
        self._got = b""
        if head.startswith(b"GET /seen"):
            told = json.dumps(self._seen).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told)
            return
        marks = _MARK.findall(body)
        self._mark = marks[-1].decode() if marks else ""
        self._seen[self._mark] = {"asked": time.monotonic()}
        self._task = asyncio.create_task(self._stream())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None and not self._task.done():
            self._seen[self._mark]["cut"] = time.monotonic()
            self._task.cancel()

    async def _stream(self) -> None:
        self._transport.write(_HEAD + _chunk({"role": "assistant", "content": FIRST}))
        began = time.monotonic()
        for number in range(1, self._tokens):
            # By the clock of the whole stream: a late token does not make all that follow late.
            await asyncio.sleep(max(0.0, began + number * self._pace - time.monotonic()))
            word = _WORDS[(number - 1) % len(_WORDS)]
            self._transport.write(_chunk({"content": word if word.endswith("\n") else f"{word} "}))
        self._transport.write(_chunk({}, "stop") + _piece(b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "steady", "choices": [choice]}
    return _piece(b"data: " + json.dumps(event).encode() + b"\n\n")


def _piece(data: bytes) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n"


async def _serve(port: int, tokens: int, pace: float) -> None:
    seen: dict[str, dict[str, float]] = {}
    server = await asyncio.get_running_loop().create_server(lambda: Stream(seen, tokens, pace), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve until it is ended."""
    asks = argparse.ArgumentParser(prog="python -m bench.controls.streaming_model", description=__doc__)
    asks.add_argument("--port", type=int, required=True)
    asks.add_argument("--tokens", type=int, default=100)
    asks.add_argument("--per-second", type=float, default=50.0)
    given = asks.parse_args()
    asyncio.run(_serve(given.port, given.tokens, 1 / given.per_second))


if __name__ == "__main__":
    main()
