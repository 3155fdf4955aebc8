"""The desk: all its verbs in one place, and how it is put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from handover.attention import Attention
from handover.backends import Backends
from handover.calendar import Calendars
from handover.conversation import Move
from handover.desk_for_agents import DeskForAgents
from handover.desk_for_bot import ASK_FOR_HUMAN, DeskForBot, Lease, TurnBrief, TurnEnd
from handover.desk_for_channels import DeskForChannels
from handover.desk_for_contacts import DeskForContacts
from handover.desk_for_customers import CustomerMessage, DeskForCustomers, Recorded
from handover.desk_hours import DeskHours
from handover.desk_matching import Matching
from handover.desk_parts import DeskParts
from handover.desk_summaries import Summaries
from handover.policy_settings import PolicySettings
from handover.ports import Clock, Copilot, LiveFeed
from handover.reading import Reading
from handover.stored import Customer, Draft, HandBack, Note, Rating, StoredDecision


@dataclass(frozen=True, slots=True)
class Desk:
    """The verbs, by who may use them."""

    customers: DeskForCustomers
    bot: DeskForBot
    agents: DeskForAgents
    channels: DeskForChannels
    contacts: DeskForContacts
    reading: Reading
    live: LiveFeed
    clock: Clock
    summaries: Summaries
    attention: Attention = field(default_factory=Attention)
    moves: Counter[Move] = field(default_factory=Counter)

    async def close(self) -> None:
        """Give up background work; nothing of the record depends on it."""
        await self.summaries.close()
        await self.reading.close()


def open_desk(
    backends: Backends,
    *,
    clock: Clock,
    policy: PolicySettings,
    copilot: Copilot | None = None,
    calendars: Calendars | None = None,
) -> Desk:
    """A desk on ``backends``. Without ``calendars`` the desk is always open by plan."""
    offers = policy.offers
    summaries = Summaries(backends.records, copilot, offers.summary_seconds, offers.packet_entries)
    matching = Matching()
    parts = DeskParts(
        records=backends.records,
        live=backends.live,
        presence=backends.presence,
        clock=clock,
        policy=policy,
        summaries=summaries,
        matching=matching,
        copilot=copilot,
        calendars=calendars or Calendars(),
    )
    matching.serve(parts)
    return Desk(
        customers=DeskForCustomers(parts),
        bot=DeskForBot(parts),
        agents=DeskForAgents(parts, DeskHours(parts)),
        channels=DeskForChannels(parts),
        contacts=DeskForContacts(parts),
        reading=Reading(parts),
        live=backends.live,
        clock=clock,
        summaries=summaries,
        moves=parts.moves,
    )


__all__ = [
    "ASK_FOR_HUMAN",
    "Customer",
    "CustomerMessage",
    "Desk",
    "Draft",
    "HandBack",
    "Lease",
    "Note",
    "Rating",
    "Recorded",
    "StoredDecision",
    "TurnBrief",
    "TurnEnd",
    "open_desk",
]
