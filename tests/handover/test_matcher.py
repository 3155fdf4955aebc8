"""Who is rung for an offer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from handover.agents import Agent, AvailabilityState
from handover.entries import AgentId, ConversationId
from handover.evidence import Reason
from handover.matcher import Standing, audience, desk_open
from handover.stored import Offer

AT = datetime(2026, 1, 5, tzinfo=UTC)
OFFER = Offer("o", ConversationId("c"), 2, Reason.ASKED, {}, AT, AT)


def standing(name: str, state: AvailabilityState = "online", here: bool = True, held: int = 0) -> Standing:
    return Standing(Agent(AgentId(name), f"{name}@example.com", name, "agent", state, 2), here, held)


ALL = [standing("mia"), standing("tom", "busy"), standing("eve", here=False), standing("ben", held=2)]


def test_only_those_online_here_and_free_are_rung() -> None:
    assert audience(OFFER, ALL) == ("mia",)


def test_an_overdue_offer_rings_at_the_busy_too() -> None:
    assert audience(replace(OFFER, round=2), ALL) == ("mia", "tom")


def test_who_declined_is_not_rung_unless_it_is_overdue_and_nobody_else_is_left() -> None:
    declined = replace(OFFER, declined=frozenset({AgentId("mia")}))
    assert audience(declined, ALL) == ()
    assert audience(replace(declined, round=2), ALL) == ("tom",)
    assert audience(replace(declined, round=2), ALL[:1]) == ("mia",)


def test_a_transfer_rings_at_one() -> None:
    assert audience(replace(OFFER, to=AgentId("tom")), ALL) == ("tom",)
    assert audience(replace(OFFER, to=AgentId("eve")), ALL) == ()


def test_the_desk_is_open_when_somebody_is_online_and_here() -> None:
    assert desk_open(ALL)
    assert not desk_open(ALL[1:3])
