"""What parts make of their line, in every combination."""

from __future__ import annotations

from itertools import product

import pytest

from handover.entries import ConversationId
from handover.outbox_lines import PartRow, PartState, of_line, part_forward
from handover.outcomes import DeliveryState as D


def line(*states: PartState) -> list[PartRow]:
    return [
        PartRow(1, ConversationId("c"), "telegram.1", number, f"k{number}", "p", "words", state)
        for number, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("states", "came"),
    [
        ((), D.QUEUED),
        (("sending",), D.QUEUED),
        (("sent", "queued"), D.QUEUED),
        (("sent", "unknown"), D.UNKNOWN),
        (("read", "sent"), D.SENT),
        (("read", "delivered"), D.DELIVERED),
        (("read", "read"), D.READ),
        (("read", "failed"), D.FAILED),
        (("failed", "queued"), D.FAILED),
    ],
)
def test_a_line_has_come_as_far_as_its_least_part(states: tuple[str, ...], came: D) -> None:
    assert of_line(line(*map(PartState, states)), D.QUEUED) is came


def test_a_line_never_goes_back_whatever_its_parts_say() -> None:
    rank = [D.QUEUED, D.UNKNOWN, D.SENT, D.FAILED, D.DELIVERED, D.READ]
    for before, *states in product(D, PartState, PartState):
        now = of_line(line(*states), before)
        assert rank.index(now) >= rank.index(before)


@pytest.mark.parametrize("told", list(D))
def test_what_is_being_sent_becomes_what_the_platform_says(told: D) -> None:
    assert part_forward(PartState.SENDING, told) == told.value


def test_an_old_report_takes_nothing_from_a_part() -> None:
    assert part_forward(PartState.READ, D.DELIVERED) is PartState.READ
    assert part_forward(PartState.DELIVERED, D.FAILED) is PartState.DELIVERED
    assert part_forward(PartState.FAILED, D.DELIVERED) is PartState.DELIVERED
