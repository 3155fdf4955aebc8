"""What every desk works with: the record, the live feed, the clock, the rules. Handed to each group of verbs."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from handover.calendar import Calendars
from handover.conversation import Move
from handover.desk_summaries import Summaries
from handover.matcher import Standing, desk_open
from handover.policy_settings import PolicySettings
from handover.ports import Clock, Copilot, LiveFeed, Presence, Records, Transaction
from handover.waits_memory import Lately, Line


class Matches(Protocol):
    """Runs the matcher (see `handover.desk_matching`)."""

    async def run(self) -> None:
        """Look at all that waits and ring; never raises for what a later pass can mend."""
        ...

    async def look(self) -> None:
        """Run when something has changed since the last pass, whoever changed it."""
        ...


@dataclass(frozen=True, slots=True)
class DeskParts:
    records: Records
    live: LiveFeed
    presence: Presence
    clock: Clock
    policy: PolicySettings
    summaries: Summaries
    matching: Matches
    copilot: Copilot | None = None
    calendars: Calendars = field(default_factory=Calendars)
    lately: Lately = field(default_factory=Lately)
    line: Line = field(default_factory=Line)
    moves: Counter[Move] = field(default_factory=Counter)  # made in this process since its start

    async def standings(self, tx: Transaction) -> list[Standing]:
        """How each agent stands at this moment."""
        here = await self.presence.here()
        return [Standing(agent, agent.id in here, held, at) for agent, held, at in await tx.people.at_work()]

    async def is_open(self, tx: Transaction) -> bool:
        """Is anybody at the desk."""
        return desk_open(await self.standings(tx))


def new_id() -> str:
    """A fresh id nobody can guess."""
    return uuid.uuid4().hex
