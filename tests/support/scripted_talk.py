"""A conversation of the scripted service, and what is shown of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from handover.agent_frames import ConversationFrame, OfferFrame
from handover.agent_parts import AgentPart, CustomerPart, LastEntryPart
from handover.agents import OUTSIDE
from handover.aside_frames import DraftFrame, NoteFrame
from handover.conversation import Control, Lifecycle
from handover.frames import ControlFrame, EntryFrame, WaitingPart
from handover.inboxes import WEB, channel_of
from handover.mark_frames import EntryMarkFrame


@dataclass
class Talk:
    """One conversation as the pages can see it."""

    id: str
    customer: CustomerPart
    entries: list[EntryFrame] = field(default_factory=list)
    control: Control = Control.BOT
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    epoch: int = 1
    agent: AgentPart | None = None
    waiting: WaitingPart | None = None
    packet: dict[str, Any] | None = None
    notes: list[NoteFrame] = field(default_factory=list)
    drafts: list[DraftFrame] = field(default_factory=list)
    offer: OfferFrame | None = None
    seen: int = 0
    rated: dict[int, int] = field(default_factory=dict)
    feed: int = 0
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    reply_due: datetime | None = None
    inbox: str = WEB
    customer_at: datetime | None = None
    marks: dict[int, EntryMarkFrame] = field(default_factory=dict)

    def row(self) -> ConversationFrame:
        last = self.entries[-1] if self.entries else None
        part = last and LastEntryPart(offset=last.offset, author=last.author.kind, text=last.text[:200], at=last.at)
        return ConversationFrame(
            conversation=self.id,
            inbox=self.inbox,
            channel=channel_of(self.inbox),
            external=self.agent is not None and self.agent.id == OUTSIDE,
            customer_at=self.customer_at,
            lifecycle=self.lifecycle,
            control=self.control,
            epoch=self.epoch,
            customer=self.customer,
            feed=self.feed,
            agent=self.agent,
            reason=(self.packet or {}).get("reason"),
            waiting_since=self.waiting.since if self.waiting else None,
            changed_at=self.changed_at,
            last_entry=part,
            rating=next(iter(self.rated.values()), None),
            team=self.offer.team if self.offer else None,
            needs=(self.offer.needs or None) if self.offer else None,
            reply_due=self.reply_due,
        )

    def control_frame(self, *, for_agents: bool = False) -> ControlFrame:
        return ControlFrame(
            control=self.control,
            epoch=self.epoch,
            lifecycle=self.lifecycle,
            agent=self.agent.name if self.agent else None,
            waiting=self.waiting,
            conversation=self.id if for_agents else None,
        )
