"""Shows customers on platforms that we read and write: beside the outbox, for it carries no words and may be lost.

At most one at a time for each person, and one in four seconds, which is less than any platform's dots last.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Counter

from bot.channels.channel import Answer, Call, Channel
from bot.channels.sending import Book, Calls
from handover.conversation import Conversation
from handover.errors import SwitchboardError
from handover.inboxes import WEB, channel_of
from handover.limits import Now
from handover.ports import Records

log = structlog.get_logger(__name__)

_EVERY = 4.0  # seconds
_REMEMBERED = 10_000  # conversations
_AT_ONCE = 20  # calls that have not ended; more are left out


@dataclass(slots=True)
class _Lately:
    at: float = float("-inf")
    seen: str | None = None


class Courtesies:
    """``told`` is a listener of `handover.attention.Attention`."""

    def __init__(
        self,
        records: Records,
        book: Book,
        channels: Mapping[str, Channel],
        calls: Calls,
        now: Now,
        registry: CollectorRegistry,
    ) -> None:
        self._records = records
        self._book = book
        self._channels = channels
        self._calls = calls
        self._now = now
        self._lately: OrderedDict[str, _Lately] = OrderedDict()
        self._under_way: set[asyncio.Task[None]] = set()
        self._count = Counter(
            "switchboard_courtesies", "Typing and seen marks sent to platforms.", ["outcome"], registry=registry
        )

    def told(self, conversation: Conversation, writing: bool) -> None:
        """Somebody reads or writes in ``conversation``."""
        name = channel_of(conversation.inbox)
        if name == WEB or name not in self._channels or len(self._under_way) >= _AT_ONCE:
            return
        lately = self._lately.setdefault(conversation.id, _Lately())
        self._lately.move_to_end(conversation.id)
        if len(self._lately) > _REMEMBERED:
            self._lately.popitem(last=False)
        if writing and self._now() - lately.at < _EVERY:
            return
        if writing:
            lately.at = self._now()
        task = asyncio.create_task(self._show(conversation, self._channels[name], lately, writing))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    @property
    def under_way(self) -> int:
        """How many calls have not ended."""
        return len(self._under_way)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _show(self, conversation: Conversation, channel: Channel, lately: _Lately, writing: bool) -> None:
        try:
            calls = await self._calls_for(conversation, channel, lately, writing)
        except SwitchboardError:
            self._count.labels("failed").inc()
            return
        for call in calls:
            answer = await self._calls.call(call)
            well = isinstance(answer, Answer) and answer.status < 400
            self._count.labels("shown" if well else "failed").inc()

    async def _calls_for(
        self, conversation: Conversation, channel: Channel, lately: _Lately, writing: bool
    ) -> Sequence[Call]:
        inbox = await self._book.get(conversation.inbox)
        async with self._records.reading() as tx:
            whose = await tx.intake.whose(inbox.id, conversation.customer)
        if whose is None or whose.blocked_at is not None or inbox.paused_at is not None or not inbox.enabled:
            return ()
        calls, last = [], whose.last_message
        if channel.ability.seen and last is not None and last != lately.seen:
            lately.seen = last
            calls.append(channel.seen(inbox, whose.external_id, last))
        if writing and channel.ability.typing:
            calls.append(channel.typing(inbox, whose.external_id, thread=whose.thread, last=last))
        return tuple({call.path: call for call in calls if call is not None}.values())
