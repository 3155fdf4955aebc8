"""Parts of the agents' frames: who works at the desk, who the customer is, and the newest line."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from handover.entries import AuthorKind
from handover.frames import Frame, Offset

AvailabilityState = Literal["online", "busy", "offline"]


class AgentPart(Frame):
    """Somebody at the desk. ``capacity`` and ``held`` are in slots; a list row leaves out what stands after them."""

    id: str
    name: str
    role: Literal["admin", "lead", "agent"]
    availability: AvailabilityState
    capacity: int
    held: int | None = None
    skills: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None


class CustomerPart(Frame):
    """``contact`` is the same for customers whom an agent joined; ``blocked``: nothing reaches them in this inbox."""

    id: str
    name: str | None = None
    email: str | None = None
    profile: dict[str, str] = Field(default_factory=dict)
    contact: str | None = None
    blocked: bool = False


class TemplatePart(Frame):
    """A message the platform has approved beforehand, and what stands in its places, in their order.

    Names have at most 512 characters and a body 1024 (WhatsApp, "Message templates").
    """

    name: Annotated[str, Field(min_length=1, max_length=512)]
    language: Annotated[str, Field(min_length=1, max_length=16)]
    parameters: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=1_024)], ...], Field(max_length=20)] = ()


class LastEntryPart(Frame):
    offset: Offset
    author: AuthorKind
    text: str
    at: datetime
