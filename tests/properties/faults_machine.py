"""The machine with all that befalls the desk: time, killed replicas, a live feed and a database that are lost."""

from __future__ import annotations

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from handover.entries import ConversationId, EntryKind
from tests.properties.desk_machine import CAPACITY, REPLICAS, DeskAgainstReference
from tests.properties.reference import OUTSIDE, WEIGHT, Line


class DeskUnderFaults(DeskAgainstReference):
    """Compares desk and reference after every event."""

    @rule(where=DeskAgainstReference.conversations, replica=REPLICAS, again=st.booleans())
    def somebody_answers_outside(self, where: ConversationId, replica: int, again: bool) -> None:
        ours = self.known[where]
        old = [message for message, line in ours.keys.items() if line.who == OUTSIDE]
        message = old[-1] if again and old else self.new("o")
        spoke = self.desk(replica).channels.spoke_outside(where, f"outside {message}", message, "the app")
        expected, entry = ours.spoken_outside(message), self.run(spoke)
        assert (entry is not None) == (expected == "done")
        if entry is not None:
            ours.heard(message, Line(entry.offset, OUTSIDE, entry.text))

    @rule(seconds=st.sampled_from([1, 20, 50, 130, 2000]), both=st.booleans())
    def time_passes(self, seconds: int, both: bool) -> None:
        """Every replica ticks, at once or one after the other; what becomes of it must be something time may do."""
        self.ground.clock.advance(seconds)

        async def tick(replica: int) -> None:
            await self.desk(replica).agents.tick()
            await self.desk(replica).bot.overdue_turns()
            await self.desk(replica).channels.tick()

        async def ticks() -> None:
            if both:
                await asyncio.gather(*(tick(replica) for replica in range(len(self.ground.worlds))))
            else:
                for replica in range(len(self.ground.worlds)):
                    await tick(replica)

        self.run(ticks())
        for where, ours in self.known.items():
            now = self.run(self.desk(0).reading.conversation(where))
            state = (str(now.lifecycle), str(now.control), now.epoch, now.agent)
            assert ours.may_have_become(*state), (ours.state, state)
            if now.control != ours.control:
                ours.to(str(now.control), life=str(now.lifecycle), holder=now.agent)
            ours.life, ours.named = str(now.lifecycle), None

    @rule(replica=REPLICAS)
    def a_replica_is_killed(self, replica: int) -> None:
        self.ground.kill(replica % len(self.ground.worlds))
        self._nobody_is_at_work()

    def _nobody_is_at_work(self) -> None:
        if self.ground.alone:
            for ours in self.known.values():
                ours.forgets_turns()

    @rule()
    def the_live_feed_is_lost(self) -> None:
        self.ground.lose_live_feed()

    @rule()
    def the_record_is_restarted(self) -> None:
        """kill -9 of the database; the replicas find it again by themselves."""
        self.ground.restart_record()
        self._nobody_is_at_work()

    @rule(where=DeskAgainstReference.conversations, replica=REPLICAS)
    def a_screen_comes_back(self, where: ConversationId, replica: int) -> None:
        """It names the last offset it has, to whichever replica, and has the whole again."""
        seen = self.screens[where]
        seen += self.run(self.desk(replica).reading.entries(where, len(seen), 10_000))
        assert seen == self.run(self.desk(replica + 1).reading.entries(where, 0, 10_000))

    @invariant()
    def desk_and_reference_agree(self) -> None:
        for where, ours in self.known.items():
            replica = self.count % 2
            now = self.run(self.desk(replica).reading.conversation(where))
            assert (str(now.lifecycle), str(now.control), now.epoch, now.agent) == ours.state
            entries = self.run(self.desk(replica).reading.entries(where, 0, 10_000))
            assert [e.offset for e in entries] == list(range(1, len(entries) + 1))
            said = [
                (e.offset, e.author.id or str(e.author.kind), e.text) for e in entries if e.kind is EntryKind.MESSAGE
            ]
            assert said == [(line.offset, line.who, line.text) for line in ours.lines]
        for agent, capacity in CAPACITY.items():
            assert WEIGHT * sum(r.holder == agent and r.life == "active" for r in self.known.values()) <= capacity
