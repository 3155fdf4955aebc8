"""How a conversation comes to be offered, and what happens to offers until somebody takes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handover import desk_waits, packet, screens
from handover.conversation import Control, Move
from handover.desk_change import Change
from handover.desk_parts import DeskParts, new_id
from handover.entries import AgentId
from handover.evidence import Decision, Reason
from handover.matcher import audience, desk_open
from handover.ports import Transaction
from handover.stored import Offer

# How many of those who left a message an agent is shown on coming online; a console lists the rest.
LEFT_MESSAGES = 100


async def make_offer(
    work: Change,
    decision: Decision,
    actor: str,
    *,
    why: str | None = None,
    passing: bool = True,
    to: AgentId | None = None,
    verb: Move = Move.OFFER,
) -> Offer:
    """Move to offered, with packet and honest notice, and ring. ``decision`` carries reason and because.

    ``why`` is what the customer reads of the reason, instead of the policy's words; "" when it was said already.
    ``passing``: say that the customer is passed on; False when that was said already.
    """
    parts, now = work.parts, work.conversation
    standings = await parts.standings(work.tx)
    words = parts.policy.words
    if why is None:
        why = words.why[decision.reason or Reason.RULE]
    who = desk_waits.who_comes(parts, standings, passing=passing)
    await work.notice(" ".join(filter(None, (why, who))))
    await work.move(verb, actor)
    reason = decision.reason or Reason.RULE
    work.row = replace(work.row, reason=reason)
    offer = Offer(
        id=new_id(),
        conversation=now.id,
        epoch=work.conversation.epoch,
        reason=reason,
        packet=(await build_packet(work, decision)).as_json(),
        made_at=work.at,
        expires_at=work.at + _lease(parts, to),
        to=to,
    )
    await work.tx.offers.insert(offer)
    work.offered = offer
    for agent in audience(offer, standings):
        work.tell(screens.agent_topic(agent), screens.offer_frame(offer))
    work.tell_desk(screens.packet_frame(offer))
    return offer


def _lease(parts: DeskParts, to: AgentId | None) -> timedelta:
    offers = parts.policy.offers
    return timedelta(seconds=offers.lease_seconds if to is None else offers.transfer_lease_seconds)


async def build_packet(work: Change, decision: Decision) -> packet.Packet:
    """The packet by rules, from the record alone; no model is asked."""
    now, tx = work.conversation, work.tx
    look_back = work.parts.policy.offers.packet_entries
    return packet.build(
        reason=decision.reason or Reason.RULE,
        because=decision.because,
        stretch_start=work.before.stretch_start,
        entries=await tx.entries.before(now.id, now.last_offset + 1, look_back),
        decisions=await tx.turns.decisions(now.id),
        hand_backs=await tx.asides.hand_backs(now.id),
        customer=work.row.customer,
    )


async def close_offer(work: Change, taken_by: AgentId | None, name: str | None) -> None:
    """The offer is over, taken or no longer needed."""
    await work.tx.offers.close(work.conversation.id, work.at, taken_by)
    work.tell(screens.AGENTS, screens.offer_gone(work.conversation.id, name, work.row.feed))


async def renew_offer(work: Change, offer: Offer) -> None:
    """The lease ran out: show it again, wider; tell the customer once that it takes long."""
    offers = work.parts.policy.offers
    again = replace(
        offer,
        round=offer.round + 1,
        to=None,
        told_long=True,
        expires_at=work.at + timedelta(seconds=offers.lease_seconds),
    )
    standings = await work.parts.standings(work.tx)
    # Somebody who was told that nobody is here needs no second line saying that it takes long.
    if not offer.told_long and desk_open(standings):
        await work.notice(work.parts.policy.words.taking_long)
    else:
        again = replace(again, told_long=offer.told_long)
    await work.tx.offers.renew(again)
    work.row = replace(work.row, conversation=replace(work.conversation, changed_at=work.at))
    for agent in audience(again, standings):
        work.tell(screens.agent_topic(agent), screens.offer_frame(again))


async def ring_for(parts: DeskParts, tx: Transaction, agent: AgentId) -> None:
    """An agent became free to take offers: show what waits, oldest first."""
    standings = await parts.standings(tx)
    for offer in await tx.offers.all_open():
        if agent in audience(offer, standings):
            tx.after_commit(screens.told(screens.agent_topic(agent), screens.offer_frame(offer)))


async def tell_of_left_messages(tx: Transaction, agent: AgentId) -> None:
    """Somebody begins to work: show whom an answer by e-mail was promised, so that it is not forgotten."""
    for row in await tx.conversations.rows("waiting", None, before=None, limit=LEFT_MESSAGES):
        if row.conversation.control is Control.NOBODY:
            tx.after_commit(screens.told(screens.agent_topic(agent), screens.conversation_frame(row)))


async def tell_waiting(parts: DeskParts, tx: Transaction) -> None:
    """Tell those first in line anew who is there and what their place is."""
    for told in await desk_waits.news(parts, tx):
        tx.after_commit(told)
