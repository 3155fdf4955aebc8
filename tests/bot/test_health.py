"""Readiness: every part is named, a slow or broken one never takes the answer down, and nothing secret is told."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from bot.health import Checks, PartMeters, model_check
from handover.errors import SwitchboardError, Unavailable
from tests.support.hand_clock import HandClock


async def _fine() -> str:
    return "answers"


async def test_one_part_missing_is_not_ready_and_says_which_and_why() -> None:
    async def down() -> str:
        raise Unavailable("Rasa is up but has no model loaded.")

    found = await Checks({"store": _fine, "rasa": down}, HandClock()).readiness()
    assert not found.ready
    assert found.parts["store"].ok
    assert found.parts["rasa"].why == "Rasa is up but has no model loaded."


async def test_a_lost_live_feed_is_named_and_takes_no_replica_out_of_service() -> None:
    async def lost() -> str:
        raise Unavailable("Redis does not answer.")

    found = await Checks({"store": _fine, "live_feed": lost}, HandClock()).readiness()
    assert found.ready
    assert found.degraded
    assert not found.parts["live_feed"].ok
    assert found.parts["live_feed"].why == "Redis does not answer."
    lost_more = await Checks({"store": lost, "live_feed": lost}, HandClock()).readiness()
    assert not lost_more.ready


async def test_a_service_that_misses_nothing_is_not_degraded() -> None:
    found = await Checks({"store": _fine, "live_feed": _fine}, HandClock()).readiness()
    assert (found.ready, found.degraded) == (True, False)


async def test_an_exceptions_text_is_not_shown_because_it_may_hold_a_password() -> None:
    async def broken() -> str:
        raise ConnectionError("postgresql://me:secret@db refused")

    found = await Checks({"store": broken}, HandClock()).readiness()
    assert found.parts["store"].why == "ConnectionError"


async def test_the_parts_are_asked_once_a_second_however_often_somebody_looks() -> None:
    clock, asked = HandClock(), 0

    async def count() -> str:
        nonlocal asked
        asked += 1
        return "answers"

    checks = Checks({"store": count}, clock)
    for _ in range(5):
        assert (await checks.readiness()).ready
    assert asked == 1
    clock.advance(1)
    await checks.readiness()
    assert asked == 2


async def test_the_parts_are_shown_as_metrics_while_nobody_asks() -> None:
    clock, registry, here = HandClock(), CollectorRegistry(), [True]

    async def comes_and_goes() -> str:
        if not here[0]:
            raise Unavailable("Rasa cannot be reached.")
        return "answers"

    meters = PartMeters(Checks({"store": _fine, "rasa": comes_and_goes}, clock), clock, registry)

    def ok(part: str) -> float | None:
        return registry.get_sample_value("switchboard_part_ok", {"part": part})

    await meters.look()
    assert (ok("store"), ok("rasa")) == (1, 1)
    here[0] = False
    clock.advance(15)
    await meters.look()
    assert (ok("store"), ok("rasa")) == (1, 0)


async def test_the_model_part_says_who_writes_the_replies() -> None:
    assert (await model_check("auto", key=False, base_url=None)()).startswith("offline")
    assert (await model_check("auto", key=True, base_url=None)()) == "openai"
    assert (await model_check("offline", key=True, base_url=None)()).startswith("offline")
    with pytest.raises(SwitchboardError, match="OPENAI_API_KEY"):
        await model_check("openai", key=False, base_url=None)()
