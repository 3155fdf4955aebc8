"""The desk in time: who is at it, leases that run out, snoozes that end, agents who are gone."""

from __future__ import annotations

from handover import desk_offers
from handover.agents import Agent, AvailabilityState
from handover.conversation import Control, Lifecycle, Move
from handover.desk_change import change
from handover.desk_parts import DeskParts
from handover.entries import AgentId
from handover.evidence import Decision, Outcome, Reason
from handover.stored import ConversationRow

_CLOCK = "clock"


class DeskHours:
    """``gone`` holds since when, on the monotonic clock, each agent with conversations has no console open."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._gone: dict[AgentId, float] = {}

    async def set_availability(self, agent: Agent, state: AvailabilityState) -> None:
        async with self._parts.records.transaction() as tx:
            was_open = await self._parts.is_open(tx)
            await tx.people.set_availability(agent.id, state)
            await desk_offers.ring_for(self._parts, tx, agent.id)
            if state == "online":
                await desk_offers.tell_of_left_messages(tx, agent.id)
            if await self._parts.is_open(tx) != was_open:
                await desk_offers.tell_waiting(self._parts, tx)

    async def reachable(self, agent: AgentId, on: bool) -> None:
        async with self._parts.records.transaction() as tx:
            was_open = await self._parts.is_open(tx)
            await self._parts.presence.mark(agent, on)
            if on:
                await desk_offers.ring_for(self._parts, tx, agent)
            if await self._parts.is_open(tx) != was_open:
                await desk_offers.tell_waiting(self._parts, tx)

    async def room_for(self, agent: Agent) -> None:
        """The agent has room for one more: show what waits."""
        async with self._parts.records.transaction() as tx:
            await desk_offers.ring_for(self._parts, tx, agent.id)

    async def tick(self) -> None:
        await self.expire_offers()
        await self._wake_snoozed()
        await self._offer_of_the_gone()

    async def expire_offers(self) -> None:
        """Offers whose lease ran out are shown again, wider."""
        now = self._parts.clock.now()
        async with self._parts.records.reading() as tx:
            late = [offer for offer in await tx.offers.all_open() if offer.expires_at <= now]
        for each in late:
            async with change(self._parts, each.conversation) as work:
                offer = await work.tx.offers.open(each.conversation)
                if offer is not None and offer.expires_at <= work.at:
                    await desk_offers.renew_offer(work, offer)

    async def _wake_snoozed(self) -> None:
        now = self._parts.clock.now()
        async with self._parts.records.reading() as tx:
            due = await tx.conversations.snoozed_until(now)
        for conversation in due:
            async with change(self._parts, conversation) as work:
                until = work.conversation.snoozed_until
                if work.conversation.lifecycle is Lifecycle.SNOOZED and until is not None and until <= work.at:
                    await work.move(Move.WAKE, _CLOCK)

    async def _offer_of_the_gone(self) -> None:
        """A customer who waits for an agent whose console is closed is offered to all, after a grace."""
        at = self._parts.clock.monotonic()
        async with self._parts.records.reading() as tx:
            standings = await self._parts.standings(tx)
            away = {s.agent.id for s in standings if s.held and not s.here}
            self._gone = {agent: self._gone.get(agent, at) for agent in away}
            grace = self._parts.policy.agents.gone_seconds
            left = [agent for agent, since in self._gone.items() if at - since >= grace]
            rows = [r for agent in left for r in await tx.conversations.rows("mine", agent, before=None, limit=50)]
        for row in filter(_customer_waits, rows):
            async with change(self._parts, row.conversation.id) as work:
                if work.conversation.epoch != row.conversation.epoch or work.row.agent is None:
                    continue
                name = work.row.agent.name
                decision = Decision(Outcome.HAND_OVER, Reason.TRANSFERRED, f"{name}'s console has been closed a while.")
                words = self._parts.policy.words.agent_gone.replace("{agent}", name)
                await desk_offers.make_offer(work, decision, _CLOCK, why=words, passing=False, verb=Move.TRANSFER)


def _customer_waits(row: ConversationRow) -> bool:
    now = row.conversation
    return now.control is Control.HUMAN and now.last_customer_offset > row.answered
