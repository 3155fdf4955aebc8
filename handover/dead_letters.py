"""Lines that could not be delivered: looked at, tried again or given up by people. `handover.outbox` makes them."""

from __future__ import annotations

from dataclasses import dataclass

from handover.entries import ConversationId
from handover.errors import NotFound
from handover.outbox_reports import it_arrived, send_again
from handover.ports import Clock, Records
from handover.stored import Backlog, DeadLetter


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """``by`` is who decided: an agent's id, or the name of a program."""

    records: Records
    clock: Clock

    async def list(self, *, before: int | None = None, limit: int = 50) -> list[DeadLetter]:
        """The newest ``limit``; ``before`` is the id of the last one seen."""
        async with self.records.reading() as tx:
            return await tx.outbox.dead(before=before, limit=limit)

    async def backlog(self) -> Backlog:
        """How much waits, how long, and how much could not be delivered."""
        async with self.records.reading() as tx:
            return await tx.outbox.backlog()

    async def retry(self, delivery: int, by: str) -> ConversationId:
        """Send the line anew, with its old key; the gate is asked again. Raises NotFound when it is not dead."""
        async with self.records.transaction() as tx:
            return _there(await send_again(tx, self.clock, delivery, by))

    async def arrived(self, delivery: int, by: str) -> ConversationId:
        """The line was delivered after all. Raises NotFound when it is not dead."""
        async with self.records.transaction() as tx:
            return _there(await it_arrived(tx, self.clock, delivery, by))

    async def drop(self, delivery: int, by: str) -> ConversationId:
        """The line is not to be sent any more. Raises NotFound when it is not dead."""
        async with self.records.transaction() as tx:
            return _there(await tx.outbox.drop(delivery, by, self.clock.now()))


def _there(conversation: ConversationId | None) -> ConversationId:
    if conversation is None:
        raise NotFound("There is no such line among those that could not be delivered.")
    return conversation
