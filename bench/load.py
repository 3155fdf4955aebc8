"""The load as a process of its own: `python -m bench.load PLAN`, then a line of JSON in for each run, and one out.

The parent's side is `Load`. A plan is `bench.ends.Plan` as JSON; a run is ``{"rate", "seconds", "patience"}``.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import uvloop

from bench.ends import Plan, open_ends
from bench.open_loop import Heard, OpenLoop
from bench.process import Partner, asked, partner, tell

_OPENING = 90.0
_SLACK = 60.0  # what an overloaded server is given to come to rest, and more


class Load:
    """A load process whose ends are open."""

    def __init__(self, process: Partner) -> None:
        self._process = process

    async def run(self, rate: float, seconds: float, patience: float = 2.0) -> Heard:
        """One open-loop run. Raises RuntimeError when the process ended, or took far longer than it may."""
        told = {"rate": rate, "seconds": seconds, "patience": patience}
        return Heard.of_json(await self._process.ask(told, 3 * (seconds + patience) + _SLACK))


@asynccontextmanager
async def load(plan: Plan, core: int | None = None) -> AsyncIterator[Load]:
    """A load with everything in ``plan`` open, on ``core`` if there are several. Ended afterwards."""
    async with partner("bench.load", asdict(plan), opening=_OPENING, core=core) as process:
        yield Load(process)


async def _serve(plan: Plan) -> None:
    loop = OpenLoop()
    ends = await open_ends(plan, loop.arrived, loop.acknowledged)
    gc.collect()
    gc.freeze()
    gc.disable()  # a pause of the generator would be charged to the server
    tell({"open": len(ends.wires())})
    async for run in asked():
        await ends.mend()
        heard = await loop.run(ends.say, **run)
        tell(heard.as_json() | {"ended": ends.ended()})
        gc.collect()


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    uvloop.run(_serve(Plan(**told | {"addresses": [tuple(one) for one in told["addresses"]]})))
