"""Queries of the desk: what screens show and what others may know. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from handover import screens
from handover.agent_frames import ConversationFrame, OfferFrame
from handover.agents import Agent
from handover.comers import Comers, Page
from handover.conversation import Control, Conversation, Lifecycle
from handover.desk_parts import DeskParts
from handover.desk_waits import waiting_part
from handover.entries import AgentId, ConversationId, CustomerId, Entry
from handover.errors import BadInput
from handover.frames import ControlFrame
from handover.mark_frames import EntryMarkFrame, mark_frame
from handover.matcher import Standing
from handover.ports import Transaction
from handover.stored import ConversationRow, Customer, Draft, HandBack, Note, Offer, Rating, StoredDecision
from handover.waits_report import WaitsReport, report
from handover.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Beside:
    """What an agent sees of a conversation beside its row and its lines, read at one moment."""

    offer: Offer | None
    notes: Sequence[Note]
    drafts: Sequence[Draft]
    marks: Sequence[EntryMarkFrame]


VIEWS = frozenset({"offers", "mine", "bot", "waiting", "resolved", "all"})
MOST = 200
# Waits a report looks at; beyond that, at the newest.
MOST_WAITS = 20_000


class Reading:
    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._comers = Comers(parts)

    async def conversation(self, conversation: ConversationId) -> Conversation:
        """Raises NotFound."""
        return (await self.stored(conversation)).conversation

    async def stored(self, conversation: ConversationId) -> ConversationRow:
        """The whole stored row, with the readers' marks. Raises NotFound."""
        async with self._parts.records.reading() as tx:
            return await tx.conversations.get(conversation)

    async def needs_a_turn(self, conversation: ConversationId, client_id: str) -> bool:
        """Whether words said now, by a page's own id for them, would need one more turn of the bot. Raises NotFound.

        Not when others than the bot have control, when a turn is owed here already, or when the words are recorded.
        """
        async with self._parts.records.reading() as tx:
            row = await tx.conversations.get(conversation)
            now = row.conversation
            if now.control is not Control.BOT and now.lifecycle is not Lifecycle.RESOLVED:
                return False
            if now.control is Control.BOT and now.last_customer_offset > row.answered:
                return False
            return await tx.entries.by_client_id(conversation, client_id) is None

    async def row(self, conversation: ConversationId) -> ConversationFrame:
        """Raises NotFound."""
        return screens.conversation_frame(await self.stored(conversation))

    async def control(self, conversation: ConversationId, *, for_agents: bool = False) -> ControlFrame:
        """Who may speak, and for a waiting customer who is there and their place. Raises NotFound."""
        async with self._parts.records.reading() as tx:
            row = await tx.conversations.get(conversation)
            waiting = await waiting_part(self._parts, tx, row.conversation)
        return screens.control_frame(row, waiting, for_agents=for_agents)

    async def page(self, conversation: ConversationId, after: int) -> Page:
        """All that a page needs that comes back with the lines up to ``after``. Raises NotFound."""
        return await self._comers.page(conversation, after)

    async def let_in(self) -> None:
        """To be awaited before a customer's page is let in: its turn comes when those before it have been served."""
        await self._comers.let_in()

    async def close(self) -> None:
        """Nobody's page is read any more."""
        await self._comers.close()

    async def entries(self, conversation: ConversationId, after: int = 0, limit: int = MOST) -> list[Entry]:
        """What came after offset ``after``, oldest first, at most ``limit``."""
        async with self._parts.records.reading() as tx:
            return await tx.entries.after(conversation, after, limit)

    async def entries_before(self, conversation: ConversationId, before: int, limit: int = MOST) -> list[Entry]:
        """The last ``limit`` entries before offset ``before``, oldest first."""
        async with self._parts.records.reading() as tx:
            return await tx.entries.before(conversation, before, limit)

    async def notes(self, conversation: ConversationId) -> list[Note]:
        async with self._parts.records.reading() as tx:
            return await tx.asides.notes(conversation)

    async def drafts(self, conversation: ConversationId) -> list[Draft]:
        async with self._parts.records.reading() as tx:
            return await tx.asides.drafts(conversation)

    async def marks(self, conversation: ConversationId) -> list[EntryMarkFrame]:
        """What is known of the newest lines beside their words, in the order of the lines."""
        async with self._parts.records.reading() as tx:
            return await _marks(tx, conversation)

    async def beside(self, conversation: ConversationId) -> Beside:
        """The latest handover's offer, notes, drafts and marks, in one transaction."""
        async with self._parts.records.reading() as tx:
            return Beside(
                await tx.offers.latest(conversation),
                await tx.asides.notes(conversation),
                await tx.asides.drafts(conversation),
                await _marks(tx, conversation),
            )

    async def hand_backs(self, conversation: ConversationId) -> list[HandBack]:
        async with self._parts.records.reading() as tx:
            return await tx.asides.hand_backs(conversation)

    async def ratings(self, conversation: ConversationId) -> list[Rating]:
        async with self._parts.records.reading() as tx:
            return await tx.asides.ratings(conversation)

    async def decisions(self, conversation: ConversationId) -> list[StoredDecision]:
        """The newest fifty, oldest first, each with all it was taken on."""
        async with self._parts.records.reading() as tx:
            return await tx.turns.decisions(conversation)

    async def packet(self, conversation: ConversationId) -> dict[str, Any] | None:
        """The packet of the latest handover; None when there was none."""
        async with self._parts.records.reading() as tx:
            offer = await tx.offers.latest(conversation)
        return None if offer is None else offer.packet

    async def last_offer(self, conversation: ConversationId) -> Offer | None:
        """The latest handover's offer; None when there was none."""
        async with self._parts.records.reading() as tx:
            return await tx.offers.latest(conversation)

    async def customer(self, customer: CustomerId) -> Customer:
        """Raises NotFound."""
        async with self._parts.records.reading() as tx:
            return await tx.people.customer(customer)

    async def rows(
        self, view: str, agent: Agent | None, *, before: int | None = None, limit: int = 50
    ) -> list[ConversationFrame]:
        """A list, newest change first; ``before`` is the feed number of the last row of the page before.

        Raises BadInput for an unknown view.
        """
        if view not in VIEWS:
            raise BadInput(f"There is no list called {view}.", detail={"views": sorted(VIEWS)})
        async with self._parts.records.reading() as tx:
            agent_id: AgentId | None = None if agent is None else agent.id
            found = await tx.conversations.rows(view, agent_id, before=before, limit=min(limit, MOST))
        return [screens.conversation_frame(row) for row in found]

    async def changed_since(self, feed: int, limit: int = 1_000) -> list[ConversationFrame]:
        """Every conversation that changed after ``feed``, oldest change first."""
        async with self._parts.records.reading() as tx:
            return [screens.conversation_frame(row) for row in await tx.conversations.changed_since(feed, limit)]

    async def feed(self) -> int:
        """The number of the newest change."""
        async with self._parts.records.reading() as tx:
            return await tx.conversations.feed()

    async def open_offers(self, agent: Agent | None = None) -> list[OfferFrame]:
        """Every offer that waits, in the order of the queue; with ``agent``, those that ring at them now."""
        async with self._parts.records.reading() as tx:
            offers = await (tx.offers.all_open() if agent is None else tx.offers.ringing_at(agent.id))
        return [screens.offer_frame(offer) for offer in offers]

    async def waiting(self) -> list[Wanted]:
        """Every open offer without its packet, in the order of the queue."""
        async with self._parts.records.reading() as tx:
            return await tx.offers.waiting()

    async def standings(self) -> list[Standing]:
        """Everybody who works here: at a console or not, and how many slots they hold."""
        async with self._parts.records.reading() as tx:
            return await self._parts.standings(tx)

    def teams(self) -> tuple[str, ...]:
        """The teams that policy.yml knows."""
        return self._parts.policy.matching.teams

    async def desk_open(self) -> bool:
        """Is anybody online and reachable."""
        async with self._parts.records.reading() as tx:
            return await self._parts.is_open(tx)

    async def waits_report(self, days: int) -> WaitsReport:
        """How the waits of the last ``days`` days went, and how good what customers were told was."""
        since = self._parts.clock.now() - timedelta(days=days)
        async with self._parts.records.reading() as tx:
            waits = await tx.waits.since(since, MOST_WAITS)
        zone = self._parts.calendars.usual.zone
        return report(waits, days=days, zone=zone, complete=len(waits) < MOST_WAITS)


async def _marks(tx: Transaction, conversation: ConversationId) -> list[EntryMarkFrame]:
    frames = []
    for mark in await tx.marks.newest(conversation, MOST):
        reworded = mark.edited_at is not None or mark.deleted_at is not None
        entry = (await tx.entries.after(conversation, mark.offset - 1, 1))[0] if reworded else None
        frames.append(mark_frame(mark, *((entry.text, entry.html) if entry else ())))
    return frames
