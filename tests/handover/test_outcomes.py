"""A line's delivery state only moves forward, whatever platforms report and in whatever order."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from handover.outcomes import DeliveryState, forward

states = st.sampled_from(list(DeliveryState))


@given(st.lists(states, max_size=8), st.randoms())
def test_reports_in_any_order_and_twice_come_to_the_same(told: list[DeliveryState], chance: Random) -> None:
    def after(reports: list[DeliveryState]) -> DeliveryState:
        now = DeliveryState.QUEUED
        for report in reports:
            now = forward(now, report)
        return now

    shuffled = list(told)
    chance.shuffle(shuffled)
    assert after(told) == after(shuffled) == after(told + shuffled)


def test_what_was_read_did_not_fail_and_what_failed_was_more_than_sent() -> None:
    assert forward(DeliveryState.READ, DeliveryState.FAILED) is DeliveryState.READ
    assert forward(DeliveryState.SENT, DeliveryState.FAILED) is DeliveryState.FAILED
    assert forward(DeliveryState.UNKNOWN, DeliveryState.SENT) is DeliveryState.SENT
    assert forward(DeliveryState.SENT, DeliveryState.QUEUED) is DeliveryState.SENT
