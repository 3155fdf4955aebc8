"""Who is offered what: a pure rule over the open offers, the agents' standing and each offer's past.

An offer rings at the best few who suit it, and nobody is rung for more than they have room for. What waits is served by
deadline, then by wait: each offer gets a first agent before any gets a second. Whoever declined or let it ring out is
not rung again before all others were asked. With every lease that ends, and at once when nobody who suits is left, the
circle widens: skills, then language and team, then the leads. Most of a long queue costs one look at who suits and has
room, which offers that are alike share; what rings is bounded by the room there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Generic, TypeVar

from handover.entries import AgentId
from handover.matching_floor import Floor, Standing, Wish
from handover.wanted import How, Stage, Tried, Wanted, with_try

W = TypeVar("W", bound=Wanted)
# `Wanted.order`, read without a call of ours for each offer.
_ORDER = attrgetter("deadline", "made_at", "id")


@dataclass(frozen=True, slots=True)
class Rules:
    """``ring_at`` agents in the first round, twice as many in each after it, 0 for all at once."""

    ring_at: int
    escalate_after: int
    lease: timedelta
    transfer_lease: timedelta

    def lease_of(self, stage: Stage) -> timedelta:
        return self.transfer_lease if stage is Stage.NAMED else self.lease

    def wide(self, offer: Wanted) -> int | None:
        """At how many agents it rings at most; None: no limit."""
        if offer.stage is Stage.NAMED:
            return 1
        if offer.stage is Stage.LEADS or self.ring_at == 0:
            return None
        return self.ring_at << min(offer.round - 1, 16)


def match(offers: Sequence[W], standings: Sequence[Standing], rules: Rules, at: datetime) -> list[W]:
    """Those of ``offers`` that should ring at others than they do, or rest, as they should be from now on."""
    floor = Floor(standings)
    calls = []
    for offer in sorted(offers, key=_ORDER):
        if not _settled(offer, floor):
            calls.append(_Call(offer, floor, rules))
            calls[-1].first()
    for call in calls:
        call.more()
    found = [(call.before, call.after(at)) for call in calls]
    return [after for before, after in found if after is not before]


def _settled(offer: Wanted, floor: Floor) -> bool:
    """Is it clear that nothing changes for it: it rings nowhere and nobody could be rung. In a long queue most are so.

    Room only shrinks in a pass, so what is settled when its turn has come stays it.
    """
    if offer.ringing:
        return False
    if not floor.present:
        return offer.resting == offer.told_nobody
    stage = offer.stage
    pool = floor.pool_of(offer)
    able = pool.suit & floor.able(offer.weight)
    if able and not (offer.past and not able & ~floor.bits(offer.tried_at(stage))):
        return False
    if stage is Stage.LEADS:
        return offer.resting == (not offer.past or not floor.bits(offer.tried_at(stage)))
    # As many tries as members, or more: perhaps all of them were tried, and the circle widens.
    return not offer.resting and pool.size > len(offer.past)


class _Call(Generic[W]):
    """One offer during a pass."""

    def __init__(self, offer: W, floor: Floor, rules: Rules) -> None:
        self.before = offer
        self._floor = floor
        self._rules = rules
        self._stage = self._widened()
        self._tried = offer.tried_at(self._stage)
        self._pool = floor.pool(Wish.of(offer, self._stage))
        self._kept = [a for a in offer.ringing if self._pool.suit & floor.bits((a,)) and a not in self._tried]
        self._rung: list[AgentId] = []

    def _widened(self) -> Stage:
        """The first stage from the present one on at which somebody is there who was not tried."""
        stage, tried = self.before.stage, self.before.tried_at(self.before.stage)
        # An empty desk widens nothing: a moment without connections must not call the leads for everything.
        while self._floor.present and stage < Stage.LEADS:
            if self._floor.pool(Wish.of(self.before, stage)).anybody_but(tried):
                break
            stage = Stage(stage + 1)
        return stage

    def first(self) -> None:
        """One agent: the one it rings at already, else the best."""
        if not self._keep(1):
            self._rung += self._pool.take(1, self._tried)

    def more(self) -> None:
        """The others, as many as the round allows."""
        if not self._rung:
            return
        wide = self._rules.wide(self.before if self._stage is self.before.stage else self._now())
        self._keep(wide)
        left = None if wide is None else wide - len(self._rung)
        if left is None or left > 0:
            self._rung += self._pool.take(left, self._tried.union(self._rung))

    def _keep(self, upto: int | None) -> bool:
        for agent in self._kept:
            if upto is not None and len(self._rung) >= upto:
                break
            if agent not in self._rung and self._floor.room[agent] >= self.before.weight:
                self._floor.reserve(agent, self.before.weight)
                self._rung.append(agent)
        return bool(self._rung)

    def _now(self) -> W:
        return replace(self.before, stage=self._stage, to=self.before.to if self._stage is Stage.NAMED else None)

    def after(self, at: datetime) -> W:
        """The offer as it should be."""
        before, rung = self.before, tuple(self._rung)
        if set(rung) == set(before.ringing):
            rung = before.ringing
        resting = not rung and self._rests()
        if (rung, resting, self._stage) == (before.ringing, before.resting, before.stage):
            return before
        anew = self._stage is not before.stage or bool(rung and not before.ringing) or (before.resting and not resting)
        expires_at = at + self._rules.lease_of(self._stage) if anew else before.expires_at
        return replace(self._now(), ringing=rung, resting=resting, expires_at=expires_at)

    def _rests(self) -> bool:
        """Can the clock change nothing: nobody is here and the customer knows, or all who are here are asked."""
        if not self._floor.present:
            return self.before.told_nobody
        return self._stage is Stage.LEADS and not any(agent in self._floor.present for agent in self._tried)


def due(offer: Wanted, at: datetime) -> bool:
    """Must the clock do something with this offer."""
    late = offer.deadline <= at and offer.stage < Stage.LEADS
    return not offer.resting and (offer.expires_at <= at or late)


def moved_on(offer: W, rules: Rules, at: datetime, *, anybody: bool) -> W:
    """The offer after its lease or its deadline has passed. ``anybody``: somebody is at the desk."""
    late = offer.deadline <= at
    if offer.expires_at > at:
        return replace(offer, stage=Stage.LEADS, to=None) if late else offer
    again = offer.round + 1
    wider = Stage(min(offer.stage + 1, Stage.EVERYBODY)) if anybody else offer.stage
    stage = Stage.LEADS if late or (anybody and again > rules.escalate_after) or offer.escalated else wider
    stage = Stage.FITTING if stage is Stage.NAMED else stage
    past = with_try(offer.past, *(Tried(agent, How.RANG_OUT, at) for agent in offer.ringing))
    return replace(
        offer,
        round=again,
        stage=stage,
        to=None,
        past=past,
        # A new lap: it goes on ringing where it rings, and those who were tried may be asked again.
        lap_at=at if offer.escalated else offer.lap_at,
        ringing=offer.ringing if offer.escalated else (),
        expires_at=at + rules.lease,
    )


def desk_open(standings: Sequence[Standing]) -> bool:
    """Is anybody at the desk, online and with a console open."""
    return any(s.here and s.agent.availability == "online" for s in standings)


__all__ = ["Rules", "Standing", "desk_open", "due", "match", "moved_on"]
