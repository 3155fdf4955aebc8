"""The desk's verbs for agents: take and give up conversations, and speak in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from handover import desk_taking, screens
from handover.agents import Agent, AvailabilityState
from handover.conversation import Control, Conversation, Lifecycle, Move
from handover.desk_change import Change, change
from handover.desk_hours import DeskHours
from handover.desk_offers import Aim, make_offer
from handover.desk_parts import DeskParts, new_id
from handover.entries import AgentId, Author, AuthorKind, ConversationId, Entry, EntryKind
from handover.errors import BadInput, IllegalMove, NotYours, StaleView, Unavailable
from handover.evidence import Decision, Outcome, Reason
from handover.stored import Draft, HandBack, Note
from handover.wanted import How, Tried


class DeskForAgents:
    def __init__(self, parts: DeskParts, hours: DeskHours) -> None:
        self._parts = parts
        self._hours = hours

    async def accept(self, agent: Agent, conversation: ConversationId, epoch: int) -> Conversation:
        """Win an offer. Raises Taken naming who has it, IllegalMove when it is over or the agent has no room."""
        return await desk_taking.win(self._parts, agent, conversation, epoch, Move.ACCEPT)

    async def take(self, agent: Agent, conversation: ConversationId, epoch: int) -> Conversation:
        """Take a conversation from the bot, or one that nobody has, at any moment; an offered one is accepted."""
        return await desk_taking.win(self._parts, agent, conversation, epoch, Move.TAKE)

    async def decline(self, agent: Agent, conversation: ConversationId, reason: str | None = None) -> None:
        """It does not ring here again before all others were asked; what was passed to this agent goes on at once."""
        await desk_taking.decline(self._parts, agent, conversation, reason)

    async def say(
        self,
        agent: Agent,
        conversation: ConversationId,
        client_id: str,
        text: str,
        seen: int,
        template: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Words for the customer. ``seen`` is the last offset the agent saw.

        ``template``, {name, language, parameters}, is what a platform that takes only templates is sent for ``text``.

        Raises StaleView carrying the entries the agent had not seen, NotYours. A resend returns the first entry.
        """
        async with change(self._parts, conversation) as work:
            first = await work.tx.entries.by_client_id(conversation, client_id)
            if first is not None:
                if first.author.id != agent.id:
                    raise BadInput("This client_id was used for something else.")
                return first
            _must_hold(work, agent)
            if seen < work.conversation.last_offset:
                missed = await work.tx.entries.after(conversation, seen, 200)
                # What the agent said on another screen, and notices, are no news to them.
                if any(e.author.id != agent.id and e.kind is EntryKind.MESSAGE for e in missed):
                    last = work.conversation.last_offset
                    raise StaleView("Something was said meanwhile.", missed=tuple(missed), last_offset=last)
            if work.conversation.lifecycle is Lifecycle.SNOOZED:
                await _wake_own(work, agent)
            entry = await work.append(Author(AuthorKind.AGENT, agent.name, agent.id), text, client_id=client_id)
            if template is not None:
                work.templates[entry.offset] = template
            work.row = replace(work.row, answered=entry.offset, reply_due=None)
        return entry

    async def note(self, agent: Agent, conversation: ConversationId, text: str, client_id: str | None = None) -> Note:
        """A private line for colleagues; any agent may write one. A resend returns the first note."""
        async with change(self._parts, conversation) as work:
            if client_id is not None:
                first = await work.tx.asides.note_by_client_id(conversation, client_id)
                if first is not None:
                    return first
            note = Note(
                id=new_id(),
                conversation=conversation,
                agent=agent,
                text=text,
                at=work.at,
                after_offset=work.conversation.last_offset,
                client_id=client_id,
            )
            await work.tx.asides.add_note(note)
            work.tell_desk(screens.note_frame(note))
        return note

    async def hand_back(
        self,
        agent: Agent,
        conversation: ConversationId,
        epoch: int,
        outcome: str,
        open_promises: tuple[str, ...] = (),
        leave_alone: str | None = None,
    ) -> Conversation:
        """Back to the bot, with what came of it. Raises NotYours, IllegalMove; a resend changes nothing."""
        async with change(self._parts, conversation) as work:
            if await _done_before(work, agent, epoch, Move.HAND_BACK):
                return work.conversation
            _must_hold(work, agent, epoch)
            await work.notice(self._parts.policy.words.handed_back.replace("{agent}", agent.name))
            await work.move(Move.HAND_BACK, agent.id)
            left = HandBack(
                conversation=conversation,
                epoch=work.conversation.epoch,
                agent=agent.name,
                agent_id=agent.id,
                outcome=outcome,
                open_promises=tuple(open_promises),
                leave_alone=leave_alone,
                at=work.at,
            )
            await work.tx.asides.add_hand_back(left)
            work.row = replace(work.row, reason=None, team=None, needs=frozenset())
        return work.conversation

    async def resolve(self, agent: Agent, conversation: ConversationId, epoch: int | None = None) -> Conversation:
        """Close it. The holder may, and any agent when no person has it; a resolved one stays as it is."""
        async with change(self._parts, conversation) as work:
            now = work.conversation
            if now.lifecycle is Lifecycle.RESOLVED:
                return now
            if now.control is Control.HUMAN:
                _must_hold(work, agent, epoch)
            elif epoch is not None and epoch != now.epoch:
                raise IllegalMove("The conversation has moved on since.", detail={"epoch": now.epoch})
            await work.notice(self._parts.policy.words.resolved)
            await work.move(Move.RESOLVE, agent.id)
            work.row = replace(work.row, answered=work.conversation.last_offset)
        return work.conversation

    async def snooze(
        self, agent: Agent, conversation: ConversationId, until: datetime | None = None, epoch: int | None = None
    ) -> Conversation:
        """Set aside until ``until`` or the customer's next word; the agent keeps it. BadInput for a past time."""
        async with change(self._parts, conversation) as work:
            if until is not None and (until.tzinfo is None or until <= work.at):
                raise BadInput("Snooze until a moment in the future, with its time zone.")
            _must_hold(work, agent, epoch)
            if work.conversation.lifecycle is not Lifecycle.SNOOZED:
                await work.move(Move.SNOOZE, agent.id)
            work.row = replace(work.row, conversation=replace(work.conversation, snoozed_until=until))
        return work.conversation

    async def transfer(
        self,
        agent: Agent,
        conversation: ConversationId,
        epoch: int,
        to: AgentId | None = None,
        team: str | None = None,
    ) -> Conversation:
        """To one colleague, to a team, or to everybody.

        Raises NotYours, NotFound (no such colleague), BadInput (no such team); resends are harmless.
        """
        async with change(self._parts, conversation) as work:
            if await _done_before(work, agent, epoch, Move.TRANSFER):
                return work.conversation
            _must_hold(work, agent, epoch)
            whom = await self._whom(work, agent, to, team)
            words = self._parts.policy.words.transferred.replace("{agent}", agent.name)
            decision = Decision(Outcome.HAND_OVER, Reason.TRANSFERRED, f"{agent.name} passed it on to {whom}.")
            past = (Tried(agent.id, How.PASSED_ON, work.at),)
            aim = Aim(to=to, team=team, past=past)
            await make_offer(work, decision, agent.id, why=words, passing=False, verb=Move.TRANSFER, aim=aim)
        return work.conversation

    async def _whom(self, work: Change, agent: Agent, to: AgentId | None, team: str | None) -> str:
        if to is not None and team is not None:
            raise BadInput("Pass it to a colleague or to a team, not to both.")
        if to == agent.id:
            raise BadInput("It is yours already.")
        if to is not None:
            return (await work.tx.people.agent(to)).name
        teams = self._parts.policy.matching.teams
        if team is not None and team not in teams:
            raise BadInput(f"There is no team called {team}.", detail={"field": "team", "known": sorted(teams)})
        return "everybody" if team is None else f"the team {team}"

    async def suggest(self, agent: Agent, conversation: ConversationId) -> Draft:
        """A reply from the copilot, for the agent to use or not; never said by itself. Raises Unavailable."""
        parts = self._parts
        async with parts.records.reading() as tx:
            row = await tx.conversations.get(conversation)
            entries = await tx.entries.before(
                conversation, row.conversation.last_offset + 1, parts.policy.offers.packet_entries
            )
            offer = await tx.offers.latest(conversation)
        draft = None
        if parts.copilot is not None:
            draft = await parts.copilot.suggest(entries, None if offer is None else offer.packet)
        if draft is None:
            raise Unavailable("There is no suggestion for this one.")
        draft = replace(draft, conversation=conversation, at=parts.clock.now())
        async with change(parts, conversation) as work:
            await work.tx.asides.add_draft(draft)
            work.tell_desk(screens.draft_frame(draft))
        return draft

    async def set_availability(self, agent: Agent, state: AvailabilityState) -> None:
        """The agent's own choice; somebody who comes online is shown what waits."""
        await self._hours.set_availability(agent, state)

    async def reachable(self, agent_id: AgentId, on: bool) -> None:
        """A console opened or the last one closed. Never changes the agent's choice."""
        await self._hours.reachable(agent_id, on)

    async def set_matching(self, by: Agent, changed: Agent) -> None:
        """What ``changed`` can do and how much. Raises Forbidden for one who is neither lead nor admin, BadInput."""
        await self._hours.set_matching(by, changed)

    async def accounts_changed(self) -> None:
        """Somebody was hired, or an account was closed or opened again: who rings may be another."""
        await self._parts.matching.run()

    async def tick(self) -> None:
        """Time passed: offers whose lease ran out, snoozes that end, agents who are gone. Once a second."""
        await self._hours.tick()


async def _wake_own(work: Change, agent: Agent) -> None:
    await desk_taking.wake(work, agent.id)
    if work.conversation.control is not Control.HUMAN:
        raise IllegalMove("You have as many conversations as you can hold; end or snooze another one first.")


def _must_hold(work: Change, agent: Agent, epoch: int | None = None) -> None:
    now = work.conversation
    if now.control is not Control.HUMAN or now.agent != agent.id:
        name = None if work.row.agent is None else work.row.agent.name
        raise NotYours("This conversation is not yours.", detail={"held_by": name} if name else None)
    if epoch is not None and epoch != now.epoch:
        raise IllegalMove("The conversation has moved on since.", detail={"epoch": now.epoch})


async def _done_before(work: Change, agent: Agent, epoch: int, verb: Move) -> bool:
    """Was this very request done: did the stretch after ``epoch`` begin with it, by this agent."""
    after = await work.tx.conversations.stretch(work.conversation.id, epoch + 1)
    return after is not None and after.move == verb.value and after.actor == agent.id
