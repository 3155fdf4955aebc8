"""The desk's verbs for contacts: an agent joins customers who are one person, and splits them again.

Joining only shows: the agents see the other conversations of the same person beside the one they are in. It is always
an agent's deed, never done because names or addresses look alike. Each customer stays their own: who they have proved
to be, their profile, their history with the bot and where its dialogue stands do not travel to the others. Nothing of
a customer's is written by a join or a split, so a split leaves each as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from handover import screens
from handover.agents import Agent
from handover.conversation import Lifecycle
from handover.desk_parts import DeskParts, new_id
from handover.entries import CustomerId
from handover.errors import AlreadyThere, BadInput, IllegalMove, NotFound
from handover.inboxes import channel_of
from handover.ports import Transaction
from handover.record_ports_contacts import ContactDeed, Known
from handover.stored import ConversationRow, Note

MOST_CONVERSATIONS = 50
MOST_FOUND = 20
# A person with more ways to reach us than this is somebody's mistake, and every deed would be slow.
MOST_MEMBERS = 20
_DEEDS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """A customer as an agent sees them. ``members`` are all of their contact, themselves too; alone, only themselves.

    ``conversations`` are those of all members, open ones first, the last changed first, at most 50; ``deeds`` the
    newest joins and splits that concern them, with the names of the agents in ``agents``.
    """

    customer: Known
    members: Sequence[Known]
    conversations: Sequence[ConversationRow]
    deeds: Sequence[ContactDeed]
    agents: dict[str, str]


class DeskForContacts:
    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts

    async def join(self, agent: Agent, customer: CustomerId, other: CustomerId) -> None:
        """From now on the two, and all they are joined with already, are one contact.

        Raises NotFound, BadInput for a customer with themselves or too many at once, AlreadyThere when they are joined.
        """
        if customer == other:
            raise BadInput("This is the same customer: there is nobody to join them with.")
        async with self._parts.records.transaction() as tx:
            await tx.contacts.lock()
            one, others = await _side(tx, customer), await _side(tx, other)
            if set(one) & set(others):
                raise AlreadyThere("These two are joined already.")
            if len(one) + len(others) > MOST_MEMBERS:
                raise BadInput(f"At most {MOST_MEMBERS} customers can be joined.")
            contact = await tx.contacts.contact_of(other) or await tx.contacts.contact_of(customer) or new_id()
            everyone = await _people(tx, (*one, *others))
            await tx.contacts.put(contact, (*one, *others))
            now = self._parts.clock.now()
            await tx.contacts.keep_deed(ContactDeed(new_id(), "joined", agent.id, now, contact, one, others))
            says = {
                **{this: f"{agent.name} joined this customer with {_names(everyone, others)}." for this in one},
                **{this: f"{agent.name} joined this customer with {_names(everyone, one)}." for this in others},
            }
            await self._tell(tx, says)

    async def split(self, agent: Agent, customer: CustomerId) -> None:
        """Take exactly this customer out of their contact; who is left alone then is in none either.

        Raises NotFound, and IllegalMove for a customer who is joined with nobody.
        """
        async with self._parts.records.transaction() as tx:
            await tx.contacts.lock()
            await _people(tx, (customer,))
            contact = await tx.contacts.contact_of(customer)
            if contact is None:
                raise IllegalMove("This customer is joined with nobody.")
            stay = tuple(one for one in await tx.contacts.members(contact) if one != customer)
            everyone = await _people(tx, (customer, *stay))
            await tx.contacts.take_out((customer,) if len(stay) > 1 else (customer, *stay))
            now = self._parts.clock.now()
            await tx.contacts.keep_deed(ContactDeed(new_id(), "split", agent.id, now, contact, (customer,), stay))
            off = f"{agent.name} split {_names(everyone, (customer,))} off from this customer."
            says = dict.fromkeys(stay, off)
            says[customer] = f"{agent.name} split this customer off from {_names(everyone, stay)}."
            await self._tell(tx, says)

    async def see(self, customer: CustomerId) -> Seen:
        """What is known of a customer and of those they are joined with. Raises NotFound."""
        async with self._parts.records.reading() as tx:
            members = await tx.contacts.known(await _side(tx, customer))
            theirs = [one.customer.id for one in members]
            conversations = await tx.contacts.conversations(theirs, MOST_CONVERSATIONS)
            deeds = await tx.contacts.deeds((customer,), _DEEDS_SHOWN)
            agents = {one.id: one.name for one in await tx.people.agents()}
        (this,) = [one for one in members if one.customer.id == customer]
        return Seen(this, members, conversations, deeds, {str(key): name for key, name in agents.items()})

    async def search(self, query: str) -> list[Known]:
        """At most 20 customers whose name, address or id on a platform contains ``query``, the newest first.

        Raises BadInput when there is nothing to look for.
        """
        query = query.strip()
        if not query:
            raise BadInput("Say what to look for: a name, an address, or an id on a platform.")
        async with self._parts.records.reading() as tx:
            found = await tx.contacts.find(query, MOST_FOUND)
            known = {one.customer.id: one for one in await tx.contacts.known(found)}
        return [known[one] for one in found]

    async def _tell(self, tx: Transaction, says: dict[CustomerId, str]) -> None:
        """A note in each open conversation of these customers, and the list rows of all of them again.

        Conversations are locked in the order of their ids, as nobody else locks more than one, and the feed after them.
        """
        theirs = await tx.contacts.conversations(tuple(says), MOST_CONVERSATIONS)
        rows = [await tx.conversations.get(one, lock=True) for one in sorted(row.conversation.id for row in theirs)]
        nobody = await tx.people.outsider()
        for row in rows:
            now = row.conversation
            if now.lifecycle is Lifecycle.RESOLVED:
                continue
            note = Note(new_id(), now.id, nobody, says[now.customer], self._parts.clock.now(), now.last_offset)
            await tx.asides.add_note(note)
            tx.after_commit(screens.told(screens.desk_topic(now.id), screens.note_frame(note)))
        for row in rows:
            feed = await tx.conversations.save(row)
            tx.after_commit(screens.told_row(replace(row, feed=feed)))


async def _side(tx: Transaction, customer: CustomerId) -> tuple[CustomerId, ...]:
    """Everybody this customer is one person with, themselves too. Raises NotFound."""
    await tx.people.customer(customer)
    contact = await tx.contacts.contact_of(customer)
    return (customer,) if contact is None else tuple(await tx.contacts.members(contact))


async def _people(tx: Transaction, customers: Collection[CustomerId]) -> dict[CustomerId, Known]:
    found = {one.customer.id: one for one in await tx.contacts.known(customers)}
    if len(found) < len(set(customers)):
        raise NotFound("There is no such customer.")
    return found


def _names(known: dict[CustomerId, Known], customers: Sequence[CustomerId]) -> str:
    """Who they are in words, e.g. ``Ann Lee (telegram) and a customer without a name (web)``."""
    named = [_name(known[one]) for one in customers]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _name(one: Known) -> str:
    of_platform = (identity.name for identity in one.identities if identity.name)
    name = one.customer.name or next(of_platform, None) or one.customer.email or "a customer without a name"
    channels = sorted({channel_of(inbox) for inbox in (*one.inboxes, *(i.inbox for i in one.identities))})
    return f"{name} ({', '.join(channels)})" if channels else name
