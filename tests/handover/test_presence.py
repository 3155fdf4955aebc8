"""Presence: who looks at a conversation and who writes, told as often as it is of use."""

from __future__ import annotations

from handover.entries import AgentId, ConversationId
from handover.presence import Presence
from tests.support.hand_clock import HandClock

HERE = ConversationId("c")
ADA, BEN = AgentId("ada"), AgentId("ben")


def test_an_agent_with_two_screens_looks_until_both_are_closed() -> None:
    presence = Presence(HandClock().monotonic)
    presence.opened(HERE, ADA)
    presence.opened(HERE, ADA)
    presence.closed(HERE, ADA)
    assert presence.frame(HERE).viewing == ("ada",)
    presence.closed(HERE, ADA)
    assert presence.frame(HERE).viewing == ()


def test_writing_is_told_at_most_every_two_seconds_and_forgotten_after_six() -> None:
    clock = HandClock()
    presence = Presence(clock.monotonic)
    assert presence.types(HERE, ADA)
    assert not presence.types(HERE, ADA)
    clock.advance(2)
    assert presence.types(HERE, ADA)
    assert presence.types(HERE, BEN)
    assert presence.frame(HERE).typing == ("ada", "ben")
    clock.advance(6.1)
    assert presence.frame(HERE).typing == ()


def test_who_has_sent_writes_no_more() -> None:
    presence = Presence(HandClock().monotonic)
    presence.types(HERE, ADA)
    presence.said(HERE, ADA)
    assert presence.frame(HERE).typing == ()
