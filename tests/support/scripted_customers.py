"""Customers over HTTP, as the scripted service tells them: looked up, joined and split, with the real models."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from handover.agent_parts import AgentPart
from handover.contacts_api import CustomerSeen, DeedPart, Found, JoinBody, KnownPart, OtherPart
from handover.conversation import Lifecycle
from handover.errors import AlreadyThere, IllegalMove, NotFound
from handover.inboxes import channel_of
from tests.support.scripted_service import ScriptedService
from tests.support.scripted_talk import Talk

COOKIE = "switchboard_agent"


def customer_deeds(app: FastAPI, service: ScriptedService) -> None:
    """What agents do to customers."""

    @app.post("/api/v1/customers/{key}/join")
    async def join(key: str, request: Request) -> Response:
        body = JoinBody.model_validate(await request.json())
        joins(service, service.agents[request.cookies[COOKIE]], key, body.other)
        return JSONResponse(see(service, key).model_dump(mode="json"))

    @app.post("/api/v1/customers/{key}/split")
    async def split(key: str, request: Request) -> Response:
        splits(service, service.agents[request.cookies[COOKIE]], key)
        return JSONResponse(see(service, key).model_dump(mode="json"))


def customers(service: ScriptedService, asked: str, query: str | None) -> CustomerSeen | Found | None:
    """The answer to a GET of ``customers...``; None for every other address."""
    if asked == "customers":
        return search(service, query or "")
    return see(service, asked.removeprefix("customers/")) if asked.startswith("customers/") else None


def see(service: ScriptedService, customer: str) -> CustomerSeen:
    members = [customer, *sorted(_together(service, customer) - {customer})]
    talks = sorted((t for t in service.talks.values() if t.customer.id in members), key=_order)
    deeds = [deed for deed in reversed(service.contacts.deeds) if customer in (*deed.one, *deed.others)]
    return CustomerSeen(
        customer=_known(service, customer),
        members=[_known(service, one) for one in members],
        conversations=[_other(t) for t in talks],
        deeds=deeds,
    )


def search(service: ScriptedService, query: str) -> Found:
    service.contacts.looked_for.append(query)
    everybody = [_known(service, one) for one in dict.fromkeys(t.customer.id for t in service.talks.values())]

    def said(one: KnownPart) -> str:
        ids = [word for known in one.identities for word in (known.name, known.external_id, *known.also)]
        return "\n".join(filter(None, [one.name, one.email, *ids])).lower()

    return Found(customers=[one for one in everybody if query.lower() in said(one)][:20])


def joins(service: ScriptedService, who: AgentPart, one: str, other: str) -> None:
    """An agent joins two customers."""
    _refused(service)
    sides = _together(service, one), _together(service, other)
    if sides[0] & sides[1]:
        raise AlreadyThere("These two are joined already.")
    _deed(service, "joined", who, sides[0], sides[1])
    _put(service, who, sides[0] | sides[1], f"contact-{one}", f"{who.name} joined this customer with another one.")


def splits(service: ScriptedService, who: AgentPart, one: str) -> None:
    """An agent takes a customer out of their contact."""
    _refused(service)
    stay = _together(service, one) - {one}
    if not stay:
        raise IllegalMove("This customer is joined with nobody.")
    _deed(service, "split", who, {one}, stay)
    _put(service, who, {one} if len(stay) > 1 else {one, *stay}, None, f"{who.name} split this customer off.")


def _refused(service: ScriptedService) -> None:
    refusal, service.contacts.refusing = service.contacts.refusing, None
    if refusal:
        raise refusal


def _deed(service: ScriptedService, deed: str, who: AgentPart, one: set[str], others: set[str]) -> None:
    now = datetime.now(UTC)
    wish = {"deed": deed, "agent": who.name, "at": now, "one": sorted(one), "others": sorted(others)}
    service.contacts.deeds.append(DeedPart.model_validate(wish))


def _put(service: ScriptedService, who: AgentPart, members: set[str], contact: str | None, note: str) -> None:
    for talk in service.talks.values():
        if talk.customer.id in members:
            talk.customer = talk.customer.model_copy(update={"contact": contact})
            if talk.lifecycle is not Lifecycle.RESOLVED:
                service.note(talk, who, note)
            service.changed(talk)


def _together(service: ScriptedService, customer: str) -> set[str]:
    known = {t.customer.id: t.customer.contact for t in service.talks.values()}
    if customer not in known:
        raise NotFound("There is no such customer.")
    contact = known[customer]
    return {customer, *(one for one, theirs in known.items() if contact and theirs == contact)}


def _order(talk: Talk) -> tuple[bool, float]:
    return talk.lifecycle is Lifecycle.RESOLVED, -talk.changed_at.timestamp()


def _known(service: ScriptedService, customer: str) -> KnownPart:
    talks = [t for t in service.talks.values() if t.customer.id == customer]
    identities, who = service.contacts.identities.get(customer, []), talks[0].customer
    return KnownPart(
        id=customer,
        name=who.name,
        email=who.email,
        contact=who.contact,
        identities=identities,
        channels=sorted({channel_of(t.inbox) for t in talks} | {one.channel for one in identities}),
        last_at=max(t.changed_at for t in talks),
    )


def _other(talk: Talk) -> OtherPart:
    row = talk.row()
    return OtherPart(
        conversation=row.conversation,
        customer=row.customer.id,
        inbox=row.inbox,
        channel=row.channel,
        lifecycle=row.lifecycle,
        control=row.control,
        last_entry=row.last_entry,
        at=row.changed_at,
    )
