"""Who is at the desk: their choice, their open consoles, what they can do; and the desk's tick, once a second."""

from __future__ import annotations

from handover import desk_leases, desk_offers
from handover.agents import Agent, AvailabilityState
from handover.desk_parts import DeskParts
from handover.entries import AgentId
from handover.errors import Forbidden


class DeskHours:
    """Availability is the agent's choice and no socket changes it; being reachable is their sockets' affair."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._gone = desk_leases.Gone()

    async def set_availability(self, agent: Agent, state: AvailabilityState) -> None:
        async with self._parts.records.transaction() as tx:
            await tx.people.set_availability(agent.id, state)
            if state == "online":
                await desk_offers.tell_of_left_messages(tx, agent.id)
        await self._parts.matching.run()

    async def reachable(self, agent: AgentId, on: bool) -> None:
        await self._parts.presence.mark(agent, on)
        await self._parts.matching.run()

    async def set_matching(self, by: Agent, changed: Agent) -> None:
        """What an agent can do and how much. Raises Forbidden, BadInput naming a skill or team nobody knows."""
        if by.role == "agent":
            raise Forbidden("Only a lead or an admin may do this.")
        self._parts.policy.matching.check(changed)
        async with self._parts.records.transaction() as tx:
            await tx.people.set_matching(changed)
        await self._parts.matching.run()

    async def tick(self) -> None:
        """Time passed. The matcher runs when the tick, or another process, has changed anything."""
        parts = self._parts
        moved = await desk_leases.expire_offers(parts)
        await desk_leases.end_late_replies(parts)
        await desk_leases.wake_snoozed(parts)
        await self._gone.offer_theirs(parts)
        if moved:
            await parts.matching.run()
        else:
            await parts.matching.look()
