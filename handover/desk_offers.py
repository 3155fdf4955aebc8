"""How a conversation comes to be offered, and what happens to offers until somebody takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handover import desk_waits, packet, screens
from handover.conversation import Control, Move
from handover.desk_change import Change
from handover.desk_parts import new_id
from handover.entries import AgentId
from handover.evidence import Decision, Reason
from handover.matcher import Standing, desk_open, moved_on
from handover.ports import Transaction
from handover.stored import Customer, Offer, StoredDecision
from handover.wanted import Stage, Tried

# How many of those who left a message an agent is shown on coming online; a console lists the rest.
LEFT_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class Aim:
    """Whom an offer is for, and what is known of an earlier one: who was tried, and its deadline."""

    to: AgentId | None = None
    team: str | None = None
    past: tuple[Tried, ...] = ()
    deadline: datetime | None = None


ANYBODY = Aim()


async def make_offer(
    work: Change,
    decision: Decision,
    actor: str,
    *,
    why: str | None = None,
    passing: bool = True,
    verb: Move = Move.OFFER,
    aim: Aim = ANYBODY,
) -> Offer:
    """Move to offered, with packet and honest notice. ``decision`` carries reason and because. The matcher rings it.

    ``why`` is what the customer reads of the reason, instead of the policy's words; "" when it was said already.
    ``passing``: say that the customer is passed on; False when that was said already.
    """
    parts, now = work.parts, work.conversation
    standings = await work.standings()
    words = parts.policy.words
    reason = decision.reason or Reason.RULE
    if why is None:
        why = words.why[reason]
    who = desk_waits.who_comes(parts, standings, passing=passing)
    await work.notice(" ".join(filter(None, (why, who))))
    decisions = await work.tx.turns.decisions(now.id)
    needs = _needs(work, reason, decisions)
    await work.move(verb, actor)
    work.row = replace(work.row, reason=reason, team=aim.team, needs=needs)
    built = await build_packet(work, decision, decisions)
    offer = replace(_offer(work, reason, aim), packet=built.as_json(), told_nobody=not desk_open(standings))
    await work.tx.offers.insert(offer)
    work.offered = offer
    work.tell_desk(screens.packet_frame(offer))
    return offer


def _offer(work: Change, reason: Reason, aim: Aim) -> Offer:
    """The offer of a conversation that has just moved to offered, without its packet."""
    parts, now = work.parts, work.conversation
    target = work.at + timedelta(seconds=parts.policy.matching.target_of(reason))
    stage = Stage.FITTING if aim.to is None else Stage.NAMED
    return Offer(
        id=new_id(),
        conversation=now.id,
        epoch=now.epoch,
        reason=reason,
        packet={},
        made_at=work.at,
        expires_at=work.at + parts.policy.rules.lease_of(stage),
        deadline=target if aim.deadline is None else min(target, aim.deadline),
        weight=parts.policy.matching.weight_of(now.inbox),
        needs=work.row.needs,
        language=_language(work.row.customer),
        team=aim.team,
        to=aim.to,
        stage=stage,
        past=aim.past,
    )


def _needs(work: Change, reason: Reason, decisions: Sequence[StoredDecision]) -> frozenset[str]:
    """The skills it asks for; a conversation that goes from person to person keeps what it needed."""
    before = work.conversation
    latest = decisions[-1] if decisions and decisions[-1].epoch == before.epoch else None
    topics, intent = ((), None) if latest is None else (latest.evidence.topics, latest.evidence.intent)
    needs = work.parts.policy.matching.needs_of(reason, topics, intent)
    return needs | work.row.needs if before.control is Control.HUMAN else needs


def _language(customer: Customer) -> str | None:
    """The language the company told us the customer speaks, as "nl" of "nl-BE"; None when it did not."""
    said = customer.profile.get("language", "").strip().lower()
    return said.replace("_", "-").partition("-")[0][:16] or None


async def build_packet(work: Change, decision: Decision, decisions: Sequence[StoredDecision]) -> packet.Packet:
    """The packet by rules, from the record alone; no model is asked."""
    now, tx = work.conversation, work.tx
    look_back = work.parts.policy.offers.packet_entries
    return packet.build(
        reason=decision.reason or Reason.RULE,
        because=decision.because,
        stretch_start=work.before.stretch_start,
        entries=await tx.entries.before(now.id, now.last_offset + 1, look_back),
        decisions=decisions,
        hand_backs=await tx.asides.hand_backs(now.id),
        customer=work.row.customer,
    )


async def close_offer(work: Change, taken_by: AgentId | None, name: str | None) -> None:
    """The offer is over, taken or no longer needed."""
    await work.tx.offers.close(work.conversation.id, work.at, taken_by)
    work.tell(screens.AGENTS, screens.offer_gone(work.conversation.id, name, work.row.feed))


async def renew_offer(work: Change, offer: Offer, standings: Sequence[Standing]) -> None:
    """Its lease or its deadline has passed: it rings wider, and the customer hears once how things stand."""
    again = moved_on(offer, work.parts.policy.rules, work.at, anybody=any(s.present for s in standings))
    words = work.parts.policy.words
    if offer.expires_at <= work.at:
        somebody_here = desk_open(standings)
        # Somebody who was told that nobody is here needs no second line saying that it takes long.
        if somebody_here and not offer.told_long:
            await work.notice(words.taking_long)
            again = replace(again, told_long=True)
        elif not somebody_here and not offer.told_nobody:
            await work.notice(desk_waits.closed_words(work.parts) or words.nobody_here)
            again = replace(again, told_nobody=True)
    await work.tx.offers.move(again)
    for agent in offer.ringing:
        still = agent in again.ringing
        frame = screens.offer_frame(again) if still else screens.offer_gone(offer.conversation, None, work.row.feed)
        work.tell(screens.agent_topic(agent), frame)


async def tell_of_left_messages(tx: Transaction, agent: AgentId) -> None:
    """Somebody begins to work: show whom an answer by e-mail was promised, so that it is not forgotten."""
    for row in await tx.conversations.rows("waiting", None, before=None, limit=LEFT_MESSAGES):
        if row.conversation.control is Control.NOBODY:
            tx.after_commit(screens.told(screens.agent_topic(agent), screens.conversation_frame(row)))
