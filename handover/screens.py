"""What screens are told: from the record's rows to frames of the wire contract, and the topics they go to."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from handover.agent_frames import (
    ConversationFrame,
    OfferFrame,
    OfferGone,
    PacketFrame,
)
from handover.agent_parts import AgentPart, CustomerPart, LastEntryPart
from handover.agents import OUTSIDE, Agent
from handover.aside_frames import DraftFrame, NoteFrame
from handover.entries import AgentId, ConversationId, Entry
from handover.frame_texts import entry_text, for_agents, row_text
from handover.frames import CitationPart, ControlFrame, Frame, WaitingPart
from handover.inboxes import channel_of
from handover.ports import Told
from handover.stored import ConversationRow, Draft, Note, Offer

AGENTS = "agents"


def customer_topic(conversation: ConversationId) -> str:
    return f"customer:{conversation}"


def desk_topic(conversation: ConversationId) -> str:
    return f"desk:{conversation}"


def agent_topic(agent: AgentId) -> str:
    return f"agent:{agent}"


def told(topic: str, frame: Frame, offset: int | None = None) -> Told:
    """``frame`` for ``topic``, serialised once for all its readers."""
    kind = str(getattr(frame, "type", ""))
    return Told(topic, kind, frame.model_dump_json(exclude_none=True), offset)


def told_line(entry: Entry) -> Told:
    """A line for the customer's screens."""
    return Told(customer_topic(entry.conversation), "entry", entry_text(entry), entry.offset)


def line_for_agents(told: Told, conversation: ConversationId) -> Told:
    """A line as the customer's screens are told it, for the agents who have ``conversation`` open."""
    return Told(desk_topic(conversation), told.kind, for_agents(told.text, conversation), told.offset)


def agent_part(agent: Agent, held: int | None = None) -> AgentPart:
    """Somebody with all that matching goes by; ``held`` where it is known."""
    return _name_part(agent).model_copy(
        update={
            "held": held,
            "skills": tuple(sorted(agent.skills)),
            "languages": tuple(sorted(agent.languages)),
            "teams": tuple(sorted(agent.teams)),
        }
    )


def _name_part(agent: Agent) -> AgentPart:
    return AgentPart(
        id=agent.id, name=agent.name, role=agent.role, availability=agent.availability, capacity=agent.capacity
    )


def _customer_part(row: ConversationRow) -> CustomerPart:
    who = row.customer
    return CustomerPart(
        id=who.id, name=who.name, email=who.email, profile=who.profile, contact=row.contact, blocked=row.blocked
    )


def conversation_frame(row: ConversationRow) -> ConversationFrame:
    """A list row."""
    now = row.conversation
    last = row.last
    return ConversationFrame(
        conversation=now.id,
        inbox=now.inbox,
        lifecycle=now.lifecycle,
        control=now.control,
        epoch=now.epoch,
        customer=_customer_part(row),
        feed=row.feed,
        agent=None if row.agent is None else _name_part(row.agent),
        reason=row.reason,
        waiting_since=now.waiting_since,
        changed_at=now.changed_at,
        last_entry=None
        if last is None
        else LastEntryPart(offset=last.offset, author=last.author, text=last.text, at=last.at),
        rating=row.rating,
        team=row.team,
        needs=tuple(sorted(row.needs)) or None,
        reply_due=row.reply_due,
        channel=channel_of(now.inbox),
        external=now.agent == OUTSIDE,
        customer_at=row.customer_at,
    )


# What a list row shows beside its newest line and the times. A change of these is told at once.
_LOUD = attrgetter(
    "conversation.inbox", "conversation.lifecycle", "conversation.control", "conversation.epoch",
    "conversation.agent", "conversation.waiting_since", "customer", "agent", "reason", "rating", "reply_due", "team",
    "needs", "contact", "blocked",
)  # fmt: skip


def is_quiet(before: ConversationRow, now: ConversationRow) -> bool:
    """Whether a list shows no more of the change than a newer line and its time."""
    return bool(_LOUD(before) == _LOUD(now))


def told_row(row: ConversationRow, *, waits: bool = False) -> Told:
    """A list row for every console; one that ``waits`` may be gathered with others for a moment."""
    return Told(AGENTS, "conversation", row_text(row), row.feed, row.conversation.id, waits)


def control_frame(row: ConversationRow, waiting: WaitingPart | None, *, for_agents: bool = False) -> ControlFrame:
    """Who may speak now, as the customer's or the agents' screens get it."""
    now = row.conversation
    return ControlFrame(
        control=now.control,
        epoch=now.epoch,
        lifecycle=now.lifecycle,
        agent=None if row.agent is None else row.agent.name,
        waiting=waiting,
        conversation=now.id if for_agents else None,
    )


def offer_frame(offer: Offer) -> OfferFrame:
    return OfferFrame(
        conversation=offer.conversation,
        epoch=offer.epoch,
        packet=offer.packet,
        expires_at=offer.expires_at,
        overdue=offer.overdue,
        to=offer.to,
        feed=offer.feed,
        deadline=offer.deadline,
        weight=offer.weight,
        needs=tuple(sorted(offer.needs)),
        language=offer.language,
        team=offer.team,
        round=offer.round,
        escalated=offer.escalated,
    )


def offer_gone(conversation: ConversationId, taken_by: str | None, feed: int) -> OfferGone:
    return OfferGone(conversation=conversation, taken_by=taken_by, feed=feed)


def packet_frame(offer: Offer) -> PacketFrame:
    return packet_of(offer.conversation, offer.epoch, offer.packet)


def packet_of(conversation: ConversationId, epoch: int, packet: dict[str, Any]) -> PacketFrame:
    return PacketFrame(conversation=conversation, epoch=epoch, packet=packet)


def note_frame(note: Note) -> NoteFrame:
    return NoteFrame(
        conversation=note.conversation,
        id=note.id,
        author=_name_part(note.agent),
        text=note.text,
        at=note.at,
        after_offset=note.after_offset,
        client_id=note.client_id,
    )


def draft_frame(draft: Draft) -> DraftFrame:
    return DraftFrame(
        conversation=draft.conversation,
        text=draft.text,
        citations=tuple(CitationPart(title=c.title, url=c.url) for c in draft.citations),
        origin=draft.origin,
        at=draft.at,
    )
