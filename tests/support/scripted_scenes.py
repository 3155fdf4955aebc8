"""Scenes for the pages: some agents, conversations in every state, and an assistant that answers from a script."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from handover.agent_parts import AgentPart, CustomerPart
from handover.conversation import Control, Lifecycle
from handover.entries import AuthorKind
from handover.frames import EntryFrame, WaitingPart
from tests.support.scripted_service import ScriptedService
from tests.support.scripted_talk import Talk

ANSWER = "You can send anything back within 60 days.\n\n- Unworn, with its tags\n- The return label is in your account"
ANSWER_HTML = (
    "<p>You can send anything back within <strong>60 days</strong>.</p>"
    "<ul><li>Unworn, with its tags</li><li>The return label is in your account</li></ul>"
)
PACKET = {
    "version": 1,
    "reason": "anger",
    "because": "The customer's words grew angrier over three messages.",
    "evidence": [{"offset": 4, "text": "This is the third time I ask. Unbelievable."}],
    "goal": "Find out where order TT-482913 is",
    "facts": [
        {"name": "order_number", "value": "TT-482913", "said_by": "customer", "offset": 2},
        {"name": "email", "value": "mara.lindqvist@example.com", "said_by": "customer", "offset": 2},
    ],
    "tried": [{"offset": 3, "text": "Told the delivery times of the shop"}],
    "retrieved": [{"title": "Delivery times", "url": "https://shop.example/help/delivery", "score": 0.71}],
    "promises": [{"by": "bot", "text": "A colleague will look at it", "offset": 5}],
    "language": "en",
    "identity": "order_verified",
    "suggested_reply": "I am sorry, Mara. I am looking at TT-482913 with the carrier right now.",
    "summary": None,
    "hand_backs": [],
}


STAFF = (
    AgentPart(
        id="agent1",
        name="Amina Farouk",
        role="lead",
        availability="online",
        capacity=8,
        held=2,
        skills=("complaints", "orders"),
        languages=("de", "en"),
        teams=("service",),
    ),
    AgentPart(
        id="agent2",
        name="Jonas Weber",
        role="agent",
        availability="online",
        capacity=4,
        held=4,
        skills=("products",),
        languages=(),
        teams=("workshop",),
    ),
    AgentPart(
        id="agent3",
        name="Priya Nair",
        role="agent",
        availability="online",
        capacity=6,
        held=0,
        skills=("orders", "payments"),
        languages=("en",),
        teams=("service", "workshop"),
    ),
)


def talk(service: ScriptedService, key: str, name: str | None, email: str | None = None) -> Talk:
    made = Talk(id=key, customer=CustomerPart(id=f"k-{key}", name=name, email=email, profile={"loyalty": "Gold"}))
    service.talks[key] = made
    return made


def fill(service: ScriptedService) -> None:
    """Agents and conversations in every state, and the assistant's script."""
    service.agents.update({one.id: one for one in STAFF})
    service.people.away.add("agent3")
    service.on_customer_words = lambda where, entry: service.soon(answer(service, where, entry))
    angry(service)
    with_bot(service)
    settled(service)


def angry(service: ScriptedService) -> None:
    t = talk(service, "c-mara", "Mara Lindqvist", "mara.lindqvist@example.com")
    service.bot(t, "Hello, I am Juniper, the automated assistant of Tarn & Trail.", ago=420)
    service.customer(t, "Where is TT-482913? I wrote last week already. mara.lindqvist@example.com", ago=400)
    service.bot(
        t,
        "Parcels usually take two to four working days.",
        ago=395,
        citations=[("Delivery times", "https://shop.example/help/delivery")],
    )
    service.customer(t, "This is the third time I ask. Unbelievable.", ago=300)
    service.bot(t, "I am sorry. A colleague will look at it.", ago=295)
    service.notice(t, "We are looking for a person to help you.", ago=294)
    service.offer(t, PACKET, seconds=75, needs=("complaints", "orders"), language="en", team="service")
    t.waiting = WaitingPart(desk_open=True, since=datetime.now(UTC) - timedelta(minutes=4), position=1)
    service.changed(t)


def with_bot(service: ScriptedService) -> None:
    t = talk(service, "c-theo", "Theo Okafor")
    service.bot(t, "Hello, I am Juniper, the automated assistant of Tarn & Trail.", ago=200)
    service.customer(t, "do you have the Fellstep boots in 46?", ago=190)
    service.bot(t, "Yes, size 46 is in stock in brown.", ago=185)
    quiet = talk(service, "c-none", None)
    service.bot(quiet, "Hello, I am Juniper, the automated assistant of Tarn & Trail.", ago=60)
    left = talk(service, "c-ines", "Inês Carvalho", "ines@example.com")
    service.customer(left, "Is anybody there? My tent pole broke on day one.", ago=5000)
    service.moved(left, Control.NOBODY)


def settled(service: ScriptedService) -> None:
    done = talk(service, "c-olek", "Oleksandr Bondar")
    service.customer(done, "Thanks, that worked!", ago=90_000)
    service.moved(done, Control.NOBODY, lifecycle=Lifecycle.RESOLVED)
    mine = talk(service, "c-wren", "Wren Calloway", "wren@example.com")
    service.customer(mine, "Could you change the delivery address of TT-300118?", ago=900)
    service.moved(mine, Control.HUMAN, agent=service.agents["agent1"])
    service.notice(mine, "Amina Farouk joined.", ago=880)
    service.person(mine, "Of course. Which address should it go to?", ago=870)
    service.note(mine, service.agents["agent2"], "Moved house in October, the old address is still on file.")
    service.customer(mine, "Lindenallee 4, 50667 Köln, please", ago=30)


async def answer(service: ScriptedService, where: Talk, entry: EntryFrame) -> None:
    """Juniper's script: streams one answer with a source, or looks for a person when asked for one."""
    if where.control is not Control.BOT:
        return
    if "person" in entry.text.lower():
        service.bot(
            where,
            "I can bring a person in.",
            buttons=[("Talk to a person", "ask_for_human"), ("No, thanks", "signed-no")],
        )
        return
    service.types(where, AuthorKind.BOT, "Juniper")
    await asyncio.sleep(0.25)
    turn = f"t-{entry.offset}"
    for at in range(0, len(ANSWER), 9):
        service.delta(where, turn, ANSWER[at : at + 9])
        await asyncio.sleep(0.03)
        await service.flows.wait()  # a test may hold an answer in the middle, to look at it in peace
    service.bot(
        where, ANSWER, html=ANSWER_HTML, citations=[("Sending things back", "https://shop.example/help/returns")]
    )
