"""The breaker leaves a failing model alone, tries it with one turn at a time, and closes when it is well."""

from __future__ import annotations

from actions.breaker import Breaker


def test_a_single_failure_changes_nothing() -> None:
    breaker = Breaker(failures=2)
    breaker.failed()
    assert breaker.allows()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()


def test_after_the_pause_one_turn_tries_and_the_others_wait_for_it() -> None:
    now = [0.0]
    breaker = Breaker(failures=1, seconds=10, monotonic=lambda: now[0])
    breaker.failed()
    assert not breaker.allows()
    now[0] = 10.0
    assert breaker.allows()
    assert not breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    now[0] = 20.0
    assert breaker.allows()
    breaker.gave_up()
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()
