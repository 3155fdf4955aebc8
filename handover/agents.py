"""An agent: a person who answers customers. Sign-in lives in `handover.accounts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handover.entries import AgentId

Role = Literal["admin", "agent"]
AvailabilityState = Literal["online", "busy", "offline"]


@dataclass(frozen=True, slots=True)
class Agent:
    """``availability`` is the agent's own choice, never changed by a socket; ``capacity`` counts conversations."""

    id: AgentId
    email: str
    name: str
    role: Role = "agent"
    availability: AvailabilityState = "offline"
    capacity: int = 4
