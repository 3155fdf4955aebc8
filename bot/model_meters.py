"""What is counted of the language model, for `/metrics`: each call that an action tells of beside its reply.

A call whose turn was given up, or whose action never answered, is not told of: traces show those (`bot.tracing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.dialogue import ModelCall

# reply: for a customer; copilot: a summary, a suggestion or a rewrite for an agent.
Work = Literal["reply", "copilot"]

# What an action may call the outcome of a call, and the reason it wrote without the model; see `bot.dialogue`.
_FAILURES = frozenset(
    (
        *("timeout", "stalled", "rate_limited", "server_error", "connection"),
        *("cut", "garbage", "empty", "too_long", "refused"),
    )
)
_OUTCOMES = _FAILURES | {"ok", "given_up"}
_REASONS = _FAILURES | {"breaker_open", "no_time", "invented"}
# Not fallbacks: the turn may not speak any more; there was nothing to rewrite.
_NO_FALLBACKS = frozenset({"fenced", "no_text"})

# Seconds. Half a second to the first word feels quick; a turn has a deadline of some fifteen.
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


class ModelMeters:
    """Counters and histograms of one service, on its registry; alone on a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        on = registry or CollectorRegistry()
        self._calls = Counter(
            "switchboard_model_calls", "Calls of the model, by work and by how they ended.", ["work", "outcome"],
            registry=on,
        )  # fmt: skip
        self._seconds = Histogram(
            "switchboard_model_seconds", "Seconds that calls of the model took in all, however they ended.", ["work"],
            buckets=_BUCKETS, registry=on,
        )  # fmt: skip
        self._first = Histogram(
            "switchboard_model_first_token_seconds", "Seconds until the model's first words, where any came.", ["work"],
            buckets=_BUCKETS, registry=on,
        )  # fmt: skip
        self._tokens = Counter(
            "switchboard_model_tokens", "Tokens read by the model (in) and written by it (out), as it counts them.",
            ["work", "direction"], registry=on,
        )  # fmt: skip
        self._fallbacks = Counter(
            "switchboard_model_fallbacks", "Texts written without the model although there is one, by the reason.",
            ["work", "reason"], registry=on,
        )  # fmt: skip

    def counted(self, work: Work, calls: Sequence[ModelCall], fallback_reasons: Iterable[str] = ()) -> None:
        """What one action told. Words that are not ours count as ``other``, so that labels stay few."""
        for call in calls:
            self._calls.labels(work, call.outcome if call.outcome in _OUTCOMES else "other").inc()
            self._seconds.labels(work).observe(max(0.0, call.seconds))
            if call.first is not None:
                self._first.labels(work).observe(max(0.0, call.first))
            for direction, tokens in (("in", call.tokens_in), ("out", call.tokens_out)):
                if tokens is not None:
                    self._tokens.labels(work, direction).inc(max(0, tokens))
        for reason in fallback_reasons:
            if reason not in _NO_FALLBACKS:
                self._fallbacks.labels(work, reason if reason in _REASONS else "other").inc()
