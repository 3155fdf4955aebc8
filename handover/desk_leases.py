"""What the clock does at the desk: offers that ring out, first replies that do not come, snoozes that end.

Several processes may tick at once: each row is looked at again under its lock, and what was done is not done twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from handover import screens
from handover.conversation import Control, Lifecycle
from handover.desk_change import change
from handover.desk_offers import renew_offer
from handover.desk_parts import DeskParts
from handover.desk_taking import offer_to_others, waits, wake
from handover.entries import AgentId
from handover.errors import ReplyLate
from handover.frames import ErrorFrame
from handover.matcher import due
from handover.stored import ConversationRow
from handover.wanted import How

CLOCK = "clock"
# Rows one tick looks after at most, of each kind; the others wait for the next tick.
MOST = 200


async def expire_offers(parts: DeskParts) -> bool:
    """Offers whose lease or deadline has passed ring wider. True when there were any."""
    now = parts.clock.now()
    async with parts.records.reading() as tx:
        late = await tx.offers.due(now, MOST)
        standings = await parts.standings(tx) if late else []
    for conversation in late:
        async with change(parts, conversation, rematch=False) as work:
            offer = await work.tx.offers.open(conversation, lock=True)
            if offer is not None and due(offer, work.at):
                await renew_offer(work, offer, standings)
    return bool(late)


async def end_late_replies(parts: DeskParts) -> None:
    """Whoever accepted and left the customer without a word loses the conversation to others, and is told."""
    now = parts.clock.now()
    async with parts.records.reading() as tx:
        late = await tx.conversations.replies_due(now, MOST)
    for conversation in late:
        async with change(parts, conversation, rematch=False) as work:
            row, holder = work.row, work.row.agent
            if holder is None or row.reply_due is None or row.reply_due > work.at:
                continue
            words = parts.policy.words.no_reply
            because = f"{holder.name} accepted it and did not reply in time."
            await offer_to_others(work, How.NO_REPLY, because, words, CLOCK)
            who = row.customer.name or "a customer"
            refused = ReplyLate(f"You did not answer {who} in time, so it was offered to your colleagues.")
            frame = ErrorFrame(code=refused.code, message=refused.message, conversation=conversation)
            work.tell(screens.agent_topic(holder.id), frame)


async def wake_snoozed(parts: DeskParts) -> None:
    """Snoozes end at their time."""
    now = parts.clock.now()
    async with parts.records.reading() as tx:
        late = await tx.conversations.snoozed_until(now)
    for conversation in late[:MOST]:
        async with change(parts, conversation, rematch=False) as work:
            until = work.conversation.snoozed_until
            if work.conversation.lifecycle is Lifecycle.SNOOZED and until is not None and until <= work.at:
                await wake(work, CLOCK)


@dataclass(slots=True)
class Gone:
    """Since when, on the monotonic clock, each agent with conversations has had no console open."""

    since: dict[AgentId, float] = field(default_factory=dict)

    async def offer_theirs(self, parts: DeskParts) -> None:
        """Their customers who wait are offered to others after a short grace, the others after a long one."""
        at, agents = parts.clock.monotonic(), parts.policy.agents
        async with parts.records.reading() as tx:
            here = {s.agent.id for s in await parts.standings(tx) if s.here}
            self.since = {agent: self.since.get(agent, at) for agent in await tx.people.held() if agent not in here}
            for_long = {agent for agent, since in self.since.items() if at - since >= agents.gone_idle_seconds}
            gone = {agent for agent, since in self.since.items() if at - since >= agents.gone_seconds}
            rows = await tx.conversations.kept_by(for_long, MOST) if for_long else []
            rows += await tx.conversations.kept_by(gone - for_long, MOST, waiting=True) if gone - for_long else []
        for row in rows:
            await _offer(parts, row)


async def _offer(parts: DeskParts, seen: ConversationRow) -> None:
    async with change(parts, seen.conversation.id, rematch=False) as work:
        same = work.conversation.epoch == seen.conversation.epoch and work.conversation.control is Control.HUMAN
        if work.row.agent is None or not same or (waits(seen) and not waits(work.row)):
            return
        because = f"{work.row.agent.name}'s console has been closed a while."
        await offer_to_others(work, How.GONE, because, parts.policy.words.agent_gone, CLOCK)
