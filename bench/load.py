"""The load as a process of its own: `python -m bench.load PLAN`; then a line of JSON in for each run, one out.

The parent's side is `Load`. A plan is `bench.ends.Plan` as JSON; a run is ``{"rate", "seconds", "patience"}``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any

import uvloop

from bench.ends import Plan, open_ends
from bench.open_loop import Heard, OpenLoop
from bench.service import ROOT, pinned

_LINE = 2**27
_OPENING = 90.0


class Load:
    """A load process whose ends are open."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, rate: float, seconds: float, patience: float = 2.0) -> Heard:
        """One open-loop run. Raises RuntimeError when the process ended, or took far longer than it may."""
        told = {"rate": rate, "seconds": seconds, "patience": patience}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        return Heard.of_json(await self._answer(3 * (seconds + patience) + 60))

    async def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise RuntimeError("the load does not answer") from None
        if not line:
            raise RuntimeError("the load ended; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def load(plan: Plan, core: int | None = None) -> AsyncIterator[Load]:
    """A load with everything in ``plan`` open, on ``core`` if there are several. Ended afterwards."""
    argv = pinned([sys.executable, "-m", "bench.load", json.dumps(asdict(plan))], core)
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE
    )
    try:
        one = Load(process)
        await one._answer(_OPENING)
        yield one
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _serve(plan: Plan) -> None:
    loop = OpenLoop()
    ends = await open_ends(plan, loop.arrived, loop.acknowledged)
    gc.collect()
    gc.freeze()
    gc.disable()  # a pause of the generator would be charged to the server
    _tell({"open": len(ends.wires)})
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        heard = await loop.run(ends.say, **json.loads(line))
        _tell(heard.as_json())
        gc.collect()


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    told["addresses"] = [tuple(one) for one in told["addresses"]]
    uvloop.run(_serve(Plan(**told)))
