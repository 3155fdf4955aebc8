"""The desk's floor during one pass of the matcher: who is there, their room left, and who suits a wish best. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

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


@dataclass(frozen=True, slots=True)
class Wish:
    """What offers that are alike ask of an agent."""

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


class Floor:
    """Room is taken as offers ring: nobody is rung for more than they could take."""

    def __init__(self, standings: Sequence[Standing]) -> None:
        self.present = {s.agent.id: s for s in standings if s.present}
        self.room = {agent: s.room for agent, s in self.present.items()}
        self.left = sum(room for room in self.room.values() if room > 0)
        # Agents who are alike to every wish are judged together.
        self._alike: defaultdict[_Kind, list[AgentId]] = defaultdict(list)
        for agent, s in self.present.items():
            self._alike[_kind(s.agent)].append(agent)
        self._pools: dict[Wish, Pool] = {}

    def pool(self, wish: Wish) -> Pool:
        """Those who may be rung for ``wish``; made once for all offers that are alike."""
        found = self._pools.get(wish)
        if found is None:
            found = self._pools[wish] = Pool(self, wish, self._members(wish))
        return found

    def _members(self, wish: Wish) -> dict[AgentId, int]:
        if wish.stage is Stage.NAMED:
            return {wish.to: 0} if wish.to is not None and wish.to in self.present else {}
        members: dict[AgentId, int] = {}
        for alike in self._alike.values():
            example = self.present[alike[0]].agent
            if wish.admits(example):
                members.update(dict.fromkeys(alike, wish.unmet(example)))
        return members

    def reserve(self, agent: AgentId, weight: int) -> None:
        self.room[agent] -= weight
        self.left -= weight

    def rank(self, agent: AgentId, unmet: int) -> Rank:
        """The lower, the better."""
        standing = self.present[agent]
        capacity = standing.agent.capacity
        used = 1.0 - self.room[agent] / capacity if capacity else 1.0
        return unmet, used, standing.taken_at or _EVER, agent


class Pool:
    """``members`` are all who suit, with room or without, and how much they lack."""

    def __init__(self, floor: Floor, wish: Wish, members: dict[AgentId, int]) -> None:
        self._floor = floor
        self._weight = wish.weight
        self.members = members
        self._heap: list[Rank] | None = None

    def anybody_but(self, tried: Collection[AgentId]) -> bool:
        return any(agent not in tried for agent in self.members)

    def take(self, count: int | None, without: Collection[AgentId]) -> list[AgentId]:
        """The best ``count`` (None: all) with room, leaving out ``without``; their room is reserved.

        Ranks in the heap may be old: room only shrinks during a pass, so an old rank is corrected when it comes up.
        """
        floor, weight = self._floor, self._weight
        if floor.left < weight:
            return []
        heap = self._ready()
        taken: list[AgentId] = []
        aside: list[AgentId] = []
        while heap and (count is None or len(taken) < count):
            agent = heap[0][3]
            if floor.room[agent] < weight:
                heapq.heappop(heap)
            elif heap[0] != (rank := floor.rank(agent, self.members[agent])):
                heapq.heapreplace(heap, rank)
            else:
                heapq.heappop(heap)
                if agent in without:
                    aside.append(agent)
                else:
                    taken.append(agent)
                    floor.reserve(agent, weight)
        for agent in (*aside, *taken):
            heapq.heappush(heap, floor.rank(agent, self.members[agent]))
        return taken

    def _ready(self) -> list[Rank]:
        if self._heap is None:
            room = self._floor.room
            self._heap = [self._floor.rank(a, lacks) for a, lacks in self.members.items() if room[a] >= self._weight]
            heapq.heapify(self._heap)
        return self._heap


_Kind = tuple[str, str, frozenset[str], frozenset[str], frozenset[str]]


def _kind(agent: Agent) -> _Kind:
    return agent.role, agent.availability, agent.skills, agent.languages, agent.teams
