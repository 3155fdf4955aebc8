"""What is counted of the bot's turns, for `/metrics`: how long each stage took, how they ended, and why they failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.model_meters import ModelMeters
from handover.evidence import Decision, Evidence
from handover.ports import Clock

# wait: the customer's first unanswered words until the turn begins; dialogue: Rasa, actions and model together;
# weigh: evidence and decision; record: the transaction that says the reply.
Stage = Literal["wait", "dialogue", "weigh", "record"]

_KINDS = ("timeout", "empty", "down", "garbage", "fenced")  # of `bot.dialogue.DialogueFailed`

# Seconds. A turn has a deadline of some twenty; a customer notices half a second.
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class TurnMeters:
    """Counters and histograms of one service, on its registry; alone on a registry of its own."""

    def __init__(self, clock: Clock, registry: CollectorRegistry | None = None) -> None:
        self._clock = clock
        on = registry or CollectorRegistry()
        self.models = ModelMeters(on)
        self._seconds = Histogram(
            "switchboard_turn_seconds", "Seconds that each stage of a bot turn took.", ["stage"],
            buckets=_BUCKETS, registry=on,
        )  # fmt: skip
        self._turns = Counter(
            "switchboard_turns", "Bot turns, by how they ended: committed, superseded, fenced or left unfinished.",
            ["outcome"], registry=on,
        )  # fmt: skip
        self._decisions = Counter(
            "switchboard_decisions", "What was decided of finished turns, and why a person was needed.",
            ["decision", "reason"], registry=on,
        )  # fmt: skip
        self._failures = Counter(
            "switchboard_dialogue_failures", "Times the dialogue gave no answer, by kind; each try counts.",
            ["kind"], registry=on,
        )  # fmt: skip
        for kind in _KINDS:
            self._failures.labels(kind)  # there from the start: a rate sees the first failure, too
        self._replies = Counter(
            "switchboard_replies_written", "Replies by what wrote them: openai, offline, or none (a fixed response).",
            ["provider"], registry=on,
        )  # fmt: skip
        self._put_off = Counter(
            "switchboard_messages_put_off",
            "Times a message was not recorded because too many conversations wait for the bot.", registry=on,
        )  # fmt: skip

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Counts the time of the block, also when it raises."""
        began = self._clock.monotonic()
        try:
            yield
        finally:
            self.took(stage, self._clock.monotonic() - began)

    def took(self, stage: Stage, seconds: float) -> None:
        """``seconds`` below zero, from clocks that differ, count as none."""
        self._seconds.labels(stage).observe(max(0.0, seconds))

    def ended(self, outcome: str) -> None:
        self._turns.labels(outcome).inc()

    def put_off(self) -> None:
        """A customer, or a platform's message, was told to come again."""
        self._put_off.inc()

    def failed(self, kind: str) -> None:
        self._failures.labels(kind).inc()

    def decided(self, evidence: Evidence, decision: Decision) -> None:
        """A turn was weighed."""
        self._decisions.labels(decision.outcome, decision.reason or "none").inc()
        if evidence.reply is not None:
            self._replies.labels(evidence.provider or "none").inc()
