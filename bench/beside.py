"""Probes in a process of their own, so that a generator that is busy does not show up in what they measure.

The bench's side is `Beside`; ``python -m bench.beside`` is the other: one JSON object in for each job, one out.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.pairs import Pair, open_pairs
from bench.plain_http import Pool
from bench.row import Samples, Unit

Job = dict[str, Any]
_LARGEST = 1 << 26  # bytes of one answer


class Beside:
    """A probe process; jobs run one at a time. ``late``: seconds after the last request in which answers count."""

    def __init__(self, process: asyncio.subprocess.Process, late: float) -> None:
        self._process = process
        self._late = late

    async def health(self, of: str, address: tuple[str, int], path: str, seconds: float, every: float) -> Samples:
        """GET ``path`` each ``every`` seconds for ``seconds``; milliseconds from the intended moment."""
        job = {"do": "health", "address": address, "path": path, "seconds": seconds, "every": every}
        return await self._samples(of, f"GET {path}", job)

    async def pairs(self, address: tuple[str, int], tokens: Sequence[str], count: int) -> None:
        """Open so many conversations under human control, for `people`."""
        await self._does({"do": "pairs", "address": address, "tokens": list(tokens), "count": count})

    async def people(self, of: str, seconds: float, rate: float) -> Samples:
        """Customers and agents write to each other, ``rate`` messages a second; milliseconds until it is there."""
        return await self._samples(of, "people's message", {"do": "people", "seconds": seconds, "rate": rate})

    async def _samples(self, of: str, what: str, job: Job) -> Samples:
        found = await self._does(job)
        unit: Unit = "ms"
        return Samples(of, what, unit, found["took"], lost=found["lost"])

    async def _does(self, job: Job) -> Job:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({**job, "late": self._late}).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the probe ended early")
        answer: Job = json.loads(line)
        return answer


@asynccontextmanager
async def beside(late: float = 12.0) -> AsyncIterator[Beside]:
    """The process, ended afterwards."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.beside", stdin=pipe, stdout=pipe, limit=_LARGEST
    )
    try:
        yield Beside(process, late)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def paced(count: int, every: float, late: float, one: Callable[[int, float], Awaitable[None]]) -> int:
    """Run ``one(number, intended moment)`` each ``every`` seconds, whatever became of those before.

    Returns how many had not ended ``late`` seconds after the last began; these are cancelled.
    """
    began = time.perf_counter() + 0.01
    tasks = []
    for number in range(count):
        intended = began + number * every
        await asyncio.sleep(max(0.0, intended - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one(number, intended)))
    _, left = await asyncio.wait(tasks, timeout=late)
    for task in left:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return len(left)


async def _health(job: Job) -> Job:
    took: list[float] = []
    async with Pool((job["address"][0], job["address"][1])) as pool:

        async def one(number: int, intended: float) -> None:
            status, _ = await pool.get(job["path"])
            if status == 200:
                took.append((time.perf_counter() - intended) * 1000)

        count = round(job["seconds"] / job["every"])
        await paced(count, job["every"], job["late"], one)
    return {"took": took, "lost": count - len(took)}


async def _people(pairs: Sequence[Pair], job: Job, run: str) -> Job:
    """The customer's words on one half of the beats, the agent's on the other; over when the other side has them."""
    took: list[float] = []
    due: dict[str, tuple[float, asyncio.Event]] = {}
    for pair in pairs:
        pair.customer.heard = lambda payload: _heard(payload, "agent", due, took)
        pair.agent.heard = lambda payload: _heard(payload, "customer", due, took)

    async def one(number: int, intended: float) -> None:
        pair, text = pairs[number // 2 % len(pairs)], f"words {run}-{number}"
        there = asyncio.Event()
        due[text] = (intended, there)
        frame: Job = {"type": "say", "client_id": f"{run}-{number}", "text": text}
        if number % 2:
            pair.agent.say(json.dumps(frame | {"conversation": pair.conversation, "seen": 2_000_000_000}).encode())
        else:
            pair.customer.say(json.dumps(frame).encode())
        await there.wait()

    count = round(job["seconds"] * job["rate"])
    await paced(count, 1 / job["rate"], job["late"], one)
    return {"took": took, "lost": count - len(took)}


def _heard(payload: bytes, author: str, due: dict[str, tuple[float, asyncio.Event]], took: list[float]) -> None:
    """A frame on the other side from ``author``: it was on its way until now."""
    if not payload.startswith(b'{"type":"entry"'):
        return
    frame = json.loads(payload)
    if frame["author"]["kind"] == author and frame["text"] in due:
        intended, there = due.pop(frame["text"])
        took.append((time.perf_counter() - intended) * 1000)
        there.set()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    pairs: list[Pair] = []
    run = 0
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        job = json.loads(line)
        answer: Job = {}
        if job["do"] == "health":
            answer = await _health(job)
        elif job["do"] == "pairs":
            pairs = await open_pairs([(job["address"][0], job["address"][1])], job["tokens"], job["count"])
        else:
            run += 1
            answer = await _people(pairs, job, str(run))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve())
