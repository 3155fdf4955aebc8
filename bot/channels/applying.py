"""Applies one event of a platform to the record: each kind through the desk's or the relay's verb for it.

Every verb may be repeated, so an event that was cut off half-way is simply applied again. What raises NotFound speaks
of something that has not come yet, and is tried again for a while.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from bot.channels.channel import Attachment, Channel, Event, EventKind
from bot.channels.customer_words import meaning, shown
from bot.channels.partners import Marks, Reports
from bot.channels.people_here import PeopleHere
from bot.channels.reading import key_of
from bot.channels.what_happened import in_words
from handover.desk import CustomerMessage, Desk, Recorded
from handover.entries import ConversationId
from handover.errors import NotFound
from handover.inboxes import channel_of
from handover.ports import Records
from handover.record_ports_intake import Heard, Identity

_LAST_LINES = 12  # a button older than this many lines is words
_DELETED_BEFORE = "[deleted by the customer]"
# While the bot drowns a platform's messages wait here, not in the record; then they go in, and people are asked.
_PUT_OFF_SECONDS = 60.0
_FRESH_SECONDS = 15.0  # somebody who typed longer ago types no more


class TryLater(Exception):
    """It cannot be told yet what this means; ask again."""


class CannotApply(Exception):
    """Nothing can be done with this event; the words say why."""


class Words(Protocol):
    """`bot.relay.Relay` in the service."""

    async def admit(self, conversation: ConversationId, said: CustomerMessage) -> None: ...

    async def customer_says(self, conversation: ConversationId, said: CustomerMessage) -> Recorded: ...

    def customer_types(self, conversation: ConversationId) -> None: ...


class Files(Protocol):
    """Wants the files of a line; they are fetched in the background."""

    async def wanted(self, conversation: ConversationId, offset: int, files: tuple[Attachment, ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class ApplyParts:
    """What applying works with. ``secret`` signs what the relay is given as a button's payload."""

    records: Records
    desk: Desk
    relay: Words
    marks: Marks
    reports: Reports
    files: Files
    people: PeopleHere
    channels: Mapping[str, Channel]
    secret: bytes


class Applying:
    def __init__(self, parts: ApplyParts) -> None:
        self._parts = parts
        self._verbs: dict[EventKind, Callable[[Heard, Event, Identity], Awaitable[None]]] = {
            EventKind.MESSAGE: self._said,
            EventKind.POSTBACK: self._said,
            EventKind.STANDBY: self._said_elsewhere,
            EventKind.EDIT: self._edited,
            EventKind.DELETE: self._deleted,
            EventKind.REACTION: self._reacted,
            EventKind.ECHO: self._echoed,
            EventKind.DELIVERY: self._reported,
            EventKind.READ: self._reported,
            EventKind.STATUS: self._reported,
            EventKind.TYPING: self._types,
            EventKind.SUBSCRIPTION: self._subscribed,
            EventKind.HANDOVER: self._handed_over,
            EventKind.UNSUPPORTED: self._unseen,
        }

    async def apply(self, heard: Heard, event: Event) -> None:
        """Raises NotFound or TryLater for what may work later, Busy for what waits in its person's order.

        Raises CannotApply for what never will.
        """
        if event.kind is EventKind.ERROR:
            raise CannotApply(event.note or "It could not be read.")
        if not heard.person:
            await self._of_the_account(heard, event)
            return
        identity = await self._parts.people.identity(heard.inbox, heard.person)
        if identity is None:
            raise NotFound("Nobody is known by this name.")
        await self._verbs.get(event.kind, self._noted)(heard, event, identity)

    async def _said(self, heard: Heard, event: Event, identity: Identity) -> None:
        parts = self._parts
        here = await parts.people.begin(identity, event)
        conversation = here.conversation.id
        gone = await self._taken_back(heard)
        lines = await parts.desk.reading.entries_before(conversation, here.conversation.last_offset + 1, _LAST_LINES)
        what = meaning(event, secret=parts.secret, conversation=conversation, entries=lines, new=here.new)
        said = CustomerMessage(
            _DELETED_BEFORE if gone else what.text,
            _client_id(heard.key),
            payload=what.payload if what.answer_due and not gone else None,
            provider_message_id=heard.message,
            sent_at=heard.at,
            reply_to=None if event.reply_to is None else key_of(event.reply_to),
            answer_due=what.answer_due and not gone,
        )
        if said.answer_due:
            if (parts.desk.clock.now() - heard.received_at).total_seconds() < _PUT_OFF_SECONDS:
                await parts.relay.admit(conversation, said)
            recorded = await parts.relay.customer_says(conversation, said)
        else:
            recorded = await parts.desk.customers.record_customer_message(conversation, said)
        if event.attachments and not gone:
            await parts.files.wanted(conversation, recorded.entry.offset, event.attachments)
        await self._remember(heard, event)
        if event.kind is EventKind.POSTBACK:  # who pressed a button is shown at once that it was seen
            parts.desk.attention.reads(here.conversation)

    async def _said_elsewhere(self, heard: Heard, event: Event, identity: Identity) -> None:
        """Another app has the conversation: the words are kept, and the bot is silent."""
        await self._said(heard, replace(event, reply_due=False, payload=None), identity)
        conversation = await self._parts.people.known(heard.inbox, heard.person)
        await self._parts.marks.belongs_outside(conversation.id, self._app(heard.inbox))

    async def _taken_back(self, heard: Heard) -> bool:
        """Deleted before it came: then its words are never shown to anybody."""
        if heard.message is None:
            return False
        async with self._parts.records.reading() as tx:
            about = await tx.intake.about(heard.inbox, heard.message)
        return any(one.kind == EventKind.DELETE for one in about)

    async def _remember(self, heard: Heard, event: Event) -> None:
        """What a message tells of its writer, and what waited for it. Who writes does not block us (any more)."""
        async with self._parts.records.transaction() as tx:
            now = await tx.intake.identity(heard.inbox, heard.person, lock=True)
            if now is None:
                return
            blocks = now.blocked_at is not None and now.blocked_at > heard.at
            told = replace(
                now,
                name=(event.name or "")[:200] or now.name,
                thread=event.thread,
                last_message=event.id or now.last_message,
                blocked_at=now.blocked_at if blocks else None,
                blocked_why=now.blocked_why if blocks else None,
            )
            if told != now:
                await tx.intake.remember(told)
            if heard.message is not None:
                await tx.intake.rearm(heard.inbox, heard.message, self._parts.desk.clock.now())

    async def _edited(self, heard: Heard, event: Event, identity: Identity) -> None:
        if heard.target is None:
            raise CannotApply("It does not say which message was edited.")
        await self._parts.marks.edited(heard.inbox, heard.target, shown(event), heard.at)

    async def _deleted(self, heard: Heard, event: Event, identity: Identity) -> None:
        targets = {key_of(one) for one in (event.target, *event.targets) if one}
        missing: NotFound | None = None
        async with self._parts.records.transaction() as tx:
            await tx.intake.erase(heard.inbox, targets)
        for target in sorted(targets):
            try:
                await self._parts.marks.deleted(heard.inbox, target, heard.at)
            except NotFound as not_yet:
                missing = not_yet
        if missing is not None:
            raise missing

    async def _reacted(self, heard: Heard, event: Event, identity: Identity) -> None:
        if heard.target is None:
            raise CannotApply("It does not say what the reaction is to.")
        who = (identity.name or "Customer") if event.customer else "us"
        await self._parts.marks.reacted(heard.inbox, heard.target, who, event.emoji)

    async def _echoed(self, heard: Heard, event: Event, identity: Identity) -> None:
        """Something was said in our name: by us, or by a person in the platform's own app."""
        whose = "foreign" if event.human else await self._parts.reports.echo(heard.inbox, event)
        if whose == "wait":
            raise TryLater
        if whose == "ours":
            return
        here = await self._parts.people.begin(identity, replace(event, name=None))
        words = shown(event) or "[something that cannot be shown here]"
        await self._parts.marks.spoke_outside(here.conversation.id, words, heard.message, self._app(heard.inbox))

    async def _reported(self, heard: Heard, event: Event, identity: Identity) -> None:
        await self._parts.reports.heard(heard.inbox, heard.person, event)

    async def _types(self, heard: Heard, event: Event, identity: Identity) -> None:
        conversation = await self._parts.people.conversation(identity)
        age = (self._parts.desk.clock.now() - heard.at).total_seconds()
        if conversation is not None and age <= _FRESH_SECONDS:
            self._parts.relay.customer_types(conversation.id)

    async def _subscribed(self, heard: Heard, event: Event, identity: Identity) -> None:
        blocks = event.action == "block"
        why = (event.note or "The customer has blocked us, or wants no more messages.")[:300] if blocks else None
        async with self._parts.records.transaction() as tx:
            now = await tx.intake.identity(heard.inbox, heard.person, lock=True)
            if now is None or (now.blocked_at is not None and now.blocked_at > heard.at):
                return
            await tx.intake.remember(replace(now, blocked_at=heard.at if blocks else None, blocked_why=why))
        conversation = await self._parts.people.conversation(identity)
        if conversation is not None:
            words = f"Nothing can be sent to this customer now: {why}" if why else "This customer may be written to."
            await self._parts.marks.note(conversation.id, words, _client_id(heard.key))

    async def _handed_over(self, heard: Heard, event: Event, identity: Identity) -> None:
        conversation = await self._parts.people.known(heard.inbox, heard.person)
        if event.action == "take":
            await self._parts.marks.belongs_outside(conversation.id, self._app(heard.inbox))
        elif event.action == "pass":
            await self._parts.marks.returns(conversation.id)
        await self._noted(heard, event, identity)

    async def _unseen(self, heard: Heard, event: Event, identity: Identity) -> None:
        """They did write: there is a conversation from now on, and agents are told what is missing."""
        await self._parts.people.begin(identity, event)
        await self._noted(heard, event, identity)

    async def _noted(self, heard: Heard, event: Event, identity: Identity) -> None:
        """What agents should know and nobody answers: in words, once."""
        if event.action == "request_welcome":
            await self._parts.people.begin(identity, event)
        conversation = await self._parts.people.known(heard.inbox, heard.person)
        await self._parts.marks.note(conversation.id, in_words(event), _client_id(heard.key))
        if event.kind is EventKind.UNKNOWN:
            raise CannotApply(f"A kind of event that we do not know: {event.note or 'without a name'}.")

    async def _of_the_account(self, heard: Heard, event: Event) -> None:
        if event.kind in (EventKind.DELIVERY, EventKind.READ, EventKind.STATUS):
            await self._parts.reports.heard(heard.inbox, "", event)
        else:
            raise CannotApply(in_words(event))

    def _app(self, inbox: str) -> str:
        return f"the {self._parts.channels[channel_of(inbox)].ability.title} app"


def _client_id(key: str) -> str:
    """A client id of an event's own: at most 80 characters, and no page can have chosen it."""
    return "ch:" + hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()[:40]
