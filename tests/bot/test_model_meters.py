"""The model's calls are counted by how they ended, and words that are not ours make no labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from bot.dialogue import ModelCall
from bot.model_meters import ModelMeters
from bot.rasa_reading import calls_of


def test_calls_tokens_and_fallbacks_are_counted() -> None:
    registry = CollectorRegistry()
    meters = ModelMeters(registry)
    calls = [ModelCall("timeout", 8.0), ModelCall("ok", 1.5, 0.4, 120, 30), ModelCall("a word of theirs", -1.0)]
    meters.counted("reply", calls, ["timeout", "fenced", "another word"])
    meters.counted("copilot", [ModelCall("ok", 2.0)], ["no_text"])
    for name, labels, value in (
        ("calls_total", {"work": "reply", "outcome": "timeout"}, 1),
        ("calls_total", {"work": "reply", "outcome": "ok"}, 1),
        ("calls_total", {"work": "reply", "outcome": "other"}, 1),
        ("calls_total", {"work": "copilot", "outcome": "ok"}, 1),
        ("seconds_sum", {"work": "reply"}, 9.5),
        ("first_token_seconds_count", {"work": "reply"}, 1),
        ("tokens_total", {"work": "reply", "direction": "in"}, 120),
        ("tokens_total", {"work": "reply", "direction": "out"}, 30),
        ("fallbacks_total", {"work": "reply", "reason": "timeout"}, 1),
        ("fallbacks_total", {"work": "reply", "reason": "other"}, 1),
        ("fallbacks_total", {"work": "reply", "reason": "fenced"}, None),
        ("fallbacks_total", {"work": "copilot", "reason": "no_text"}, None),
    ):
        assert registry.get_sample_value(f"switchboard_model_{name}", labels) == value, (name, labels)


def test_what_an_action_tells_of_its_calls_is_read_and_what_is_odd_is_left_out() -> None:
    told = {"outcome": "ok", "seconds": 1.5, "first": 0.4, "tokens_in": 120, "tokens_out": 30}
    odd = {"outcome": "ok", "seconds": 2, "first": "soon", "tokens_in": True, "tokens_out": None}
    assert calls_of([told, odd, 5, {"outcome": "ok"}, {"outcome": 1, "seconds": 1}]) == [
        ModelCall("ok", 1.5, 0.4, 120, 30),
        ModelCall("ok", 2),
    ]
    assert calls_of(None) == []
