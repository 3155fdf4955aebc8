"""The desk's floor during one pass of the matcher: who is there, their room left, and who suits a wish best. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from handover.agents import Agent
from handover.entries import AgentId
from handover.wanted import Stage, Wanted

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent now: ``here`` when a console is open, ``held`` slots taken, ``taken_at`` when they last took one."""

    agent: Agent
    here: bool
    held: int
    taken_at: datetime | None = None

    @property
    def present(self) -> bool:
        return self.here and self.agent.availability != "offline"

    @property
    def room(self) -> int:
        return self.agent.capacity - self.held


# Fewer unmet wishes first, then the smaller share of their capacity in use, then the longest without a new one.
Rank = tuple[int, float, datetime, AgentId]


class Wish(NamedTuple):
    """What offers that are alike ask of an agent. A tuple: it is looked up once for each offer of a pass."""

    stage: Stage
    weight: int
    needs: frozenset[str]
    language: str | None
    team: str | None
    to: AgentId | None

    @classmethod
    def of(cls, offer: Wanted, stage: Stage) -> Wish:
        to = offer.to if stage is Stage.NAMED else None
        return cls(stage, offer.weight, offer.needs, offer.language, offer.team, to)

    def unmet(self, agent: Agent) -> int:
        """How many of skills, language and team this agent lacks; leads go before all when leads are called.

        Who names no languages is taken to speak any.
        """
        if self.stage is Stage.LEADS and agent.role == "lead":
            return -1
        return (not self.needs <= agent.skills) + self._unmet_but_skills(agent)

    def _unmet_but_skills(self, agent: Agent) -> int:
        speaks = self.language is None or not agent.languages or self.language in agent.languages
        in_team = self.team is None or self.team in agent.teams
        return (not speaks) + (not in_team)

    def admits(self, agent: Agent) -> bool:
        """May an agent who is there be rung at this stage."""
        if self.stage is Stage.NAMED:
            return agent.id == self.to
        if self.stage is Stage.LEADS:
            return True
        if agent.role == "lead":
            return False
        if self.stage is Stage.EVERYBODY:
            return True
        unmet = self.unmet(agent) if self.stage is Stage.FITTING else self._unmet_but_skills(agent)
        return agent.availability == "online" and unmet == 0


# Agents as the bits of one number: to ask which of 500 suit and have room is then one operation, not 500.
Bits = int


class Floor:
    """Room is taken as offers ring: nobody is rung for more than they could take."""

    def __init__(self, standings: Sequence[Standing]) -> None:
        self.present = {s.agent.id: s for s in standings if s.present}
        self.names = list(self.present)
        self.bit: dict[AgentId, Bits] = {agent: 1 << place for place, agent in enumerate(self.names)}
        self.room = {agent: s.room for agent, s in self.present.items()}
        self.everybody: Bits = (1 << len(self.names)) - 1
        self._having: defaultdict[tuple[str, str], Bits] = defaultdict(int)
        for agent, s in self.present.items():
            for trait in _traits(s.agent):
                self._having[trait] |= self.bit[agent]
        self._able: dict[int, Bits] = {}
        self._pools: dict[tuple[object, ...], Pool] = {}

    def pool(self, wish: Wish) -> Pool:
        """Those who may be rung for ``wish``; made once for all offers that are alike."""
        found = self._pools.get(wish)
        if found is None:
            found = self._pools[wish] = Pool(self, wish, self._suit(wish))
        return found

    def pool_of(self, offer: Wanted) -> Pool:
        """The pool at the offer's own stage; a look for one that is there makes no wish, as it is one of thousands."""
        stage = offer.stage
        to = offer.to if stage is Stage.NAMED else None
        found = self._pools.get((stage, offer.weight, offer.needs, offer.language, offer.team, to))
        return found or self.pool(Wish.of(offer, stage))

    def _suit(self, wish: Wish) -> Bits:
        """All whom `Wish.admits`."""
        if wish.stage is Stage.NAMED:
            return 0 if wish.to is None else self.bit.get(wish.to, 0)
        if wish.stage is Stage.LEADS:
            return self.everybody
        having = self._having
        suit = self.everybody & ~having["role", "lead"]
        if wish.stage is Stage.EVERYBODY:
            return suit
        suit &= having["availability", "online"]
        if wish.language is not None:
            suit &= having["language", wish.language] | having["language", ""]
        if wish.team is not None:
            suit &= having["team", wish.team]
        if wish.stage is Stage.FITTING:
            for skill in wish.needs:
                suit &= having["skill", skill]
        return suit

    def able(self, weight: int) -> Bits:
        """Everybody who has room for so much."""
        found = self._able.get(weight)
        if found is None:
            found = self._able[weight] = sum(self.bit[agent] for agent, room in self.room.items() if room >= weight)
        return found

    def bits(self, agents: Iterable[AgentId]) -> Bits:
        """Those of ``agents`` who are there."""
        found = 0
        for agent in agents:
            found |= self.bit.get(agent, 0)
        return found

    def reserve(self, agent: AgentId, weight: int) -> None:
        self.room[agent] -= weight
        for known, able in self._able.items():
            if self.room[agent] < known:
                self._able[known] = able & ~self.bit[agent]

    def rank(self, agent: AgentId, unmet: int) -> Rank:
        """The lower, the better."""
        standing = self.present[agent]
        capacity = standing.agent.capacity
        used = 1.0 - self.room[agent] / capacity if capacity else 1.0
        return unmet, used, standing.taken_at or _EVER, agent


class Pool:
    """``suit`` are all who suit, with room or without; ``size`` how many they are."""

    def __init__(self, floor: Floor, wish: Wish, suit: Bits) -> None:
        self._floor = floor
        self._wish = wish
        self.suit = suit
        self.size = suit.bit_count()
        self._heap: list[Rank] | None = None
        self._unmet: dict[AgentId, int] = {}

    @property
    def members(self) -> list[AgentId]:
        """Those who suit, by name."""
        return list(self._named(self.suit))

    def anybody_but(self, tried: Collection[AgentId]) -> bool:
        return self.size > len(tried) or bool(self.suit & ~self._floor.bits(tried))

    def take(self, count: int | None, without: Collection[AgentId]) -> list[AgentId]:
        """The best ``count`` (None: all) with room, leaving out ``without``; their room is reserved.

        Ranks in the heap may be old: room only shrinks during a pass, so an old rank is corrected when it comes up.
        """
        floor, weight = self._floor, self._wish.weight
        if not self.suit & floor.able(weight) & ~floor.bits(without):
            return []
        heap = self._ready()
        taken: list[AgentId] = []
        aside: list[AgentId] = []
        while heap and (count is None or len(taken) < count):
            agent = heap[0][3]
            if floor.room[agent] < weight:
                heapq.heappop(heap)
            elif heap[0] != (rank := floor.rank(agent, self._unmet[agent])):
                heapq.heapreplace(heap, rank)
            else:
                heapq.heappop(heap)
                if agent in without:
                    aside.append(agent)
                else:
                    taken.append(agent)
                    floor.reserve(agent, weight)
        for agent in (*aside, *taken):
            heapq.heappush(heap, floor.rank(agent, self._unmet[agent]))
        return taken

    def _ready(self) -> list[Rank]:
        if self._heap is None:
            floor = self._floor
            for agent in self._named(self.suit & floor.able(self._wish.weight)):
                self._unmet[agent] = self._wish.unmet(floor.present[agent].agent)
            self._heap = [floor.rank(agent, unmet) for agent, unmet in self._unmet.items()]
            heapq.heapify(self._heap)
        return self._heap

    def _named(self, some: Bits) -> Iterator[AgentId]:
        while some:
            last = some & -some
            yield self._floor.names[last.bit_length() - 1]
            some ^= last


def _traits(agent: Agent) -> Iterator[tuple[str, str]]:
    yield "role", agent.role
    yield "availability", agent.availability
    for language in agent.languages or ("",):  # who names none speaks any
        yield "language", language
    for team in agent.teams:
        yield "team", team
    for skill in agent.skills:
        yield "skill", skill
