"""Which agents look at a conversation and which of them write. Ephemeral: nothing of it is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from handover.agent_frames import PresenceFrame
from handover.entries import AgentId, ConversationId

# Screens drop "is writing" after six seconds; a repeat comes at most every two.
TYPING_SECONDS = 6.0
_REPEAT_SECONDS = 2.0


class Presence:
    """Counts screens per agent, so that a second window closing does not hide the first."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._viewing: defaultdict[ConversationId, Counter[AgentId]] = defaultdict(Counter)
        self._typing: defaultdict[ConversationId, dict[AgentId, float]] = defaultdict(dict)

    def opened(self, conversation: ConversationId, agent: AgentId) -> None:
        """A screen of ``agent`` shows the conversation."""
        self._viewing[conversation][agent] += 1

    def closed(self, conversation: ConversationId, agent: AgentId) -> None:
        """A screen of ``agent`` stopped showing it."""
        viewing = self._viewing[conversation]
        viewing[agent] -= 1
        if viewing[agent] <= 0:
            del viewing[agent]
            self._typing[conversation].pop(agent, None)
        if not viewing:
            self._viewing.pop(conversation, None)
            self._typing.pop(conversation, None)

    def types(self, conversation: ConversationId, agent: AgentId) -> bool:
        """``agent`` writes. False when that was told a moment ago and need not be told again."""
        last = self._typing[conversation].get(agent, float("-inf"))
        if self._now() - last < _REPEAT_SECONDS:
            return False
        self._typing[conversation][agent] = self._now()
        return True

    def said(self, conversation: ConversationId, agent: AgentId) -> None:
        """What ``agent`` was writing is sent."""
        self._typing.get(conversation, {}).pop(agent, None)

    def frame(self, conversation: ConversationId) -> PresenceFrame:
        """Agent ids, in order, as screens are told."""
        oldest = self._now() - TYPING_SECONDS
        typing = self._typing.get(conversation, {})
        return PresenceFrame(
            conversation=conversation,
            viewing=tuple(sorted(self._viewing.get(conversation, ()))),
            typing=tuple(sorted(agent for agent, at in typing.items() if at > oldest)),
        )
