"""What the outbox needs of the record for lines in parts. Who calls holds the conversation's lock when it writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from handover.outbox_lines import LineRow, PartRow
from handover.outcomes import DeliveryState
from handover.stored import Delivery


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

    async def hold(self, delivery: Delivery, until: datetime) -> bool:
        """Keep a claimed line until then; False when the claim is not ours any more."""
        ...

    async def by_provider_id(self, inbox: str, provider_id: str) -> PartRow | None: ...

    async def by_key(self, inbox: str, key: str) -> PartRow | None: ...

    async def to_person(self, inbox: str, person: str, *, until: datetime, limit: int = 200) -> list[PartRow]:
        """Parts sent to them that began until then and are sent, delivered or in doubt; the newest first."""
        ...

    async def line(self, outbox: int) -> LineRow: ...

    async def came(self, outbox: int, state: DeliveryState, note: str, todo: str) -> None:
        """A line has come so far; the desk is still to be told."""
        ...

    async def untold(self, limit: int) -> list[LineRow]:
        """Lines of which the desk was not told yet how far they have come."""
        ...

    async def told(self, line: LineRow) -> None:
        """The desk knows ``line`` as it is here; if it went on since, it stays untold."""
        ...
