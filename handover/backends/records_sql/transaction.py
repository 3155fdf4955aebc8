"""One unit of work on the record; implements `handover.ports.Transaction`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from handover.backends.records_sql.asides import SqlAsides
from handover.backends.records_sql.contacts import SqlContacts
from handover.backends.records_sql.conversations import SqlConversations
from handover.backends.records_sql.entries import SqlEntries
from handover.backends.records_sql.inboxes import SqlInboxes
from handover.backends.records_sql.intake import SqlIntake
from handover.backends.records_sql.marks import SqlEntryMarks
from handover.backends.records_sql.media import SqlMedia
from handover.backends.records_sql.offers import SqlOffers
from handover.backends.records_sql.outbox import SqlOutboxRows
from handover.backends.records_sql.outbox_parts import SqlOutboxParts
from handover.backends.records_sql.pages import SqlPages
from handover.backends.records_sql.people import SqlPeople
from handover.backends.records_sql.querying import Querying
from handover.backends.records_sql.turns import SqlTurns
from handover.backends.records_sql.waits import SqlWaits
from handover.ports import Told
from handover.record_ports import Asides, Conversations, Entries, Offers, People, Turns, Waits
from handover.record_ports_contacts import Contacts
from handover.record_ports_inboxes import Inboxes
from handover.record_ports_intake import Intake
from handover.record_ports_marks import EntryMarks
from handover.record_ports_media import Media
from handover.record_ports_outbox import OutboxParts, OutboxRows
from handover.record_ports_pages import Pages


class SqlTransaction:
    """The groups of queries over one connection, each made when it is first asked for: a message needs two of them.

    ``connection`` is for the accounts beside this module.
    """

    conversations: Conversations
    entries: Entries
    turns: Turns
    offers: Offers
    people: People
    asides: Asides
    outbox: OutboxRows
    parts: OutboxParts
    waits: Waits
    inboxes: Inboxes
    intake: Intake
    marks: EntryMarks
    media: Media
    contacts: Contacts
    pages: Pages

    def __init__(self, connection: Querying) -> None:
        self.connection = connection
        self.told: list[Told] = []

    def __getattr__(self, name: str) -> Any:
        if name not in _GROUPS:
            raise AttributeError(name)
        group = _GROUPS[name](self.connection)
        setattr(self, name, group)
        return group

    def after_commit(self, told: Told) -> None:
        self.told.append(told)


_GROUPS: dict[str, Callable[[Querying], Any]] = {
    "conversations": SqlConversations,
    "entries": SqlEntries,
    "turns": SqlTurns,
    "offers": SqlOffers,
    "people": SqlPeople,
    "asides": SqlAsides,
    "outbox": SqlOutboxRows,
    "parts": SqlOutboxParts,
    "waits": SqlWaits,
    "inboxes": SqlInboxes,
    "intake": SqlIntake,
    "marks": SqlEntryMarks,
    "media": SqlMedia,
    "contacts": SqlContacts,
    "pages": SqlPages,
}

if TYPE_CHECKING:

    def _each_implements_its_port(
        on: Querying,
    ) -> tuple[
        Conversations,
        Entries,
        Turns,
        Offers,
        People,
        Asides,
        OutboxRows,
        OutboxParts,
        Waits,
        Inboxes,
        Intake,
        EntryMarks,
        Media,
        Contacts,
        Pages,
    ]:
        return (
            SqlConversations(on),
            SqlEntries(on),
            SqlTurns(on),
            SqlOffers(on),
            SqlPeople(on),
            SqlAsides(on),
            SqlOutboxRows(on),
            SqlOutboxParts(on),
            SqlWaits(on),
            SqlInboxes(on),
            SqlIntake(on),
            SqlEntryMarks(on),
            SqlMedia(on),
            SqlContacts(on),
            SqlPages(on),
        )
