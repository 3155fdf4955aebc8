"""The range a waiting customer is told: when there is none, what it is made of, and that simulated days bear it out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.entries import ConversationId
from handover.waits import FEWEST, LONGEST, Outlook, Past, Staffing, Wait, WaitEnd, WaitRange, friendly, quantile
from handover.waits_memory import past_of
from tests.handover.measure_waits import SCENES, measure
from tests.support.simulated_desk import Scene

QUICK = tuple(float(n) for n in range(4, 44))
TEN_MINUTES = tuple(60.0 * n for n in range(1, 20))


def test_somebody_with_room_takes_as_long_as_they_took_lately() -> None:
    outlook = Outlook(Staffing(free=3, ages=(), agents=2), Past(QUICK, TEN_MINUTES))
    assert outlook.of(1) == outlook.of(3) == WaitRange(0, 45)


def test_who_has_waited_longer_than_anybody_lately_is_told_nothing() -> None:
    outlook = Outlook(Staffing(free=1, ages=(), agents=1), Past(QUICK, TEN_MINUTES))
    assert outlook.of(1, waited=20) == WaitRange(0, 30)
    assert outlook.of(1, waited=60) is None


def test_the_line_moves_as_conversations_end() -> None:
    outlook = Outlook(Staffing(free=0, ages=(0.0, 120.0, 600.0, 900.0), agents=2), Past(QUICK, TEN_MINUTES))
    first, third, tenth = outlook.of(1), outlook.of(3), outlook.of(10)
    assert first is not None
    assert third is not None
    assert tenth is not None
    assert first.high <= 9 * 60
    assert first.high <= third.high < tenth.high
    assert third.low < tenth.low
    assert 15 * 60 < (tenth.low + tenth.high) / 2 < 30 * 60  # ten endings at four in ten minutes


def test_the_room_there_is_goes_to_those_ahead() -> None:
    past = Past(QUICK, TEN_MINUTES)
    second = Outlook(Staffing(free=1, ages=(), agents=1), past).of(2)
    assert second == Outlook(Staffing(free=0, ages=(0.0,), agents=1), past).of(1)
    assert second is not None


def test_a_conversation_that_is_about_to_end_shortens_the_wait() -> None:
    past = Past(QUICK, tuple(500.0 + n for n in range(100)))
    new, old = (Outlook(Staffing(0, (age,), 1), past).of(1) for age in (10.0, 540.0))
    assert new is not None
    assert old is not None
    assert new.low >= 5 * 60
    assert old.high <= 3 * 60


def test_those_ahead_who_give_up_shorten_the_wait() -> None:
    staffing = Staffing(0, (10.0, 200.0), 2)
    patient = Outlook(staffing, Past(QUICK, TEN_MINUTES)).of(12)
    hasty = Outlook(staffing, Past(QUICK, TEN_MINUTES, giving_up=1 / 600)).of(12)
    assert patient is not None
    assert hasty is not None
    assert hasty.high < patient.high


@pytest.mark.parametrize(
    ("staffing", "past"),
    [
        (Staffing(0, (), 0), Past(QUICK, TEN_MINUTES)),  # nobody is there
        (Staffing(2, (), 1), Past(QUICK[: FEWEST - 1], TEN_MINUTES)),  # too few answers are known
        (Staffing(0, (30.0,), 1), Past(QUICK, TEN_MINUTES[: FEWEST - 1])),  # too few conversations are known
        (Staffing(0, (), 1), Past(QUICK, TEN_MINUTES)),  # somebody without any room, who holds nothing
        (Staffing(0, (30.0,), 1), Past(QUICK, tuple(2.0 * LONGEST + n for n in range(20)))),  # too long
    ],
)
def test_nothing_is_said_when_there_is_nothing_honest_to_say(staffing: Staffing, past: Past) -> None:
    assert Outlook(staffing, past).of(1) is None


def test_a_clock_that_was_set_back_makes_no_past_and_breaks_no_range() -> None:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)

    def wait(began: float, ended: float, released: float, how: WaitEnd = WaitEnd.TAKEN) -> Wait:
        moments = [at + timedelta(seconds=seconds) for seconds in (began, ended, released)]
        return Wait(ConversationId("c"), 2, moments[0], 1, 1, None, None, moments[1], how, moments[2])

    honest = [wait(0, 10 + n, 300 + 20 * n) for n in range(20)]
    gave_up = [wait(0, 60, 60, WaitEnd.GAVE_UP) for _ in range(4)]
    set_back = [wait(3_600, 5, 3_600 - n) for n in range(20)]
    backwards = [wait(0, 3_600, n) for n in range(20)]
    past = past_of([*honest, *gave_up, *set_back], [*honest, *backwards])
    assert past == past_of([*honest, *gave_up], honest)
    assert all(Outlook(Staffing(0, (5.0,), 1), past).of(place) is not None for place in range(1, 10))


@given(
    place=st.integers(1, 300),
    free=st.integers(0, 5),
    ages=st.lists(st.floats(0, 1e6), max_size=20),
    handling=st.lists(st.floats(0.1, 1e5), max_size=60),
    answers=st.lists(st.floats(0, 1e5), max_size=60),
    giving_up=st.floats(0, 1),
)
def test_a_range_is_whole_and_never_upside_down(
    place: int, free: int, ages: list[float], handling: list[float], answers: list[float], giving_up: float
) -> None:
    past = Past(tuple(sorted(answers)), tuple(sorted(handling)), giving_up)
    found = Outlook(Staffing(free, tuple(ages), 1), past).of(place)
    assert found is None or 0 <= found.low < found.high <= LONGEST + 600


def test_ranges_are_rounded_outwards_to_steps_that_people_think_in() -> None:
    assert friendly(7, 12) == WaitRange(0, 15)
    assert friendly(50, 130) == WaitRange(45, 180)
    assert friendly(130, 16 * 60) == WaitRange(120, 20 * 60)


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile((1.0, 2.0, 4.0), 0.5) == 2.0
    assert quantile((1.0, 2.0, 4.0), 0.75) == 3.0
    assert quantile((5.0,), 0.9) == 5.0


@pytest.mark.parametrize("scene", SCENES[1:5] + SCENES[6:8] + SCENES[9:11], ids=lambda scene: scene.name)
def test_simulated_waits_fall_in_the_range_and_it_is_narrow_enough_to_be_of_use(scene: Scene) -> None:
    measured = measure(scene, days=5)
    assert measured.queued > 100
    assert measured.inside >= 0.8
    assert measured.inside_at_once >= 0.8
    assert measured.width < 0.8 * measured.one_for_all
