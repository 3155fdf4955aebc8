"""What the outbox needs of the record: lines on their way, and their parts, each of them one send.

Who writes parts holds the conversation's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from handover.entries import ConversationId
from handover.outbox_lines import LineRow, PartRow
from handover.outcomes import DeliveryState
from handover.stored import Backlog, DeadLetter, Delivery


class OutboxRows(Protocol):
    async def add(
        self,
        conversation: ConversationId,
        inbox: str,
        offset: int,
        gate_epoch: int | None,
        at: datetime,
        template: Mapping[str, Any] | None = None,
    ) -> None: ...

    async def due(self, at: datetime, limit: int, without: Collection[str] = ()) -> Sequence[Delivery]:
        """Rows to send now, the first unsettled of each conversation only; none of the inboxes ``without``."""
        ...

    async def claim(self, delivery: int, at: datetime, until: datetime) -> Delivery | None:
        """The line, when nobody else holds it; counts a try, and one before it that never ended."""
        ...

    async def settle(self, delivery: int, state: str, at: datetime, note: str | None = None) -> None: ...

    async def retry(self, delivery: int, at: datetime, note: str, *, unended: bool = False) -> None:
        """Not before ``at``. ``unended``: this try counts as one that never ended."""
        ...

    async def dead(self, *, before: int | None, limit: int) -> list[DeadLetter]:
        """Lines that could not be delivered, the newest first; ``before`` is the id of the last one seen."""
        ...

    async def revive(self, delivery: int, by: str, at: datetime) -> ConversationId | None:
        """Queue a dead line anew; None when it is not dead (any more)."""
        ...

    async def arrived(self, delivery: int, by: str | None, at: datetime) -> ConversationId | None:
        """A dead line was delivered after all; None when it is not dead (any more)."""
        ...

    async def undone(self, delivery: int, at: datetime, note: str) -> None:
        """A line that was sent has failed after all."""
        ...

    async def drop(self, delivery: int, by: str, at: datetime) -> ConversationId | None:
        """Give a dead line up for good; None when it is not dead (any more)."""
        ...

    async def backlog(self) -> Backlog: ...


class OutboxParts(Protocol):
    async def of(self, outbox: int) -> list[PartRow]:
        """A line's parts in their order; [] before its first send."""
        ...

    async def add(self, delivery: Delivery, person: str, texts: Sequence[str]) -> list[PartRow]:
        """Write down how a line was split; a second time changes nothing. Returns the parts that are there."""
        ...

    async def put(self, part: PartRow) -> None:
        """Write a part as it is now; a provider's id that another part has is left out."""
        ...

    async def again(self, outbox: int) -> None:
        """What of a line failed, or may have, is to be sent from the start; what arrived stays."""
        ...

    async def hold(self, delivery: Delivery, until: datetime) -> bool:
        """Keep a claimed line until then; False when the claim is not ours any more."""
        ...

    async def by_provider_id(self, inbox: str, provider_id: str) -> PartRow | None: ...

    async def by_key(self, inbox: str, key: str) -> PartRow | None: ...

    async def to_person(self, inbox: str, person: str, *, until: datetime, limit: int = 200) -> list[PartRow]:
        """Parts sent to them that began until then and are sent, delivered or in doubt; the newest first."""
        ...

    async def line(self, outbox: int) -> LineRow:
        """Raises NotFound."""
        ...

    async def came(self, outbox: int, state: DeliveryState, note: str, todo: str) -> None:
        """A line has come so far; the desk is still to be told."""
        ...

    async def untold(self, limit: int) -> list[LineRow]:
        """Lines of which the desk was not told yet how far they have come."""
        ...

    async def told(self, line: LineRow) -> None:
        """The desk knows ``line`` as it is here; if it went on since, it stays untold."""
        ...
