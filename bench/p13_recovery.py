"""P13: how long until people are served again: after kill -9 of the one service, and after the loss of a replica.

Without Rasa, which starts for itself. Clients come back as the widget does (`bot/widget/src/shared/reconnect.ts`):
after a random moment, then with backoff and jitter, here to the next address; each names the last line it has and must
be given exactly the rest.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.filling import Past, fill
from bench.hold import most_connections
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.service import RAISED, SECRET, Service, embedded, record_in, replicas
from bench.wire import Wire, WireError, dial
from bot.visitors import Visitors
from handover.backends import open_backends
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.clock import SystemClock
from handover.entries import CustomerId
from tools.local_servers import PostgresServer

_LINES = 8
_PATIENCE = 60.0
_PER_SOURCE = 2_000  # connections from one loopback address: it has a bounded number of ports
_RESTART = "kill -9 to a customer welcomed, start of the process included"
_BACK = "replica killed to a client resumed"


async def measure(bench: Bench) -> Row:
    """Restarts of one service, then the loss of one of two replicas."""
    past = Past(bench.pick(5_000, 20), bench.pick(20, _LINES))
    restarts, answered = await _restarts(bench, past, bench.pick(10, 1))
    clients = min(bench.pick(5_000, 50), most_connections())
    bench.say(f"{clients} clients on two replicas")
    back, gone, wrong = await _lost_replica(bench, clients)
    last = _PATIENCE if back.lost else back.percentile(1)
    return Row(
        id="P13",
        title=f"Restart to serving; one of two replicas lost under {clients:,} clients",
        figures=[
            *latencies(restarts, (0.5, 1)),
            *latencies(answered, (0.5, 1)),
            *latencies(back, (0.5, 0.99)),
            Figure(OURS, "replica killed to all its clients resumed", last, "s"),
            Figure(OURS, "clients of the killed replica", gone, "messages"),
            Figure(OURS, "clients with a line missing, twice or out of order", wrong, "messages"),
        ],
        goals=[
            Goal.at_most("restart to serving, the longest of all, at most 2 s", restarts.percentile(1), 2),
            Goal.at_most("all clients of a lost replica resumed, at most 15 s", last, 15),
            Goal.at_most("clients that did not get exactly what they missed: none", wrong + back.lost, 0),
        ],
        samples=[restarts, answered, back],
        notes=[
            f"Restart: SQLite with {past.conversations:,} conversations of {past.lines_each} lines, killed while it "
            "serves, started again at once by the bench; no supervisor's pause is in the figure. A returning customer "
            "knocks every 10 ms. /healthz is asked for the same way.",
            "Replica: PostgreSQL (fsync) and Redis; half of the clients on each of two processes, one of which is "
            "killed. nginx is left out: its share is a refused connection, tried at the other process.",
            "All on one machine: the survivor, the database and all clients share its cores.",
        ],
        settings={"clients": clients, "conversations": past.conversations, **RAISED},
    )


async def _restarts(bench: Bench, past: Past, times: int) -> tuple[Samples, Samples]:
    folder = bench.folder / "alone"
    folder.mkdir()
    async with open_backends(record_in(folder)) as backends:
        await fill(backends.records.engine, past, datetime.now(UTC))
        someone = (await _regulars(backends.records.engine))[0]
    welcomed, answered = [], []
    async with embedded(folder) as service:
        (child,) = service.children
        for number in range(times):
            bench.say(f"restart {number + 1}")
            client = Client(*someone, [service.addresses[0]], random.Random(number))
            await client.come(after=0)
            child.kill()
            began = time.monotonic()
            child.start()
            health = asyncio.create_task(_healthy(service, began))
            welcomed.append(await _welcomed(client, began))
            answered.append(await health)
            client.leave()
    return Samples(OURS, _RESTART, "s", welcomed), Samples(OURS, "kill -9 to /healthz", "s", answered)


async def _welcomed(client: Client, began: float) -> float:
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                await client.come(after=_LINES // 2)
            except (OSError, WireError):
                await asyncio.sleep(0.01)
            else:
                return time.monotonic() - began


async def _healthy(service: Service, began: float) -> float:
    async with asyncio.timeout(_PATIENCE), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(f"{service.urls[0]}/healthz")).status_code == 200:
                    return time.monotonic() - began
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(0.01)


@dataclass
class Client:
    """A customer's page that comes back by itself. ``lines`` are the offsets heard since it last came."""

    token: str
    conversation: str
    addresses: Sequence[tuple[str, int]]
    chance: random.Random
    source: str | None = None
    wire: Wire | None = None
    lines: list[int] = field(default_factory=list)

    async def come(self, after: int, place: int = 0) -> None:
        """Connect, say hello, and hear everything after ``after``. Raises OSError, WireError, TimeoutError."""
        self.lines, whole = [], asyncio.Event()

        def hear(payload: bytes) -> None:
            if payload.startswith(b'{"type":"entry"'):
                self.lines.append(json.loads(payload)["offset"])
            if self.lines and self.lines[-1] >= _LINES:
                whole.set()

        def lost(code: int) -> None:
            whole.set()  # refused: the page tries again after its pause, and does not sit there

        address = self.addresses[place]
        self.wire = await dial(address, "/ws/customer", hear, source=self.source, lost=lost, seconds=20)
        hello = {"type": "hello", "token": self.token, "conversation": self.conversation, "after": after}
        self.wire.say(json.dumps(hello).encode())
        async with asyncio.timeout(20):
            await whole.wait()
        if not self.lines or self.lines[-1] < _LINES:
            raise WireError(f"hung up with {self.wire.ended} before all was told")

    async def back(self, place: int, after: int, killed: float) -> float | None:
        """Come back as the widget does; the seconds since ``killed``, or None when it took too long."""
        attempt = 0
        while time.monotonic() - killed < _PATIENCE:
            await asyncio.sleep(_delay(attempt, self.chance.random()))
            try:
                await self.come(after, (place + attempt) % len(self.addresses))
            except (OSError, WireError, TimeoutError):
                attempt += 1
            else:
                return time.monotonic() - killed
        return None

    def leave(self) -> None:
        if self.wire is not None:
            self.wire.abort()


def _delay(attempt: int, chance: float) -> float:
    """Seconds before try number ``attempt``, as in the widget's reconnect.ts."""
    if attempt == 0:
        return 0.8 * chance
    whole = min(30.0, 0.5 * float(2 ** min(attempt, 10)))
    return whole / 2 + whole / 2 * chance


async def _lost_replica(bench: Bench, count: int) -> tuple[Samples, int, int]:
    """The waits of the killed replica's clients, how many they are, and how many of them were told wrongly."""
    folder = bench.folder / "two"
    folder.mkdir()
    async with replicas(folder, 2) as service:
        database = service.servers["postgres"]
        assert isinstance(database, PostgresServer)
        async with open_backends(database.url) as backends:
            await fill(backends.records.engine, Past(count, _LINES), datetime.now(UTC))
            regulars = await _regulars(backends.records.engine)
        clients = [
            Client(*one, service.addresses, random.Random(number), f"127.0.0.{10 + number // _PER_SOURCE}")
            for number, one in enumerate(regulars)
        ]
        turns = asyncio.Semaphore(48)

        async def arrive(client: Client, place: int) -> None:
            async with turns:
                await client.come(_LINES // 2, place)

        await asyncio.gather(*(arrive(client, number % 2) for number, client in enumerate(clients)))
        bench.say("all are there; one replica is killed")
        theirs, after = clients[::2], _LINES - 3
        killed = time.monotonic()
        service.children[0].kill()
        waits = await asyncio.gather(*(client.back(0, after, killed) for client in theirs))
        exact = list(range(after + 1, _LINES + 1))
        wrong = sum(wait is not None and one.lines != exact for one, wait in zip(theirs, waits, strict=True))
        for client in clients:
            client.leave()
    found = [wait for wait in waits if wait is not None]
    return Samples(OURS, _BACK, "s", found, len(waits) - len(found)), len(theirs), wrong


async def _regulars(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Everybody in a filled record, as customers the bot serves: a token and the conversation of each."""
    visitors, c = Visitors(SECRET.encode(), clock=SystemClock()), t.conversations
    nobody = dict.fromkeys(("agent", "waiting_since", "snoozed_until"))
    async with engine.begin() as on:
        await on.execute(c.update().values(lifecycle="active", control="bot", slots=0, **nobody))
        await on.execute(w.offers.update().values(closed_at=datetime.now(UTC)))
        found = (await on.execute(sa.select(c.c.customer, c.c.id))).all()
    return [(visitors.token_for(CustomerId(one.customer)), one.id) for one in found]
