"""Turns are counted by stage, outcome, decision and failure."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from bot.turn_meters import TurnMeters
from handover.evidence import Decision, Evidence, Outcome, Reason
from tests.support.hand_clock import HandClock


def test_each_stage_is_timed_also_when_it_fails() -> None:
    clock, registry = HandClock(), CollectorRegistry()
    meters = TurnMeters(clock, registry)

    def breaks() -> None:
        with meters.timed("record"):
            clock.advance(3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    meters.took("wait", -1)
    assert registry.get_sample_value("switchboard_turn_seconds_sum", {"stage": "record"}) == 3
    assert registry.get_sample_value("switchboard_turn_seconds_sum", {"stage": "wait"}) == 0


def test_what_came_of_turns_is_counted() -> None:
    registry = CollectorRegistry()
    meters = TurnMeters(HandClock(), registry)
    meters.ended("committed")
    assert registry.get_sample_value("switchboard_dialogue_failures_total", {"kind": "timeout"}) == 0
    meters.failed("timeout")
    meters.decided(Evidence(text="hi", reply="Hello", provider="offline"), Decision(Outcome.ANSWER))
    meters.decided(Evidence(text="a person"), Decision(Outcome.HAND_OVER, Reason.ASKED))
    for name, labels in (
        ("turns_total", {"outcome": "committed"}),
        ("dialogue_failures_total", {"kind": "timeout"}),
        ("replies_written_total", {"provider": "offline"}),
        ("decisions_total", {"decision": "answer", "reason": "none"}),
        ("decisions_total", {"decision": "hand_over", "reason": "asked"}),
    ):
        assert registry.get_sample_value(f"switchboard_{name}", labels) == 1, name
