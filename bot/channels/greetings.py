"""The first line of a conversation on each channel: that an AI speaks, and how to reach a person, in its own form.

Messenger's and Instagram's rules for automated experiences ask for both.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.buttons import ASK_FOR_HUMAN
from bot.channels.channel import Ability
from handover.entries import Button

TITLE = "Talk to a person"  # 16 characters: fits every platform's buttons
_IN_WORDS = "Write “person” at any time to talk to a person."


@dataclass(frozen=True, slots=True)
class Greeting:
    text: str
    buttons: tuple[Button, ...] = ()


def greeting_of(ability: Ability, words: str) -> Greeting:
    """``words`` say that an AI speaks; a button, or the words to write, lead to a person."""
    if ability.buttons:
        return Greeting(words, (Button(TITLE, ASK_FOR_HUMAN),))
    return Greeting(f"{words} {_IN_WORDS}")
