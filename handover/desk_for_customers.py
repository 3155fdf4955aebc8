"""The desk's verbs for customers: they write, ask for a person, wait or leave word, and rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handover.conversation import Control, Conversation, Lifecycle, Move
from handover.desk_change import Change, change, first_stretch
from handover.desk_offers import close_offer, make_offer
from handover.desk_parts import DeskParts, new_id
from handover.desk_taking import wake
from handover.desk_waits import message_left_words
from handover.entries import Author, AuthorKind, Button, ConversationId, CustomerId, Entry
from handover.errors import AlreadyThere, BadInput
from handover.evidence import Decision, Outcome, Reason
from handover.mark_frames import mark_frame
from handover.record_ports_marks import EntryMark
from handover.stored import Customer, Rating
from handover.turn_begin import Lease, TurnBrief, begin

_CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A customer's words. ``client_id`` is the page's own id for them: the same id again is the same message.

    From a platform: its id of the message and of the one it answers, and its time. ``answer_due`` False: nobody needs
    to answer these words (a sticker, a group, another app has the conversation).
    """

    text: str
    client_id: str
    payload: str | None = None
    provider_message_id: str | None = None
    sent_at: datetime | None = None
    reply_to: str | None = None
    answer_due: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message that is in the record for good. ``duplicate`` means that it was there already.

    ``begun`` is the turn that was leased with it.
    """

    entry: Entry
    conversation: Conversation
    duplicate: bool
    begun: TurnBrief | None = None


class DeskForCustomers:
    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts

    async def new_customer(
        self, *, name: str | None = None, email: str | None = None, profile: dict[str, str] | None = None
    ) -> Customer:
        """A customer we have not met."""
        customer = Customer(CustomerId(new_id()), name, email, dict(profile or {}))
        async with self._parts.records.transaction() as tx:
            await tx.people.add_customer(customer, self._parts.clock.now())
        return customer

    async def start(
        self,
        inbox: str,
        customer: CustomerId,
        *,
        greeting: str | None = None,
        greeting_buttons: Sequence[Button] = (),
    ) -> Conversation:
        """The customer's conversation in ``inbox``: the one they have, else a new one that begins with ``greeting``."""
        try:
            return await self._start(inbox, customer, greeting, greeting_buttons)
        except AlreadyThere:
            # Another process was quicker; now theirs is found.
            return await self._start(inbox, customer, greeting, greeting_buttons)

    async def _start(
        self, inbox: str, customer: CustomerId, greeting: str | None, buttons: Sequence[Button]
    ) -> Conversation:
        parts = self._parts
        async with parts.records.transaction() as tx:
            there = await tx.conversations.open_one(inbox, customer)
            if there is not None:
                return there.conversation
            await tx.people.customer(customer)
            at = parts.clock.now()
            new = Conversation(
                id=ConversationId(new_id()),
                inbox=inbox,
                customer=customer,
                lifecycle=Lifecycle.ACTIVE,
                control=Control.BOT,
                epoch=1,
                last_offset=0,
                last_customer_offset=0,
                created_at=at,
                changed_at=at,
            )
            await tx.conversations.insert(new)
            await tx.conversations.begin_stretch(first_stretch(new, "start", _CUSTOMER, at))
            row = await tx.conversations.get(new.id)
            work = Change(parts, tx, at, row, row)
            work.shown_anew = True  # without a first line, too, it must be saved: only then has it a feed number
            if greeting is not None:
                await work.append(Author(AuthorKind.BOT, parts.policy.words.bot_name), greeting, buttons=buttons)
            await work.finish()
            return work.conversation

    async def record_customer_message(
        self, conversation: ConversationId, said: CustomerMessage, *, lease: Lease | None = None
    ) -> Recorded:
        """Keep the words for good. Never refused for the conversation's state: it reopens or wakes.

        With a ``lease`` the bot's turn begins with them, in one transaction, unless another turn is under way there.
        A repeated client or provider id returns the first entry with ``duplicate=True``, and begins nothing.
        """
        begun = None
        try:
            async with change(self._parts, conversation) as work:
                await _make_ready(work)
                before = work.conversation.last_customer_offset
                entry = await _customer_line(work, said.text, said.client_id, said.payload, said.provider_message_id)
                if not said.answer_due and work.row.answered >= before:
                    work.row = replace(work.row, answered=entry.offset)
                if said.sent_at is not None:
                    await _mark_arrival(work, entry, said, said.sent_at)
                if work.conversation.control is Control.NOBODY and await self._parts.is_open(work.tx):
                    decision = Decision(Outcome.HAND_OVER, work.row.reason or Reason.ASKED, "The customer wrote again.")
                    await make_offer(work, decision, _CUSTOMER, why="")
                if lease is not None:
                    begun = await begin(self._parts, work.tx, work.row, lease)
        except AlreadyThere:
            return await self._first_time(conversation, said)
        return Recorded(entry, work.conversation, duplicate=False, begun=begun)

    async def _first_time(self, conversation: ConversationId, said: CustomerMessage) -> Recorded:
        async with self._parts.records.reading() as tx:
            row = await tx.conversations.get(conversation)
            entry = await tx.entries.by_client_id(conversation, said.client_id)
            if entry is None and said.provider_message_id is not None:
                entry = await tx.entries.by_provider_id(row.conversation.inbox, said.provider_message_id)
        if entry is None or entry.author.kind is not AuthorKind.CUSTOMER:
            raise BadInput("This client_id was used for something else.")
        return Recorded(entry, row.conversation, duplicate=True)

    async def ask_for_human(self, conversation: ConversationId, client_id: str) -> Conversation:
        """Offer the conversation to the agents; nothing happens when it is offered or a person's already."""
        async with change(self._parts, conversation) as work:
            if await work.tx.conversations.asked_before(conversation, client_id, "ask_for_human", work.at):
                return work.conversation
            await _make_ready(work)
            if work.conversation.control in (Control.BOT, Control.NOBODY):
                decision = Decision(Outcome.HAND_OVER, Reason.ASKED, "The customer pressed the button for a person.")
                await make_offer(work, decision, _CUSTOMER)
        return work.conversation

    async def stop_waiting(self, conversation: ConversationId, client_id: str) -> Conversation:
        """On with the bot. Nothing happens unless the customer waits."""
        async with change(self._parts, conversation) as work:
            if await work.tx.conversations.asked_before(conversation, client_id, "stop_waiting", work.at):
                return work.conversation
            if work.conversation.control is Control.OFFERED:
                await work.move(Move.STOP_WAITING, _CUSTOMER)
                await work.notice(self._parts.policy.words.went_on_with_bot)
                await close_offer(work, None, None)
        return work.conversation

    async def leave_message(
        self, conversation: ConversationId, client_id: str, email: str, text: str | None
    ) -> Conversation:
        """Keep an address to answer to, and words if there are any; nobody has the conversation then.

        Only a customer who waits can: raises IllegalMove otherwise.
        """
        async with change(self._parts, conversation) as work:
            if await work.tx.conversations.asked_before(conversation, client_id, "leave_message", work.at):
                return work.conversation
            await work.move(Move.LEAVE_MESSAGE, _CUSTOMER)
            if text:
                await _customer_line(work, text, client_id, None, None)
            await work.tx.people.set_email(work.conversation.customer, email)
            work.row = replace(work.row, customer=replace(work.row.customer, email=email))
            await work.notice(message_left_words(self._parts, email))
            await close_offer(work, None, None)
        return work.conversation

    async def rate(self, conversation: ConversationId, stretch: int, score: int, comment: str | None) -> None:
        """Score a stretch, 1 to 5; again replaces it. Raises BadInput for a stretch that never was."""
        if not 1 <= score <= 5:
            raise BadInput("A score is 1 to 5.")
        async with change(self._parts, conversation) as work:
            began = await work.tx.conversations.stretch(conversation, stretch)
            if began is None:
                raise BadInput("There is no such stretch to rate.", detail={"stretch": stretch})
            await work.tx.asides.rate(Rating(conversation, stretch, score, comment, work.at, began.agent))
            work.row = replace(work.row, rating=score)

    async def customer_saw(self, conversation: ConversationId, offset: int) -> None:
        """Raise the mark of what the customer has seen."""
        async with self._parts.records.transaction() as tx:
            await tx.conversations.mark(conversation, seen=offset)


async def _make_ready(work: Change) -> None:
    """A resolved conversation opens again with the bot; a snoozed one wakes for its agent."""
    if work.conversation.lifecycle is Lifecycle.RESOLVED:
        await work.move(Move.REOPEN, _CUSTOMER)
        work.row = replace(work.row, reason=None)
    elif work.conversation.lifecycle is Lifecycle.SNOOZED:
        await wake(work, _CUSTOMER)


async def _mark_arrival(work: Change, entry: Entry, said: CustomerMessage, sent_at: datetime) -> None:
    """When the platform says it was sent, whether a newer one was here first, and what it answers."""
    newest = work.row.customer_at
    answers = None if said.reply_to is None else await work.tx.marks.line(work.conversation.inbox, said.reply_to)
    mark = EntryMark(
        entry.conversation,
        entry.offset,
        version=1,
        sent_at=sent_at,
        late=newest is not None and sent_at < newest,
        reply_to=answers[1] if answers is not None and answers[0] == entry.conversation else None,
    )
    work.row = replace(work.row, customer_at=sent_at if newest is None else max(newest, sent_at))
    await work.tx.marks.put(mark)
    work.tell_desk(mark_frame(mark))


async def _customer_line(
    work: Change, text: str, client_id: str, payload: str | None, provider_message_id: str | None
) -> Entry:
    author = Author(AuthorKind.CUSTOMER, work.row.customer.name or "Customer")
    return await work.append(
        author, text, client_id=client_id, payload=payload, provider_message_id=provider_message_id
    )
