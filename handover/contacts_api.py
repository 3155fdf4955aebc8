"""Contacts over HTTP, under `/api/v1/customers`, for signed-in agents: look customers up, join and split them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from handover.agent_parts import LastEntryPart
from handover.conversation import Control, Lifecycle
from handover.desk_for_contacts import DeskForContacts, Seen
from handover.entries import CustomerId
from handover.errors import BadInput
from handover.inboxes import channel_of
from handover.login_api import PROBLEMS, Body, Door
from handover.record_ports_contacts import ContactDeed, Known
from handover.stored import ConversationRow

Id = Annotated[str, Path(min_length=1, max_length=64)]


class IdentityPart(BaseModel):
    """One way a platform knows a customer; ``also`` are further ids of the same person there."""

    inbox: str
    channel: str
    external_id: str
    name: str | None = None
    blocked: bool = False
    also: list[str] = []


class KnownPart(BaseModel):
    """A customer with all that tells them apart. ``channels`` are those they are known on; the web is one."""

    id: str
    name: str | None = None
    email: str | None = None
    contact: str | None = None
    identities: list[IdentityPart]
    channels: list[str]
    last_at: datetime | None = None


class OtherPart(BaseModel):
    """A conversation of a member; ``at`` is when it last changed."""

    conversation: str
    customer: str
    inbox: str
    channel: str
    lifecycle: Lifecycle
    control: Control
    last_entry: LastEntryPart | None = None
    at: datetime


class DeedPart(BaseModel):
    """Who joined or split whom: customer ids of the two sides, as they were before a join and after a split."""

    deed: Literal["joined", "split"]
    agent: str
    at: datetime
    one: list[str]
    others: list[str]


class CustomerSeen(BaseModel):
    """A customer; everybody in their contact, themselves first; the conversations of all of them, open ones first."""

    customer: KnownPart
    members: list[KnownPart]
    conversations: list[OtherPart]
    deeds: list[DeedPart]


class Found(BaseModel):
    """What a search found, the newest customers first."""

    customers: list[KnownPart]


class JoinBody(Body):
    other: Annotated[str, Field(alias="with", min_length=1, max_length=64)]


def contact_routes(contacts: DeskForContacts, door: Door) -> APIRouter:
    """Routes under ``/api/v1/customers``."""
    routes = APIRouter(prefix="/api/v1/customers", tags=["customers"], responses=PROBLEMS)

    @routes.get("")
    async def search(request: Request, query: Annotated[str, Query(max_length=200)] = "") -> Found:
        """At most 20 customers by name, e-mail address or id on a platform."""
        await door.agent(request)
        if not query.strip():
            raise BadInput("What is looked for needs words.", detail={"field": "query"})
        return Found(customers=[_known(one) for one in await contacts.search(query)])

    @routes.get("/{customer}")
    async def see(customer: Id, request: Request) -> CustomerSeen:
        """One customer, whom they are joined with, and the 50 newest conversations of all of them."""
        await door.agent(request)
        return _seen(await contacts.see(CustomerId(customer)))

    @routes.post("/{customer}/join")
    async def join(customer: Id, body: JoinBody, request: Request) -> CustomerSeen:
        """This customer and the other one are one person; so is everybody they were joined with before."""
        asking = await door.agent(request)
        await contacts.join(asking.agent, CustomerId(customer), CustomerId(body.other))
        return _seen(await contacts.see(CustomerId(customer)))

    @routes.post("/{customer}/split")
    async def split(customer: Id, request: Request) -> CustomerSeen:
        """This customer is somebody else than those they were joined with."""
        asking = await door.agent(request)
        await contacts.split(asking.agent, CustomerId(customer))
        return _seen(await contacts.see(CustomerId(customer)))

    return routes


def _seen(seen: Seen) -> CustomerSeen:
    this = seen.customer.customer.id
    return CustomerSeen(
        customer=_known(seen.customer),
        members=[_known(one) for one in sorted(seen.members, key=lambda one: one.customer.id != this)],
        conversations=[_other(row) for row in seen.conversations],
        deeds=[_deed(deed, seen.agents) for deed in seen.deeds],
    )


def _known(one: Known) -> KnownPart:
    identities = [
        IdentityPart(
            inbox=known.inbox,
            channel=channel_of(known.inbox),
            external_id=known.external_id,
            name=known.name,
            blocked=known.blocked,
            also=list(known.also),
        )
        for known in one.identities
    ]
    channels = {channel_of(inbox) for inbox in one.inboxes} | {identity.channel for identity in identities}
    return KnownPart(
        id=one.customer.id,
        name=one.customer.name,
        email=one.customer.email,
        contact=one.contact,
        identities=identities,
        channels=sorted(channels),
        last_at=one.last_at,
    )


def _other(row: ConversationRow) -> OtherPart:
    now, last = row.conversation, row.last
    return OtherPart(
        conversation=now.id,
        customer=now.customer,
        inbox=now.inbox,
        channel=channel_of(now.inbox),
        lifecycle=now.lifecycle,
        control=now.control,
        last_entry=None
        if last is None
        else LastEntryPart(offset=last.offset, author=last.author, text=last.text, at=last.at),
        at=now.changed_at,
    )


def _deed(deed: ContactDeed, agents: dict[str, str]) -> DeedPart:
    name = agents.get(deed.agent, "a former colleague")
    return DeedPart(deed=deed.deed, agent=name, at=deed.at, one=list(deed.one), others=list(deed.others))
