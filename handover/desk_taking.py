"""How a conversation becomes an agent's and may be lost again: slots reserved, offers won or declined, wakings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handover import screens
from handover.agents import OUTSIDE, Agent
from handover.conversation import Control, Conversation, Move
from handover.desk_change import Change, change
from handover.desk_offers import Aim, close_offer, make_offer
from handover.desk_parts import DeskParts
from handover.entries import ConversationId
from handover.errors import IllegalMove, NotYours, Taken
from handover.evidence import Decision, Outcome, Reason
from handover.stored import ConversationRow, Offer
from handover.wanted import How, Stage, Tried, with_try


async def win(parts: DeskParts, agent: Agent, conversation: ConversationId, epoch: int, verb: Move) -> Conversation:
    """Accept or take, whichever the state allows. Raises Taken, NotYours, IllegalMove when moved on or no room."""
    async with change(parts, conversation) as work:
        now = work.conversation
        if now.control is Control.HUMAN and now.agent != OUTSIDE:
            if now.agent == agent.id:
                return now
            name = work.row.agent.name if work.row.agent else "a colleague"
            raise Taken(f"{name} has this conversation already.", detail={"taken_by": name})
        if now.epoch != epoch:
            raise IllegalMove("The conversation has moved on since.", detail={"epoch": now.epoch})
        offered = now.control is Control.OFFERED
        await _check_offer(work, agent)
        customer_waits = offered or now.last_customer_offset > work.row.answered
        # The row of the offer closes first, so that frames show it gone when the new holder appears.
        if offered:
            await close_offer(work, agent.id, agent.name)
        await _reserve(work, agent)
        await work.move(Move.ACCEPT if offered else verb, agent.id, agent=agent.id)
        due = work.at + timedelta(seconds=parts.policy.offers.first_reply_seconds)
        work.row = replace(work.row, answered=work.conversation.last_offset, reply_due=due if customer_waits else None)
        await work.notice(parts.policy.words.joined.replace("{agent}", agent.name))
    return work.conversation


async def _check_offer(work: Change, agent: Agent) -> None:
    """A transfer to somebody else is theirs until its lease ends."""
    offer = await work.tx.offers.open(work.conversation.id)
    if offer is None or offer.stage is not Stage.NAMED or offer.to == agent.id:
        return
    if offer.expires_at > work.at:
        raise NotYours("This one is being passed to a colleague; it comes to others if they do not take it.")


async def _reserve(work: Change, agent: Agent) -> None:
    """Room for this one, held by this transaction. Capacity is read here: the agent handed in may be old."""
    now, held = await work.tx.people.reserve(agent.id)
    weight = work.parts.policy.matching.weight_of(work.conversation.inbox)
    if held + weight > now.capacity:
        raise IllegalMove(
            "You have as many conversations as you can hold.",
            detail={"held": held, "capacity": now.capacity, "weight": weight},
        )
    await work.tx.people.took(agent.id, work.at)


async def wake(work: Change, actor: str) -> None:
    """A snoozed conversation goes on with its agent, or with others when its agent has no room for it by now."""
    holder = work.row.agent
    if holder is None:
        await work.move(Move.WAKE, actor)
        return
    now, held = await work.tx.people.reserve(holder.id)
    if held + work.parts.policy.matching.weight_of(work.conversation.inbox) <= now.capacity:
        await work.move(Move.WAKE, actor)
    else:
        because = f"It woke while {holder.name} had no room for it."
        await offer_to_others(work, How.FULL, because, work.parts.policy.words.no_room, actor)


async def offer_to_others(work: Change, how: How, because: str, words: str, actor: str) -> Offer | None:
    """Away from its agent, who is remembered as tried. A customer who waits keeps the deadline of the offer before."""
    holder = work.row.agent
    if holder is None:
        return None
    before = await work.tx.offers.latest(work.conversation.id)
    same = before if before is not None and before.epoch == work.conversation.epoch - 1 else None
    past = with_try(() if same is None else same.past, Tried(holder.id, how, work.at))
    deadline = same.deadline if same is not None and waits(work.row) else None
    return await make_offer(
        work,
        Decision(Outcome.HAND_OVER, Reason.TRANSFERRED, because),
        actor,
        why=words.replace("{agent}", holder.name),
        passing=False,
        verb=Move.TRANSFER,
        aim=Aim(past=past, deadline=deadline, team=work.row.team),
    )


def waits(row: ConversationRow) -> bool:
    """Does the customer wait for this agent's words."""
    unanswered = row.conversation.last_customer_offset > row.answered
    return row.conversation.control is Control.HUMAN and (unanswered or row.reply_due is not None)


async def decline(parts: DeskParts, agent: Agent, conversation: ConversationId, reason: str | None) -> None:
    """It does not ring at this agent again before all others were asked."""
    async with change(parts, conversation) as work:
        offer = await work.tx.offers.open(conversation, lock=True)
        if offer is None:
            return
        past = with_try(offer.past, Tried(agent.id, How.DECLINED, work.at))
        ringing = tuple(one for one in offer.ringing if one != agent.id)
        await work.tx.offers.move(replace(offer, past=past, ringing=ringing))
        await work.tx.offers.declined(offer.id, agent.id, reason, work.at)
        work.tell(screens.agent_topic(agent.id), screens.offer_gone(conversation, None, work.row.feed))
        work.rings_anew = True
