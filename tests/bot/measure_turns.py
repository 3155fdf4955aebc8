"""Measures what one turn costs as its conversation grows: ``python -m tests.bot.measure_turns [turns]``.

A real Rasa with the trained model and a real action server that writes offline. Prints the table of
docs/performance.md: the processor time that both use for a turn (which a busy machine changes little), the time by the
clock, and how much Rasa posts to the action server.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.dialogue import Line, TurnRequest, TurnResult
from bot.rasa_http import RasaHttp
from handover.entries import ConversationId, TurnId
from tests.support.processes import Child, free_port
from tests.support.stack import RASA, ROOT, newest_model

_ASKED = (
    "What is your return policy?",
    "How long does delivery to Norway take?",
    "How do I wash a down jacket?",
    "Which payment methods do you take?",
    "thanks",
    "Can I change the address of an order?",
)
_SHOWN = (10, 50, 100, 200, 400, 1_000)
_WARM = 4  # turns that are not counted; then three rounds of the questions up to a shown turn, or what there is
_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
_HERE = ConversationId("measured")


class Counter:
    """A way through to the action server that notes how large each request is."""

    def __init__(self, port: int, to: int) -> None:
        self._port, self._to = port, to
        self.largest = 0

    async def __aenter__(self) -> Counter:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, out = await asyncio.open_connection("127.0.0.1", self._to)

        async def there() -> None:
            while piece := await reader.read(1 << 20):
                for length in _LENGTH.findall(piece):
                    self.largest = max(self.largest, int(length))
                out.write(piece)
                await out.drain()
            out.close()

        going = asyncio.create_task(there())
        while piece := await inner.read(1 << 20):
            writer.write(piece)
            await writer.drain()
        writer.close()
        going.cancel()


def _request(number: int, history: deque[Line], before: TurnResult | None) -> TurnRequest:
    text = _ASKED[number % len(_ASKED)]
    now = datetime.now(UTC)
    history.append(Line(number * 2, "customer", "Customer", text, now))
    deadline = now + timedelta(seconds=120)
    return TurnRequest(
        _HERE,
        TurnId(f"t{number}"),
        1,
        text,
        deadline,
        history=tuple(history),
        state=None if before is None else before.state,
    )


def _used(children: list[Child]) -> float:
    """Seconds of processor time that the children have used so far."""
    ticks = 0
    for child in children:
        assert child.process is not None
        fields = Path(f"/proc/{child.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _talk(rasa: str, counter: Counter, children: list[Child], turns: int) -> None:
    seconds: list[float] = []
    used: list[float] = []
    posted: list[int] = []
    history: deque[Line] = deque(maxlen=40)
    result: TurnResult | None = None
    async with RasaHttp(rasa, token="measured", at_once=True) as dialogue:
        for number in range(turns):
            request = _request(number, history, result)
            counter.largest, began, before = 0, time.perf_counter(), _used(children)
            result = await dialogue.next_turn(request)
            seconds.append(time.perf_counter() - began)
            used.append(_used(children) - before)
            posted.append(counter.largest)
            history.append(Line(number * 2 + 1, "bot", "Juniper", result.text, datetime.now(UTC)))
            if number + 1 in _SHOWN:
                since = max(number + 1 - 3 * len(_ASKED), _WARM)
                work, took = statistics.mean(used[since:]) * 1000, statistics.median(seconds[since:]) * 1000
                print(
                    f"| {number + 1} | {work:.0f} ms | {took:.0f} ms | {max(posted[since:]) / 1024:.0f} KiB |",
                    flush=True,
                )


async def _measure(turns: int) -> None:
    actions, through, rasa = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        endpoints = (ROOT / "endpoints.yml").read_text().replace(":5055/", f":{through}/")
        (folder / "endpoints.yml").write_text(endpoints)
        environment = {"LLM_PROVIDER": "offline", "SANIC_HOST": "127.0.0.1", "RASA_TELEMETRY_ENABLED": "false"}
        environment |= {"SHOP_DB": str(folder / "shop.db"), "SERVICE_URL": "", "INTERNAL_TOKEN": "t" * 40}
        run = [str(RASA), "run", "--enable-api", "-i", "127.0.0.1", "-p", str(rasa), "--auth-token", "measured"]
        run += ["-m", os.environ.get("MODEL") or str(newest_model()), "--endpoints", str(folder / "endpoints.yml")]
        serve = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "-p", str(actions)]
        children = [
            Child("rasa", run, ROOT, environment, folder / "rasa.log"),
            Child("actions", serve, ROOT, environment, folder / "actions.log"),
        ]
        try:
            for child in children:
                child.start()
            await asyncio.to_thread(children[0].wait_for, f"http://127.0.0.1:{rasa}/")
            await asyncio.to_thread(children[1].wait_for, f"http://127.0.0.1:{actions}/health")
            async with Counter(through, actions) as counter:
                await _talk(f"http://127.0.0.1:{rasa}", counter, children, turns)
        finally:
            for child in children:  # all at once: each takes some seconds, and whoever is impatient interrupts again
                child.kill()


if __name__ == "__main__":
    asyncio.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else 400))
