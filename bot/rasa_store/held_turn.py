"""The tracker of a turn that came with its request and goes with its answer: no store is asked, no lock is taken.

Our channel (`bot.rasa_store.turn_channel`) holds it for as long as the turn lasts, in the task of the request: our
stores look here first. So two turns of one conversation, of which one was given up, know nothing of each other, and
of several Rasa processes any may have the next turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_turn: ContextVar[HeldTurn | None] = ContextVar("turn", default=None)


class HeldTurn:
    """``tracker`` is that of ``sender``: what was given at first, then what Rasa saved last."""

    def __init__(self, sender: str, tracker: Any) -> None:
        self.sender = sender
        self.tracker = tracker


@contextmanager
def holding(sender: str, tracker: Any) -> Iterator[HeldTurn]:
    """Hold the tracker of a turn that is taken within the block."""
    turn = HeldTurn(sender, tracker)
    token = _turn.set(turn)
    try:
        yield turn
    finally:
        _turn.reset(token)


def held(sender: str) -> HeldTurn | None:
    """The turn of ``sender`` that is being taken here, by whoever asks; None for anybody else."""
    turn = _turn.get()
    return turn if turn is not None and turn.sender == sender else None
