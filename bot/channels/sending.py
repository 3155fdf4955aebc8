"""Sends lines of one channel: whom to, in which pieces, in which window, how fast. The gate is its only caller.

See `handover.outbox_lines.ChannelSender`. What is sent when, and once, is `handover.outbox_sending`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.channels import splitting
from bot.channels.button_keys import shortened
from bot.channels.channel import Ability, Answer, Call, Channel, Part, Unanswered
from bot.channels.reading import key_of
from bot.tracing import Fact, Traces
from handover.entries import AuthorKind, Button
from handover.errors import TooMany
from handover.inboxes import Inbox, channel_of
from handover.limits import Limits, Now, RateLimit
from handover.outbox_lines import Line, PartRow, Plan
from handover.outcomes import Outcome, SendResult
from handover.ports import Clock, Records

_WAIT = 1.0  # seconds, where a limit does not say how long


class Calls(Protocol):
    """`bot.channels.calling.Caller` in the service."""

    async def call(self, call: Call) -> Answer | Unanswered: ...


class Book(Protocol):
    """`handover.inbox_book.InboxBook` in the service."""

    async def get(self, inbox: str) -> Inbox:
        """Raises NotFound."""
        ...

    async def pause(self, inbox: str, why: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class SendParts:
    """What senders of every channel work with. ``now`` gives seconds that only rise."""

    records: Records
    book: Book
    calls: Calls
    clock: Clock
    limits: Limits
    now: Now
    traces: Traces = field(default_factory=Traces)


class Sender:
    """Implements `handover.outbox_lines.ChannelSender` for one channel."""

    def __init__(self, channel: Channel, parts: SendParts) -> None:
        self._channel = channel
        self._parts = parts
        self.idempotent = channel.ability.idempotent
        self._inbox_pace, self._person_pace = _paces(channel, parts)

    async def plan(self, line: Line) -> Plan:
        """Refused when the person, the inbox or the time does not allow it."""
        parts, ability, conversation = self._parts, self._channel.ability, line.row.conversation
        inbox = await parts.book.get(line.delivery.inbox)
        if not inbox.enabled:
            return _refused(Outcome.FINAL_MESSAGE, "This inbox was removed.", "Reach the customer another way.")
        async with parts.records.reading() as tx:
            identity = await tx.intake.whose(inbox.id, line.row.customer.id)
            newest = await tx.marks.newest_sent_at(conversation.id)
        if identity is None:
            return _refused(Outcome.FINAL_PERSON, "The platform's name for this customer is not known.", "")
        if identity.blocked_at is not None:
            why = identity.blocked_why or "They have blocked us, or want no more messages."
            return _refused(Outcome.FINAL_PERSON, why, "Nothing can be sent until they write again.")
        template = line.delivery.template if ability.templates else None
        late = template is None and _late(ability, newest, parts.clock.now())
        if late and (closed := _outside(line, ability, newest, parts.clock.now())):
            return closed
        pieces = splitting.parts(line.entry.text, line.entry.buttons, ability)
        if not pieces:
            return Plan(dropped="There is nothing to say in it.")
        texts = tuple(piece.text for piece in pieces)
        return Plan(identity.external_id, texts if template is None else (line.entry.text,), late, identity.thread)

    async def pace(self, line: Line, plan: Plan) -> float:
        """Leave to send one part, from the inbox's share and from the person's."""
        inbox = line.delivery.inbox
        waits = [await _leave(self._person_pace, f"{inbox}:{plan.person}")]
        if waits[0] == 0:
            waits.append(await _leave(self._inbox_pace, inbox))
        return max(waits)

    async def send(self, line: Line, plan: Plan, part: PartRow, last: bool) -> SendResult:
        inbox = await self._parts.book.get(line.delivery.inbox)
        template = line.delivery.template if self._channel.ability.templates else None
        piece = Part(
            key=part.key,
            number=part.number,
            text=part.text,
            buttons=self._buttons(line) if last else (),
            by_human=line.entry.author.kind is AuthorKind.AGENT,
            late=plan.late,
            template=template,
            thread=plan.thread,
        )
        facts: dict[str, Fact | None] = {
            "switchboard.conversation": part.conversation,
            "switchboard.offset": line.delivery.offset,
            "switchboard.inbox": part.inbox,
            "switchboard.part": part.number,
            "switchboard.try": part.tries,
        }
        with self._parts.traces.span(f"send {self._channel.name}", facts, kind="root") as mark:
            answer = await self._parts.calls.call(self._channel.send(inbox, part.person, piece))
            result = self._channel.result(answer)
            mark.note({"switchboard.outcome": result.outcome})
        if result.provider_id is None:
            return result
        return SendResult(result.outcome, key_of(result.provider_id), note=result.note, todo=result.todo)

    async def stop(self, inbox: str, why: str) -> None:
        """Pause it: our own access is broken, so nothing else of it would be taken either."""
        await self._parts.book.pause(inbox, why)

    def _buttons(self, line: Line) -> tuple[Button, ...]:
        ability = self._channel.ability
        return shortened(line.entry.conversation, line.entry.offset, line.entry.buttons[: ability.buttons])


class SendersByChannel:
    """The sender of each inbox; implements `handover.outbox_lines.Senders`."""

    def __init__(self, channels: Mapping[str, Channel], parts: SendParts) -> None:
        self._senders = {name: Sender(channel, parts) for name, channel in channels.items()}

    def get(self, inbox: str, /) -> Sender | None:
        return self._senders.get(channel_of(inbox))


class PausedInboxes(Protocol):
    async def all(self) -> Collection[Inbox]: ...


async def paused_in(book: PausedInboxes) -> list[str]:
    """The inboxes from which nothing is sent now."""
    return [inbox.id for inbox in await book.all() if inbox.paused_at is not None]


def _paces(channel: Channel, parts: SendParts) -> tuple[RateLimit, RateLimit | None]:
    ability = channel.ability
    inbox = parts.limits.limit(
        f"sends_{channel.name}", parts.now, per_second=ability.per_second, burst=ability.burst or ability.per_second
    )
    if not ability.person_seconds:
        return inbox, None
    each = 1 / ability.person_seconds
    return inbox, parts.limits.limit(f"sends_{channel.name}_person", parts.now, per_second=each, burst=1)


async def _leave(limit: RateLimit | None, key: str) -> float:
    if limit is None:
        return 0.0
    try:
        await limit.take(key, "later")
    except TooMany as full:
        return full.retry_after or _WAIT
    return 0.0


def _late(ability: Ability, newest: datetime | None, now: datetime) -> bool:
    """Past the window in which anybody may write. Before the customer's first message is known nothing is late."""
    return ability.window is not None and newest is not None and now - newest > ability.window


def _outside(line: Line, ability: Ability, newest: datetime | None, now: datetime) -> Plan | None:
    """What becomes of a late line: None when a person wrote it and may still."""
    author = line.entry.author.kind
    if author is AuthorKind.SYSTEM:
        return Plan(dropped="It is too late for a notice: the platform lets nobody write any more.")
    human = ability.human_window
    if author is AuthorKind.AGENT and human is not None and newest is not None and now - newest <= human:
        return None
    todo = "Wait until the customer writes again."
    if ability.templates:
        todo = "Send a template, or wait until the customer writes again."
    elif human is not None and author is AuthorKind.BOT:
        todo = "A person may still write for some days; the bot may not."
    return _refused(Outcome.FINAL_WINDOW, f"{ability.title} lets us write only for a while after a message.", todo)


def _refused(outcome: Outcome, note: str, todo: str) -> Plan:
    return Plan(refused=SendResult(outcome, note=note, todo=todo))
