"""A load's process and its parent: a line of JSON from one, a line of JSON from the other."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from bench.service import ROOT, pinned

Json = dict[str, Any]
_LINE = 2**27  # bytes: every latency of a run comes in one


class Partner:
    """The parent's end of a load process. ``opened`` is what it said when everything was open."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.opened: Json = {}

    async def ask(self, what: Json, seconds: float) -> Json:
        """Ask and wait for the answer. Raises RuntimeError when it ended, or has not answered after ``seconds``."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        return await self.answer(seconds)

    async def answer(self, seconds: float) -> Json:
        """The next line it says; raises as ``ask``."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise RuntimeError("the load does not answer") from None
        if not line:
            raise RuntimeError("the load ended; what it said is above")
        answer: Json = json.loads(line)
        return answer


@asynccontextmanager
async def partner(module: str, plan: Json, *, opening: float, core: int | None = None) -> AsyncIterator[Partner]:
    """`python -m module PLAN`, once it has said its first line, within ``opening`` seconds. Ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        *pinned([sys.executable, "-m", module, json.dumps(plan)], core),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE,
    )  # fmt: skip
    try:
        one = Partner(process)
        one.opened = await one.answer(opening)
        yield one
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def asked() -> AsyncIterator[Json]:
    """In the load's process: everything the parent asks, until it is gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


def tell(answer: Json) -> None:
    """In the load's process: one line for the parent."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
