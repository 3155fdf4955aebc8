"""Who is offered what: a pure rule over the agents' standing and the offer's past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handover.agents import Agent
from handover.entries import AgentId
from handover.stored import Offer


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent now: ``here`` when a console is open, ``held`` the conversations under their control."""

    agent: Agent
    here: bool
    held: int

    @property
    def free(self) -> bool:
        return self.here and self.held < self.agent.capacity


def audience(offer: Offer, standings: Sequence[Standing]) -> tuple[AgentId, ...]:
    """The agents an offer rings at.

    A transfer rings at one. Otherwise at everybody online with room who did not decline; once overdue at the busy
    ones too, and when all of those declined, at them again: somebody must see it.
    """
    if offer.to is not None:
        return tuple(s.agent.id for s in standings if s.agent.id == offer.to and s.here)
    states = ("online", "busy") if offer.overdue else ("online",)
    able = [s.agent.id for s in standings if s.free and s.agent.availability in states]
    willing = tuple(agent for agent in able if agent not in offer.declined)
    return willing or (tuple(able) if offer.overdue else ())


def desk_open(standings: Sequence[Standing]) -> bool:
    """Is anybody at the desk, online and with a console open."""
    return any(s.here and s.agent.availability == "online" for s in standings)
