"""Which words are taken when more want an answer of the bot than it can give soon: the refusal comes before the record.

What was acknowledged is answered or offered to a person; so what cannot be answered within a bounded time must not be
acknowledged. Never refused: words that need no turn of the bot (a person has the conversation, or is waited for), words
where a turn is owed already, and words that may ask for a person or speak of what is a person's by rule.

How long the line may be depends on how long it has been so: a rush may fill all of it, for it drains again. A line
that stays is no use to anybody: as many turns end in a second with a short one, while everybody in a long one waits,
says more meanwhile, and may be answered too late. (CoDel, RFC 8289, tells the two apart in the same way.)
"""

from __future__ import annotations

import random
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.buttons import RESERVED
from handover.desk import CustomerMessage
from handover.entries import ConversationId
from handover.errors import Busy
from handover.ports import Clock
from handover.topics import Topic

_WORDS = (
    "So many people are writing to us that the assistant cannot take this message yet. "
    "It has not been sent. You can ask for a person at any time."
)
# Wider than what the policy takes for the wish for a person: whoever may mean one is let in.
_A_PERSON = re.compile(
    r"\b(human|person|people|agents?|representatives?|advis[eo]rs?|colleagues?|employees?|staff|manager|"
    r"supervisor|(some|any)(one|body)|real)\b",
    re.IGNORECASE,
)
_SHORTEST, _LONGEST = 2.0, 30.0  # seconds of a hint when to come again
_ROOM = 10_000  # conversations that are remembered as refused
# Of the longest line: a line longer than this that has been so for this long stays; it may be no longer than this then.
_STAYS = 1 / 5


class TurnLine(Protocol):
    """The line before the bot: `bot.turns.Turns` in the service."""

    @property
    def wait(self) -> float: ...

    def has(self, conversation: ConversationId) -> bool: ...


# Whether words said there now would need one more turn of the bot: `handover.reading.Reading.needs_a_turn`.
NeedsATurn = Callable[[ConversationId, str], Awaitable[bool]]


class Admission:
    """One per process. ``longest``: seconds; ``refused`` is called for each refusal; ``spread`` gives 0 to 1."""

    def __init__(
        self,
        line: TurnLine,
        needs_a_turn: NeedsATurn,
        *,
        longest: float,
        topics: tuple[Topic, ...],
        clock: Clock,
        refused: Callable[[], None] = lambda: None,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._line = line
        self._needs_a_turn = needs_a_turn
        self._longest = longest
        self._long_since: float | None = None  # the line was longer than the shorter bound from then on
        self._topics = topics
        self._clock = clock
        self._refused = refused
        self._spread = spread
        # What was refused last, and until when: what the customer wrote after it must not overtake it.
        self._put_off: OrderedDict[ConversationId, tuple[str, float]] = OrderedDict()

    async def admit(self, conversation: ConversationId, said: CustomerMessage, *, shown_bot: bool = False) -> None:
        """Returns when ``said`` may be recorded. Raises Busy, Unavailable, NotFound.

        ``shown_bot``: the customer's page shows that the bot has control, which is enough to refuse a message once:
        whatever drowns the bot may drown the record, too. What comes again is asked of the record.
        """
        wait, left = self._line.wait, self._left(conversation, said)
        bound = self._bound(wait)
        if (wait <= bound and left <= 0) or not await self._may_refuse(conversation, said, shown_bot):
            self._put_off.pop(conversation, None)
            return
        self._refused()
        if left <= 0:
            left = min(max(wait - bound, _SHORTEST) * (1 + self._spread() / 2), _LONGEST)
            self._put_off[conversation] = (said.client_id, self._clock.monotonic() + left)
            if len(self._put_off) > _ROOM:
                self._put_off.popitem(last=False)
        raise Busy(_WORDS, retry_after=max(0.1, round(left, 1)))

    def _bound(self, wait: float) -> float:
        """Seconds that the line may be long now, which is ``wait`` long."""
        now, short = self._clock.monotonic(), self._longest * _STAYS
        if wait <= short / 2:  # not at once when it is shorter again: it is kept at that bound while it stays
            self._long_since = None
        elif wait > short and self._long_since is None:
            self._long_since = now
        stays = self._long_since is not None and now - self._long_since >= short
        return short if stays else self._longest

    def _left(self, conversation: ConversationId, said: CustomerMessage) -> float:
        """Seconds until earlier words of this conversation may come again; 0 when there are none."""
        client_id, until = self._put_off.get(conversation, (said.client_id, 0.0))
        return 0.0 if client_id == said.client_id else until - self._clock.monotonic()

    async def _may_refuse(self, conversation: ConversationId, said: CustomerMessage, shown_bot: bool) -> bool:
        if self._line.has(conversation):
            return False
        if said.payload in RESERVED or _A_PERSON.search(said.text) or any(t.is_in(said.text) for t in self._topics):
            return False
        again = self._put_off.get(conversation, ("", 0.0))[0] == said.client_id
        return (shown_bot and not again) or await self._needs_a_turn(conversation, said.client_id)
