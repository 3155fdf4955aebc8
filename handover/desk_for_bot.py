"""The desk's verbs for the bot: begin a turn, speak while it may, and end it in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from handover import screens
from handover.conversation import Control, Conversation
from handover.desk_change import Change, change
from handover.desk_offers import make_offer
from handover.desk_parts import DeskParts, new_id
from handover.entries import Author, AuthorKind, Button, ConversationId, Entry, TurnId
from handover.errors import Fenced, NotFound
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from handover.frames import DeltaFrame
from handover.policy import withholds_reply
from handover.ports import Transaction
from handover.stored import ConversationRow, Customer, Draft, HandBack, StoredDecision, Turn, TurnState

_BOT = "bot"
ASK_FOR_HUMAN = "ask_for_human"


@dataclass(frozen=True, slots=True)
class TurnBrief:
    """What one turn is to answer, and what it may know. Offsets are of the customer's words it covers.

    ``unsaid`` is the turn before, when nothing came of it: Rasa's tracker may have heard its words.
    """

    turn: TurnId
    conversation: Conversation
    epoch: int
    text: str
    payload: str | None
    first_offset: int
    last_offset: int
    deadline: datetime
    history: tuple[Entry, ...]
    stretch_texts: tuple[str, ...]
    fallbacks_before: int
    hand_back: HandBack | None
    untold: tuple[Entry, ...]
    customer: Customer
    started_at: datetime
    lacking_before: int = 0
    unsaid: TurnId | None = None


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ended. ``entry`` is the bot's line when one was said."""

    outcome: Literal["committed", "superseded", "fenced"]
    entry: Entry | None
    conversation: Conversation


class DeskForBot:
    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts

    async def begin_turn(
        self, conversation: ConversationId, *, owner: str, seconds: float, even_if_newer: bool = False
    ) -> TurnBrief | None:
        """Lease the customer's unanswered words for ``seconds``.

        None when the conversation is not the bot's, nothing is unanswered, or another turn has them. A newer message
        silences the turn, unless ``even_if_newer``.
        """
        parts = self._parts
        async with parts.records.transaction() as tx:
            row = await tx.conversations.get(conversation, lock=True)
            now = row.conversation
            if now.control is not Control.BOT or now.last_customer_offset <= row.answered:
                return None
            earlier = await tx.turns.newest(conversation)
            if earlier is not None and earlier.state is TurnState.LIVE:
                return None
            turns = parts.policy.turns
            # Long enough to hold every unanswered word, however many lines came since.
            enough = max(turns.stretch_entries, now.last_offset - row.answered)
            window = await tx.entries.before(conversation, now.last_offset + 1, enough)
            burst = [e for e in window if e.offset > row.answered and e.author.kind is AuthorKind.CUSTOMER]
            at = parts.clock.now()
            turn = Turn(
                id=TurnId(new_id()),
                conversation=conversation,
                epoch=now.epoch,
                owner=owner,
                first_offset=burst[0].offset,
                last_offset=burst[-1].offset,
                started_at=at,
                deadline=at + timedelta(seconds=seconds),
                yields=not even_if_newer,
            )
            await tx.turns.insert(turn)
            brief = await self._brief(tx, row, turn, window, burst)
            lost = earlier is not None and earlier.state is not TurnState.COMMITTED
            return replace(brief, unsaid=earlier.id) if earlier is not None and lost else brief

    async def _brief(
        self, tx: Transaction, row: ConversationRow, turn: Turn, window: list[Entry], burst: list[Entry]
    ) -> TurnBrief:
        hand_backs = await tx.asides.hand_backs(turn.conversation) if turn.epoch > 1 else []
        # Agents' lines the tracker lacks may lie further back than the window after a long stretch.
        untold = await tx.entries.after(turn.conversation, row.told, 200) if turn.epoch > 1 else []
        earlier = [
            e
            for e in window
            if e.author.kind is AuthorKind.CUSTOMER and row.stretch_start < e.offset < turn.first_offset
        ]
        history = [e for e in window if e.offset <= turn.last_offset]
        return TurnBrief(
            turn=turn.id,
            conversation=row.conversation,
            epoch=turn.epoch,
            text="\n".join(e.text for e in burst),
            payload=burst[-1].payload,
            first_offset=turn.first_offset,
            last_offset=turn.last_offset,
            deadline=turn.deadline,
            history=tuple(history[-self._parts.policy.turns.history_entries :]),
            stretch_texts=tuple(e.text for e in earlier),
            fallbacks_before=row.fallbacks,
            lacking_before=row.lacking,
            hand_back=hand_backs[-1] if hand_backs else None,
            untold=tuple(e for e in untold if e.author.kind is AuthorKind.AGENT),
            customer=row.customer,
            started_at=turn.started_at,
        )

    async def record_turn(
        self,
        brief: TurnBrief,
        reply: Reply | None,
        decision: Decision,
        report: TurnReport,
        *,
        even_if_newer: bool = False,
    ) -> TurnEnd:
        """End the turn in one transaction: say the reply, offer a person, or hand over.

        "superseded" when the customer wrote meanwhile (unless ``even_if_newer``): nothing is said, a new turn may
        begin. "fenced" when control moved on: the reply is kept as a draft for agents. Asking again after a
        lost answer gives the same end.
        """
        async with change(self._parts, brief.conversation.id) as work:
            turn = await work.tx.turns.get(brief.turn)
            if turn is None:
                raise NotFound("There is no such turn.")
            if turn.state is not TurnState.LIVE or work.conversation.epoch != turn.epoch:
                return await _end_late(work, turn, reply)
            if work.conversation.last_customer_offset > turn.last_offset and not even_if_newer:
                await work.tx.turns.end(turn.id, TurnState.SUPERSEDED)
                return TurnEnd("superseded", None, work.conversation)
            entry = await _commit(work, turn, reply, decision, report)
        return TurnEnd("committed", entry, work.conversation)

    async def turn_may_speak(self, turn: TurnId, epoch: int) -> bool:
        """Is this turn alive, its epoch the conversation's, and nothing newer said that it gives way to."""
        return await self._speaking(turn, epoch) is not None

    async def _speaking(self, turn: TurnId, epoch: int) -> Turn | None:
        async with self._parts.records.reading() as tx:
            found = await tx.turns.get(turn)
            if found is None or found.state is not TurnState.LIVE or found.epoch != epoch:
                return None
            now = (await tx.conversations.get(found.conversation)).conversation
        late = found.yields and now.last_customer_offset > found.last_offset
        return found if now.epoch == epoch and not late else None

    async def publish_delta(self, turn: TurnId, epoch: int, text: str) -> None:
        """Show a piece of a reply being written. Raises Fenced when the turn may not speak any more."""
        found = await self._speaking(turn, epoch)
        if found is None:
            raise Fenced("This turn may not speak any more.")
        live, where = self._parts.live, found.conversation
        await live.publish(screens.told(screens.customer_topic(where), DeltaFrame(turn=turn, text=text)))
        for_agents = DeltaFrame(turn=turn, text=text, conversation=where)
        await live.publish(screens.told(screens.desk_topic(where), for_agents))

    async def overdue_turns(self) -> list[Conversation]:
        """Offer every conversation whose turn passed its deadline, with an honest notice."""
        parts = self._parts
        latest = parts.clock.now() - timedelta(seconds=parts.policy.turns.grace_seconds)
        async with parts.records.reading() as tx:
            overdue = await tx.turns.past_deadline(latest)
        moved = []
        for turn in overdue:
            async with change(parts, turn.conversation) as work:
                live = await work.tx.turns.live(turn.conversation)
                if live is None or live.id != turn.id:
                    continue
                await work.tx.turns.end(turn.id, TurnState.STALLED)
                if work.conversation.control is Control.BOT:
                    decision = Decision(Outcome.HAND_OVER, Reason.BOT_STALLED, "The bot gave no answer in time.")
                    await make_offer(work, decision, _BOT)
            moved.append(work.conversation)
        return moved

    async def release_turns(self, owner: str) -> None:
        """``owner`` stops: its turns end with nothing said, and whoever comes next takes their words up at once."""
        async with self._parts.records.transaction() as tx:
            await tx.turns.release(owner)

    async def unanswered(self, *, older_than: float) -> list[ConversationId]:
        """The bot's conversations whose customer waits for ``older_than`` seconds with no turn at work."""
        async with self._parts.records.reading() as tx:
            return await tx.conversations.unanswered(self._parts.clock.now() - timedelta(seconds=older_than))

    async def mark_told(self, conversation: ConversationId, offset: int) -> None:
        """Rasa's tracker has been told of people's lines up to ``offset``."""
        async with self._parts.records.transaction() as tx:
            await tx.conversations.mark(conversation, told=offset)


async def _end_late(work: Change, turn: Turn, reply: Reply | None) -> TurnEnd:
    """A turn that lost. Asked again after a commit whose answer got lost, it gives the first answer."""
    now = work.conversation
    if turn.state is TurnState.COMMITTED:
        said = []
        if turn.entry_offset is not None:
            said = await work.tx.entries.after(now.id, turn.entry_offset - 1, 1)
        return TurnEnd("committed", said[0] if said else None, now)
    if turn.state is TurnState.SUPERSEDED:
        return TurnEnd("superseded", None, now)
    await work.tx.turns.end(turn.id, TurnState.FENCED)
    if reply is not None and reply.text:
        await _keep_draft(work, turn, reply)
    return TurnEnd("fenced", None, now)


async def _keep_draft(work: Change, turn: Turn, reply: Reply) -> None:
    draft = Draft(work.conversation.id, reply.text, work.at, reply.citations, "late_reply")
    if await work.tx.asides.add_draft(draft, turn.id):
        work.tell_desk(screens.draft_frame(draft))


async def _commit(
    work: Change, turn: Turn, reply: Reply | None, decision: Decision, report: TurnReport
) -> Entry | None:
    if (reply is None or not reply.text) and decision.outcome is not Outcome.HAND_OVER:
        decision = Decision(Outcome.HAND_OVER, Reason.BOT_FAILED, "The bot had no answer.")
    words = work.parts.policy.words
    entry = None
    if reply is not None and reply.text:
        if withholds_reply(decision, report.evidence):
            await _keep_draft(work, turn, reply)
        else:
            offered = (Button(words.talk_to_person, ASK_FOR_HUMAN),) if decision.outcome is Outcome.OFFER else ()
            author = Author(AuthorKind.BOT, words.bot_name)
            buttons = (*reply.buttons, *offered)
            entry = await work.append(author, reply.text, buttons=buttons, citations=reply.citations)
    offset = None if entry is None else entry.offset
    await work.tx.turns.end(turn.id, TurnState.COMMITTED, offset)
    await work.tx.turns.keep_decision(_stored(work, turn, decision, report, offset))
    evidence = report.evidence
    work.row = replace(
        work.row,
        answered=turn.last_offset,
        fallbacks=work.row.fallbacks + 1 if evidence.fallback else 0,
        lacking=work.row.lacking + 1 if evidence.needs == "knowledge" else 0,
    )
    if decision.outcome is Outcome.HAND_OVER:
        why, promised = _why(work, decision, evidence, entry)
        await make_offer(work, decision, _BOT, why=why, passing=not promised)
    return entry


def _why(work: Change, decision: Decision, evidence: Evidence, entry: Entry | None) -> tuple[str | None, bool]:
    """What the notice says of the reason, None for the policy's words; and whether the bot promised a person itself."""
    if entry is not None:  # what the bot has said leads over to the person
        return "", evidence.reply_promises_transfer
    topic = evidence.topics[0] if decision.reason is Reason.TOPIC and evidence.topics else ""
    return work.parts.policy.words.why_topic.get(topic), False


def _stored(work: Change, turn: Turn, decision: Decision, report: TurnReport, offset: int | None) -> StoredDecision:
    return StoredDecision(
        turn=turn.id,
        conversation=turn.conversation,
        epoch=turn.epoch,
        first_offset=turn.first_offset,
        last_offset=turn.last_offset,
        evidence=report.evidence,
        decision=decision,
        slots=dict(report.slots),
        actions=report.actions,
        seconds=report.seconds,
        at=work.at,
        entry_offset=offset,
    )
