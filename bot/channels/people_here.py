"""Whom an event is of: the customer behind a person on a platform, and their conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.channels.channel import Channel, Event
from bot.channels.greetings import greeting_of
from handover.conversation import Conversation
from handover.desk import Desk
from handover.desk_parts import new_id
from handover.entries import Button, CustomerId
from handover.errors import NotFound
from handover.inboxes import channel_of
from handover.ports import Records
from handover.record_ports_intake import Identity
from handover.stored import Customer


@dataclass(frozen=True, slots=True)
class Here:
    """A conversation and whether it was only just begun."""

    conversation: Conversation
    new: bool


class PeopleHere:
    """``greeting`` says that an AI speaks; each channel adds the way to a person."""

    def __init__(self, records: Records, desk: Desk, channels: Mapping[str, Channel], greeting: str) -> None:
        self._records = records
        self._desk = desk
        self._channels = channels
        self._greeting = greeting

    async def identity(self, inbox: str, person: str) -> Identity | None:
        """Whom the platform means by ``person``."""
        async with self._records.reading() as tx:
            return await tx.intake.identity(inbox, person)

    async def conversation(self, identity: Identity) -> Conversation | None:
        """The conversation they have with this inbox, a resolved one, too."""
        if identity.customer is None:
            return None
        async with self._records.reading() as tx:
            found = await tx.conversations.open_one(identity.inbox, identity.customer)
        return None if found is None else found.conversation

    async def known(self, inbox: str, person: str) -> Conversation:
        """The conversation of somebody who has written before. Raises NotFound."""
        identity = await self.identity(inbox, person)
        found = None if identity is None else await self.conversation(identity)
        if found is None:
            raise NotFound("They have not written yet.")
        return found

    async def begin(self, identity: Identity, event: Event) -> Here:
        """Their conversation; who writes for the first time becomes a customer and is greeted."""
        customer = await self._customer(identity, event)
        there = await self.conversation(replace(identity, customer=customer))
        if there is not None:
            return Here(there, new=there.last_customer_offset == 0)
        greeting = greeting_of(self._channels[channel_of(identity.inbox)].ability, self._greeting)
        buttons: tuple[Button, ...] = greeting.buttons
        begun = await self._desk.customers.start(
            identity.inbox, customer, greeting=greeting.text, greeting_buttons=buttons
        )
        return Here(begun, new=begun.last_customer_offset == 0)

    async def _customer(self, identity: Identity, event: Event) -> CustomerId:
        if identity.customer is not None:
            return identity.customer
        async with self._records.transaction() as tx:
            now = await tx.intake.identity(identity.inbox, identity.external_id, lock=True)
            assert now is not None  # a person's row is made with their first event
            if now.customer is not None:
                return now.customer
            name = (event.name or "")[:200] or None
            customer = Customer(CustomerId(new_id()), name)
            await tx.people.add_customer(customer, self._desk.clock.now())
            await tx.intake.remember(replace(now, customer=customer.id, name=name))
        return customer.id
