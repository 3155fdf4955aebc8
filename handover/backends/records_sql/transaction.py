"""One unit of work on the record; implements `handover.ports.Transaction`."""

from __future__ import annotations

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


class SqlTransaction:
    """The groups of queries over one connection. ``connection`` is for the accounts beside this module."""

    def __init__(self, connection: Querying) -> None:
        self.connection = connection
        self.told: list[Told] = []
        self.conversations: Conversations = SqlConversations(connection)
        self.entries: Entries = SqlEntries(connection)
        self.turns: Turns = SqlTurns(connection)
        self.offers: Offers = SqlOffers(connection)
        self.people: People = SqlPeople(connection)
        self.asides: Asides = SqlAsides(connection)
        self.outbox: OutboxRows = SqlOutboxRows(connection)
        self.parts: OutboxParts = SqlOutboxParts(connection)
        self.waits: Waits = SqlWaits(connection)
        self.inboxes: Inboxes = SqlInboxes(connection)
        self.intake: Intake = SqlIntake(connection)
        self.marks: EntryMarks = SqlEntryMarks(connection)
        self.media: Media = SqlMedia(connection)
        self.contacts: Contacts = SqlContacts(connection)

    def after_commit(self, told: Told) -> None:
        self.told.append(told)
