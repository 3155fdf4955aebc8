"""Offers and agents as the matcher sees them, for tests of who is rung."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from handover.agents import Agent, AvailabilityState, Role
from handover.entries import AgentId, ConversationId
from handover.matcher import Rules, Standing, match
from handover.wanted import Wanted

AT = datetime(2026, 1, 5, tzinfo=UTC)


LEASE = timedelta(seconds=45)


RULES = Rules(ring_at=3, escalate_after=3, lease=LEASE, transfer_lease=timedelta(seconds=60))


def offer(name: str = "o", **given: Any) -> Wanted:
    parts = {
        "conversation": ConversationId(f"c-{name}"),
        "epoch": 2,
        "made_at": AT,
        "expires_at": AT + LEASE,
        "deadline": AT + timedelta(minutes=5),
        "weight": 2,
        **given,
    }
    return Wanted(id=name, **parts)


def standing(
    name: str,
    state: AvailabilityState = "online",
    *,
    here: bool = True,
    held: int = 0,
    role: Role = "agent",
    capacity: int = 4,
    skills: str = "",
    languages: str = "",
    teams: str = "",
    taken: int | None = None,
) -> Standing:
    able = {"skills": frozenset(skills.split()), "languages": frozenset(languages.split())}
    who = Agent(
        AgentId(name), f"{name}@example.com", name, role, state, capacity, teams=frozenset(teams.split()), **able
    )
    return Standing(who, here, held, None if taken is None else AT + timedelta(seconds=taken))


def rung(waiting: Wanted | Sequence[Wanted], standings: Sequence[Standing], rules: Rules = RULES) -> Any:
    """Who rings after a pass: of one offer, or of each by its name."""
    several = [waiting] if isinstance(waiting, Wanted) else waiting
    now = {one.id: one for one in several} | {one.id: one for one in match(several, standings, rules, AT)}
    return now[waiting.id].ringing if isinstance(waiting, Wanted) else {name: now[name].ringing for name in now}
