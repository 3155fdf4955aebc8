"""The desk's verbs for the bot: begin a turn, speak while it may, and end it in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from handover import screens
from handover.conversation import Control, Conversation
from handover.desk_change import change
from handover.desk_offers import make_offer
from handover.desk_parts import DeskParts, new_id
from handover.entries import AuthorKind, ConversationId, Entry, TurnId
from handover.errors import Fenced, NotFound
from handover.evidence import Decision, Outcome, Reason, Reply, TurnReport
from handover.frames import DeltaFrame
from handover.ports import Transaction
from handover.stored import ConversationRow, Customer, HandBack, Turn, TurnState
from handover.turn_end import ASK_FOR_HUMAN, BOT, TurnEnd, commit, end_late
from handover.turn_watch import until_silent

__all__ = ["ASK_FOR_HUMAN", "DeskForBot", "TurnBrief", "TurnEnd"]


@dataclass(frozen=True, slots=True)
class TurnBrief:
    """What one turn is to answer, and what it may know. Offsets are of the customer's words it covers.

    ``dialogue`` is where the dialogue stood after the last turn that counted, as `TurnReport` left it; turns that
    came to nothing are not in it.
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
    dialogue: Mapping[str, Any] | None = None


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
            if await tx.turns.live(conversation) is not None:
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
            return await self._brief(tx, row, turn, window, burst)

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
            dialogue=await tx.turns.dialogue(turn.conversation),
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
                return await end_late(work, turn, reply)
            if work.conversation.last_customer_offset > turn.last_offset and turn.yields and not even_if_newer:
                await work.tx.turns.end(turn.id, TurnState.SUPERSEDED)
                return TurnEnd("superseded", None, work.conversation)
            entry = await commit(work, turn, reply, decision, report)
            if report.dialogue is not None:
                await work.tx.turns.keep_dialogue(turn.conversation, turn.id, report.dialogue)
                if brief.untold:
                    await work.tx.conversations.mark(turn.conversation, told=brief.untold[-1].offset)
        return TurnEnd("committed", entry, work.conversation)

    async def give_way(self, brief: TurnBrief) -> bool:
        """End a turn that never may speak, because the customer has written more. False when it may go on.

        A turn that lost control goes on, too: what it finds out is a draft for the agent.
        """
        async with self._parts.records.transaction() as tx:
            now = (await tx.conversations.get(brief.conversation.id, lock=True)).conversation
            turn = await tx.turns.get(brief.turn)
            if turn is None or turn.state is not TurnState.LIVE or now.epoch != turn.epoch:
                return turn is not None and turn.state is TurnState.SUPERSEDED
            if not turn.yields or now.last_customer_offset <= turn.last_offset:
                return False
            await tx.turns.end(turn.id, TurnState.SUPERSEDED)
            return True

    async def turn_may_speak(self, turn: TurnId, epoch: int) -> bool:
        """Is this turn alive, its epoch the conversation's, and nothing newer said that it gives way to."""
        return await self._speaking(turn, epoch) is not None

    async def turn_may_act(self, turn: TurnId, epoch: int) -> bool:
        """May a tool of this turn have its effect now? If so, newer words end the turn no more: it is to tell of it."""
        found = await self._speaking(turn, epoch)
        if found is None:
            return False
        async with self._parts.records.transaction() as tx:
            now = (await tx.conversations.get(found.conversation, lock=True)).conversation
            current = await tx.turns.live(found.conversation)
            if current is None or current.id != turn or now.epoch != epoch:
                return False
            if current.yields and now.last_customer_offset > current.last_offset:
                return False
            await tx.turns.stay(turn)
            return True

    async def _speaking(self, turn: TurnId, epoch: int) -> Turn | None:
        async with self._parts.records.reading() as tx:
            found = await tx.turns.get(turn)
            if found is None or found.state is not TurnState.LIVE or found.epoch != epoch:
                return None
            now = (await tx.conversations.get(found.conversation)).conversation
        late = found.yields and now.last_customer_offset > found.last_offset
        return found if now.epoch == epoch and not late else None

    async def until_silent(self, turn: TurnId, epoch: int) -> None:
        """Return once this turn may not speak any more: it is over, or somebody else has the word."""
        found = await self._speaking(turn, epoch)
        if found is not None:
            parts = self._parts
            await until_silent(partial(self.turn_may_speak, turn, epoch), found.conversation, parts.live, parts.clock)

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
                    await make_offer(work, decision, BOT)
            moved.append(work.conversation)
        return moved

    async def at_work(self) -> dict[str, list[ConversationId]]:
        """The conversations in which a turn is under way, by the owner of the turn."""
        found: dict[str, list[ConversationId]] = {}
        async with self._parts.records.reading() as tx:
            for turn in await tx.turns.all_live():
                found.setdefault(turn.owner, []).append(turn.conversation)
        return found

    async def release(self, conversation: ConversationId, owner: str) -> bool:
        """End ``owner``'s turn here with nothing said: it works no more. False when somebody else did so already."""
        async with self._parts.records.transaction() as tx:
            await tx.conversations.get(conversation, lock=True)
            turn = await tx.turns.live(conversation)
            if turn is None or turn.owner != owner:
                return False
            await tx.turns.end(turn.id, TurnState.SUPERSEDED)
            return True

    async def release_turns(self, owner: str) -> None:
        """``owner`` stops: its turns end with nothing said, and whoever comes next takes their words up at once."""
        async with self._parts.records.transaction() as tx:
            await tx.turns.release(owner)

    async def unanswered(self, *, older_than: float) -> list[ConversationId]:
        """The bot's conversations whose customer waits for ``older_than`` seconds with no turn at work."""
        async with self._parts.records.reading() as tx:
            return await tx.conversations.unanswered(self._parts.clock.now() - timedelta(seconds=older_than))
