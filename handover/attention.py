"""That somebody at our end reads or writes in a conversation: told to whoever shows it to customers elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from handover.conversation import Conversation

Listener = Callable[[Conversation, bool], None]


class Attention:
    """Tells its listeners at once and keeps nothing. A listener must neither block nor raise."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """``listener`` gets the conversation, and whether somebody writes in it (else: has only read it)."""
        self._listeners.append(listener)

    def writes(self, conversation: Conversation) -> None:
        """The bot, or who has control, is writing."""
        for listener in self._listeners:
            listener(conversation, True)

    def reads(self, conversation: Conversation) -> None:
        """What the customer did was seen."""
        for listener in self._listeners:
            listener(conversation, False)
