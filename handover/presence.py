"""Which agents look at a conversation and which of them write, in any process. Ephemeral: nothing of it is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from handover.agent_frames import PresenceFrame
from handover.entries import AgentId, ConversationId
from handover.marks import PASSING_SECONDS, Mark, Marks
from handover.ports import Told
from handover.screens import desk_topic, told

# Screens drop "is writing" after six seconds; a repeat comes at most every two.
TYPING_SECONDS = PASSING_SECONDS
_REPEAT_SECONDS = 2.0
_VIEWING, _TYPING = "viewing", "typing"


class Presence:
    """Counts screens per agent, so that a second window closing does not hide the first.

    ``marks`` are how processes know of each other's screens; when those change, ``tell_here`` tells the screens of
    this process. Each process tells its own: a frame made elsewhere could be older than what is known here.
    """

    def __init__(
        self,
        now: Callable[[], float],
        marks: Marks | None = None,
        tell_here: Callable[[Told], None] = lambda told: None,
    ) -> None:
        self._now = now
        self._marks = marks or Marks(now)
        self._tell_here = tell_here
        self._viewing: defaultdict[ConversationId, Counter[AgentId]] = defaultdict(Counter)
        self._typing: defaultdict[ConversationId, dict[AgentId, float]] = defaultdict(dict)
        self._marks.on_change(_VIEWING, self._changed_elsewhere)
        self._marks.on_change(_TYPING, self._changed_elsewhere)

    def opened(self, conversation: ConversationId, agent: AgentId) -> None:
        """A screen of ``agent`` shows the conversation."""
        self._viewing[conversation][agent] += 1
        self._marks.put(Mark(_VIEWING, conversation, agent))

    def closed(self, conversation: ConversationId, agent: AgentId) -> None:
        """A screen of ``agent`` stopped showing it."""
        viewing = self._viewing[conversation]
        viewing[agent] -= 1
        if viewing[agent] <= 0:
            del viewing[agent]
            self._marks.drop(Mark(_VIEWING, conversation, agent))
            self.said(conversation, agent)
        if not viewing:
            self._viewing.pop(conversation, None)
            self._typing.pop(conversation, None)

    def types(self, conversation: ConversationId, agent: AgentId) -> bool:
        """``agent`` writes. False when that was told a moment ago and need not be told again."""
        last = self._typing[conversation].get(agent, float("-inf"))
        if self._now() - last < _REPEAT_SECONDS:
            return False
        self._typing[conversation][agent] = self._now()
        self._marks.passing(Mark(_TYPING, conversation, agent))
        return True

    def said(self, conversation: ConversationId, agent: AgentId) -> None:
        """What ``agent`` was writing is sent."""
        if self._typing.get(conversation, {}).pop(agent, None) is not None:
            self._marks.drop(Mark(_TYPING, conversation, agent))

    def frame(self, conversation: ConversationId) -> PresenceFrame:
        """Agent ids, in order, as screens are told."""
        oldest = self._now() - TYPING_SECONDS
        typing = {agent for agent, at in self._typing.get(conversation, {}).items() if at > oldest}
        viewing = self._viewing.get(conversation, Counter())
        return PresenceFrame(
            conversation=conversation,
            viewing=tuple(sorted(self._marks.others(_VIEWING, conversation).union(viewing))),
            typing=tuple(sorted(self._marks.others(_TYPING, conversation) | typing)),
        )

    def _changed_elsewhere(self, subject: str) -> None:
        conversation = ConversationId(subject)
        if conversation in self._viewing:
            self._tell_here(told(desk_topic(conversation), self.frame(conversation)))
