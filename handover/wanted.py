"""What matching must know of an open offer: whom it wants, how far it has widened, who rings and who was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import cached_property

from handover.entries import AgentId, ConversationId


class Stage(IntEnum):
    """Whom an offer rings at; it only ever widens."""

    NAMED = 0  # the one colleague it was passed to
    FITTING = 1  # who has the skills and the language, in the team
    LANGUAGE = 2  # any skills
    EVERYBODY = 3  # any language, any team, and those who are busy
    LEADS = 4  # escalated: the leads as well, and in time those who were tried before


class How(StrEnum):
    """What came of trying an agent."""

    DECLINED = "declined"
    RANG_OUT = "rang_out"
    NO_REPLY = "no_reply"  # accepted, and left the customer waiting for the first reply
    PASSED_ON = "passed_on"
    GONE = "gone"  # had it, and their console was closed for too long
    FULL = "full"  # it woke, and they had no room for it


@dataclass(frozen=True, slots=True)
class Tried:
    agent: AgentId
    how: How
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An open offer without its packet. ``round`` counts leases; ``weight`` is in slots of an agent's capacity.

    Tries up to ``lap_at`` are forgiven. ``resting``: the clock has nothing to do here until somebody comes.
    ``version`` rises with every change, so that two processes never overwrite each other.
    """

    id: str
    conversation: ConversationId
    epoch: int
    made_at: datetime
    expires_at: datetime
    deadline: datetime
    weight: int = 1
    needs: frozenset[str] = frozenset()
    language: str | None = None
    team: str | None = None
    to: AgentId | None = None
    round: int = 1
    stage: Stage = Stage.FITTING
    ringing: tuple[AgentId, ...] = ()
    past: tuple[Tried, ...] = ()
    lap_at: datetime | None = None
    resting: bool = False
    told_long: bool = False
    told_nobody: bool = False
    version: int = 0

    @property
    def overdue(self) -> bool:
        """Somebody let it ring out, or nobody was free in time."""
        return self.round > 1

    @property
    def escalated(self) -> bool:
        return self.stage is Stage.LEADS

    def tried_at(self, stage: Stage) -> frozenset[AgentId]:
        """Who is not rung again before the next lap. Once escalated, who only let it ring out is asked again."""
        this_lap = (t for t in self.past if self.lap_at is None or t.at > self.lap_at)
        return frozenset(t.agent for t in this_lap if stage is not Stage.LEADS or t.how is not How.RANG_OUT)

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Its place in the queue: by deadline, then by wait."""
        return self.deadline, self.made_at, self.id


@dataclass(frozen=True)
class Queue:
    """All open offers as they were when they were read, in the order of the queue: by each one's id and version.

    ``read``: those ids and versions as one text, as the record gave it; the same text is the same queue.
    """

    by_version: Mapping[str, Wanted]
    read: str = ""

    @cached_property
    def offers(self) -> Sequence[Wanted]:
        """In order."""
        return list(self.by_version.values())

    @cached_property
    def stirred(self) -> tuple[int, int]:
        """How many they are and the sum of their versions."""
        return len(self.offers), sum(offer.version for offer in self.offers)


def with_try(past: tuple[Tried, ...], *tries: Tried) -> tuple[Tried, ...]:
    """``past`` and ``tries``; of the same agent and the same end only the newest is kept, so it stays short."""
    newer = {(t.agent, t.how) for t in tries}
    return (*(t for t in past if (t.agent, t.how) not in newer), *tries)
