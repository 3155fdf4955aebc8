"""One episode: a fresh product, people who use it, faults for a while, then calm, and everything is judged."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import takewhile
from pathlib import Path

from tests.chaos import agent_life, customer_life
from tests.chaos.agent import Agent
from tests.chaos.checker import History, Limits, Violation, judge
from tests.chaos.crash_points import POINTS, PUSH_POINTS
from tests.chaos.customer import Customer
from tests.chaos.episode import Episode, Outcome
from tests.chaos.faults import Faults
from tests.chaos.final_record import Record, Row, keep_record, read_record
from tests.chaos.journal import Journal, Line, lines_of
from tests.chaos.keeper import Keeper
from tests.chaos.laws_of_the_channel import CHANNEL_LAWS
from tests.chaos.laws_of_the_record import RECORD_LAWS
from tests.chaos.laws_of_the_screens import SCREEN_LAWS
from tests.chaos.link import Link
from tests.chaos.proxy import Way
from tests.chaos.small_disk import small_disk
from tests.chaos.staff import Staff
from tests.chaos.world import WEIGHT, World

_SETTLE_SECONDS = 60.0


async def play(episode: Episode, seed: int, folder: Path) -> Outcome:
    """Run ``episode`` in ``folder`` and judge it."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    began = time.monotonic()
    rng = random.Random(f"{seed}-{episode.name}")
    replicas = episode.replicas or (2 if episode.topology == "distributed" else 1)
    with (
        Journal(folder / "journal.jsonl") as journal,
        small_disk(folder / "disk", "disk full" in episode.faults) as disk,
    ):
        settings = {**episode.settings, **({"CHAOS_PUSH": str(folder / "deliveries.jsonl")} if episode.push else {})}
        world = World(
            episode.topology,
            folder,
            journal,
            rng.randrange(2**31),
            episode.bug,
            settings,
            disk,
            replicas,
            episode.real_rasa,
        )
        async with world:
            run = _Run(episode, world, rng)
            settled = await run.play()
            journal.flush()
            record = await asyncio.to_thread(read_record, world.record) if settled is None else settled
    await asyncio.to_thread(keep_record, record, folder / "record.json")
    history = run.history(record, settled is not None)
    violations = judge(history, (*RECORD_LAWS, *SCREEN_LAWS, *CHANNEL_LAWS))
    if settled is None:
        violations.append(Violation("settled", episode.name, f"not within {_SETTLE_SECONDS:g} s: {run.unsettled()}"))
    kills = run.keeper.kills + Counter({"service": sum(run.keeper.crashes().values())})
    return Outcome(
        episode.name, seed, violations, kills, run.keeper.crashes(), run.faults.done, run.counts(history),
        time.monotonic() - began,
    )  # fmt: skip


class _Run:
    """The people and the faults of one episode in its world."""

    def __init__(self, episode: Episode, world: World, rng: random.Random) -> None:
        self.episode = episode
        self.world = world
        self.rng = rng
        points = (*POINTS, *PUSH_POINTS) if episode.push else POINTS
        self.keeper = Keeper(world, random.Random(rng.random()), episode.crash_share, points)
        self.faults = Faults(world, self.keeper, random.Random(rng.random()), episode.pause)
        self.staff = Staff(world)
        self.customers: list[Customer] = []
        self.agents: list[Agent] = []

    async def play(self) -> Record | None:
        """Faults for the time of the episode, then calm; the record when everything has settled."""
        emails = await self.staff.hire(self.episode.agents, self.episode.capacity * WEIGHT)
        async with self._people(emails) as lives:
            keeping = asyncio.create_task(self.keeper.keep())
            storm = asyncio.create_task(self._storm())
            await self._trouble()
            storm.cancel()
            for life in lives:
                life.cancel()
            self.world.calm_down()
            await self.keeper.calm()
            settled = await self._settle()
            keeping.cancel()
            await asyncio.gather(keeping, storm, return_exceptions=True)
        return settled

    @asynccontextmanager
    async def _people(self, emails: list[str]) -> AsyncIterator[list[asyncio.Task[None]]]:
        """Everybody is connected and acts; at the end they let go. Yields what moves them."""
        world, times = self.world, self.episode.times
        for number in range(self.episode.customers):
            rng = random.Random(self.rng.random())
            self.customers.append(
                Customer(number, lambda: world.address("/ws/customer"), journal=world.journal, rng=rng, times=times)
            )
        for email in emails:
            self.agents.append(self._agent(email))
        lines = [asyncio.create_task(each.run()) for each in self.customers]
        lines += [asyncio.create_task(each.run()) for each in self.agents]
        lives = [asyncio.create_task(customer_life.live(each, self.episode.temper)) for each in self.customers]
        lives += [asyncio.create_task(agent_life.work(each, self.episode.manner)) for each in self.agents]
        try:
            yield lives
        finally:
            for task in (*lives, *lines):
                task.cancel()
            ended = await asyncio.gather(*lives, *lines, return_exceptions=True)
        broken = [error for error in ended if isinstance(error, Exception)]
        if broken:
            raise ExceptionGroup("a simulated person broke", broken)

    def _agent(self, email: str) -> Agent:
        return Agent(
            email,
            lambda: self.world.address("/ws/agent"),
            token=lambda: self.staff.token(email),
            signed_out=lambda: self.staff.signed_out(email),
            journal=self.world.journal,
            rng=random.Random(self.rng.random()),
            times=self.episode.times,
        )

    async def _trouble(self) -> None:
        """Faults one after the other, some side by side, until the time is over."""
        end = time.monotonic() + self.episode.seconds
        due = list(self.episode.faults) if self.episode.each_once else []
        self.rng.shuffle(due)
        async with asyncio.TaskGroup() as group:
            running: list[asyncio.Task[None]] = []
            while (time.monotonic() < end or due) and not self._enough():
                await asyncio.sleep(self.rng.expovariate(1 / self.episode.gap))
                running = [task for task in running if not task.done()]
                if self.episode.faults and len(running) < 3:
                    kind = due.pop() if due else self.faults.choose(self.episode.faults)
                    running.append(group.create_task(self.faults.do(kind)))

    def _enough(self) -> bool:
        return 0 < self.episode.until_drops <= self.drops()

    def drops(self) -> int:
        """Sockets dropped by force, open ones and handshakes; not those that found nobody listening."""
        lost = sum(link.lost_open + link.lost_in_handshake for link in self._links())
        return lost - sum(front.counts["unreachable"] for front in self.world.fronts)

    def _links(self) -> list[Link]:
        return [each.link for each in self.customers] + [each.link for each in self.agents]

    async def _storm(self) -> None:
        """New sockets of customers are cut in the handshake or later, as the share says."""
        if not self.episode.storm:
            return

        def plan(_: int) -> tuple[Way, Way]:
            if self.rng.random() > self.episode.storm:
                return Way(), Way()
            if self.rng.random() < 0.4:  # in the handshake, on the way there or back
                at = Way(cut_after=self.rng.randint(1, 150))
                return (at, Way()) if self.rng.random() < 0.5 else (Way(), at)
            at = Way(cut_after=self.rng.randint(300, 3_000))
            return (at, Way()) if self.rng.random() < 0.2 else (Way(), at)

        while True:
            for front in self.world.fronts:
                front.plan = plan
            await asyncio.sleep(0.2)

    async def _settle(self) -> Record | None:
        """The record at a moment at which nothing was under way and every screen showed all of it."""
        for _ in range(int(_SETTLE_SECONDS / 0.25)):
            await asyncio.sleep(0.25)
            if self.unsettled():
                continue
            record = await asyncio.to_thread(read_record, self.world.record)
            if not self.unsettled() and self._all_shown(record) and not _under_way(record):
                self.world.journal.note("episode", "settled")  # what comes after this is younger than the record
                return record
        return None

    def unsettled(self) -> list[str]:
        """Who still waits for something."""
        waiting = [each.who for each in self.customers if not each.settled]
        return (waiting + [each.who for each in self.agents if not each.settled])[:5]

    def _all_shown(self, record: Record) -> bool:
        """Does every customer's page and every console's list say what the record says."""
        rows = {row["id"]: row for row in record.conversations}
        pages = [each.page for each in self.customers if each.page.conversation in rows]
        return all(
            (rows[page.conversation or ""]["last_offset"], *_state(rows[page.conversation or ""]))
            == (page.log.last, page.epoch, page.control, page.lifecycle)
            for page in pages
        ) and all(
            (row["epoch"], row["control"], row["lifecycle"], (row.get("agent") or {}).get("id"))
            == (*_state(rows[name]), rows[name]["agent"])
            for each in self.agents
            for name, row in each.desk.rows.items()
            if name in rows
        )

    def history(self, record: Record, settled: bool) -> History:
        limits = Limits(timing=not self.faults.clock_moved, settled=settled, weight=WEIGHT)
        lines = list(takewhile(_before_settled, lines_of(self.world.folder / "journal.jsonl")))
        effects, deliveries = list(lines_of(self.world.effects)), list(lines_of(self.world.deliveries))
        return History(lines, record, effects, self.keeper.troubles, deliveries, limits)

    def counts(self, history: History) -> Counter[str]:
        """What there was of everything."""
        counts: Counter[str] = Counter()
        for line in history.lines:
            if line["what"] in ("connected", "lost", "acked", "shown", "refused", "gap", "invoke"):
                counts[line["what"]] += 1
        counts["drops"] = self.drops()
        counts["drops of open sockets"] = sum(link.lost_open for link in self._links())
        counts["entries"] = len(history.record.entries)
        counts["customer messages"] = sum(e["author_kind"] == "customer" for e in history.record.entries)
        counts["turns"] = len(history.record.turns)
        counts["turns fenced or superseded"] = sum(t["state"] != "committed" for t in history.record.turns)
        counts["deliveries"] = len(history.deliveries)
        counts["effects"] = sum(line["what"] == "effect" for line in history.effects)
        for proxy in [*self.world.fronts, *self.world.hops.values()]:
            counts.update({f"proxy {kind}": count for kind, count in proxy.counts.items()})
        return counts


def _state(row: Row) -> tuple[int, str, str]:
    return row["epoch"], row["control"], row["lifecycle"]


def _under_way(record: Record) -> bool:
    """Somebody waits for the bot, a turn lives, or a line is on its way to a channel."""
    waiting = any(r["control"] == "bot" and r["last_customer_offset"] > r["answered"] for r in record.conversations)
    queued = any(row["state"] == "queued" for row in record.outbox)
    return waiting or queued or any(turn["state"] == "live" for turn in record.turns)


def _before_settled(line: Line) -> bool:
    return (line["who"], line["what"]) != ("episode", "settled")
