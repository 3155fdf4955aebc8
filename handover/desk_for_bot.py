"""The desk's verbs for the bot: begin a turn, speak while it may, and end it in one transaction."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from handover import screens
from handover.conversation import Control, Conversation
from handover.desk_change import change
from handover.desk_offers import make_offer
from handover.desk_parts import DeskParts
from handover.entries import ConversationId, TurnId
from handover.errors import Fenced, NotFound
from handover.evidence import Decision, Outcome, Reason, Reply, TurnReport
from handover.frames import DeltaFrame
from handover.stored import Turn, TurnState
from handover.turn_begin import Lease, TurnBrief, begin
from handover.turn_end import ASK_FOR_HUMAN, BOT, TurnEnd, commit, end_late
from handover.turn_watch import until_silent

__all__ = ["ASK_FOR_HUMAN", "DeskForBot", "Lease", "TurnBrief", "TurnEnd"]


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
        lease = Lease(owner, seconds, even_if_newer)
        async with self._parts.records.transaction() as tx:
            return await begin(self._parts, tx, await tx.conversations.get(conversation, lock=True), lease)

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
        async with self._parts.records.glance() as tx:
            return await tx.turns.speaking(turn, epoch)

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
