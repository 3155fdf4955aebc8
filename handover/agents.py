"""An agent: a person who answers customers. Sign-in lives in `handover.accounts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handover.entries import AgentId

# Who holds a conversation that somebody answers in the platform's own app: no account, never offered anything.
OUTSIDE = AgentId("external")

Role = Literal["admin", "lead", "agent"]
AvailabilityState = Literal["online", "busy", "offline"]


@dataclass(frozen=True, slots=True)
class Agent:
    """``availability`` is the agent's own choice, never changed by a socket. ``capacity`` is in slots.

    A lead is called when an offer finds nobody else. Who names no ``languages`` is taken to speak any.
    """

    id: AgentId
    email: str
    name: str
    role: Role = "agent"
    availability: AvailabilityState = "offline"
    capacity: int = 8
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
