"""What every desk works with: the record, the live feed, the clock, the rules. Handed to each group of verbs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from handover.calendar import Calendars
from handover.desk_summaries import Summaries
from handover.matcher import Standing, desk_open
from handover.policy_settings import PolicySettings
from handover.ports import Clock, Copilot, LiveFeed, Presence, Records, Transaction
from handover.waits_memory import Lately, Line


@dataclass(frozen=True, slots=True)
class DeskParts:
    """``pushes`` names the inboxes whose channel must be sent to; the others fetch."""

    records: Records
    live: LiveFeed
    presence: Presence
    clock: Clock
    policy: PolicySettings
    summaries: Summaries
    copilot: Copilot | None = None
    pushes: frozenset[str] = frozenset()
    calendars: Calendars = field(default_factory=Calendars)
    lately: Lately = field(default_factory=Lately)
    line: Line = field(default_factory=Line)

    async def standings(self, tx: Transaction) -> list[Standing]:
        """How each agent stands at this moment."""
        here = await self.presence.here()
        held = await tx.people.held()
        return [Standing(a, a.id in here, held.get(a.id, 0)) for a in await tx.people.agents()]

    async def is_open(self, tx: Transaction) -> bool:
        """Is anybody at the desk."""
        return desk_open(await self.standings(tx))


def new_id() -> str:
    """A fresh id nobody can guess."""
    return uuid.uuid4().hex
