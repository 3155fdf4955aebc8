"""On every social channel, on the real product: answered by the bot, flagged, taken by a person, handed back, known."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from handover.inboxes import Inbox
from tests.sim.driver import Simulator
from tests.sim.product_side import PEOPLE
from tests.support.people import Frame
from tests.support.people_at_the_desk import Agent, hired
from tests.support.social_inboxes import SocialInboxes, mark_of
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

CHANNELS = sorted(PEOPLE)
QUESTION = "How long do I have to return boots that do not fit?"
LAST_WORD = "It is order TT-482913, and I need them in size 43."
ANSWER = "I have booked courier Moosbrugger for Thursday; the replacement boots cost you nothing."
OUTCOME = "Replacement boots go out on Thursday, free of charge."
ASKED_AFTERWARDS = "What did your colleague arrange about the boots?"
ARRIVED = {"messenger": "delivered", "whatsapp": "delivered"}  # the others do not say more than that it was sent


def greeted_and_answered(platforms: Simulator, inbox: Inbox, person: str) -> None:
    """The first thing anybody reads says that an AI answers and how to reach a person; then comes the answer."""
    platforms.says(inbox.channel, person, QUESTION)
    platforms.until_sent(person, "30 days")
    first = platforms.sent(person)[0]
    assert "AI" in first.text
    if inbox.channel == "x":
        assert "talk to a person" in first.text
    else:
        assert "Talk to a person" in [title for title, _ in first.buttons]


def ask_for_a_person(platforms: Simulator, inbox: Inbox, person: str) -> None:
    """In the channel's own way: the greeting's button, or words where there are no buttons."""
    if inbox.channel == "x":
        platforms.says("x", person, "I want to talk to a person")
        return
    first = platforms.sent(person)[0]
    payload = dict(first.buttons)["Talk to a person"]
    platforms.presses(inbox.channel, person, payload, "Talk to a person", target=first.provider_id or "")


def accepted_while_they_write(platforms: Simulator, inbox: Inbox, person: str, agent: Agent, offer: Frame) -> Frame:
    """The customer's last word is on its way while the agent accepts; the agent has it all the same."""
    writing = threading.Thread(target=platforms.says, args=(inbox.channel, person, LAST_WORD))
    writing.start()
    taken = agent.accepts(offer)
    writing.join(60)
    agent.sees_line(offer["conversation"], LAST_WORD)
    return taken


@pytest.fixture(scope="module")
def ines(running: Stack) -> Iterator[Agent]:
    """One agent for all channels."""
    with hired(running.url, "Ines", PASSWORD) as agent:
        yield agent


@pytest.mark.parametrize("channel", CHANNELS)
def test_bot_person_bot(stack: Stack, social: SocialInboxes, ines: Agent, channel: str) -> None:
    platforms, inbox, person = social.platforms, social.on(channel), social.somebody(channel)
    greeted_and_answered(platforms, inbox, person)
    conversation = social.conversation(inbox, person)
    ask_for_a_person(platforms, inbox, person)
    taken = accepted_while_they_write(platforms, inbox, person, ines, ines.sees_offer(conversation))

    line = ines.says(conversation, ANSWER)
    platforms.until_sent(person, ANSWER)
    mark_of(ines, line, delivery=ARRIVED.get(channel, "sent"))
    ines.hands_back(conversation, taken["epoch"], OUTCOME)

    asked = len(stack.model.replies)
    platforms.says(channel, person, ASKED_AFTERWARDS)
    platforms.until_sent(person, OUTCOME)
    prompt = stack.model.waits_for_reply(asked)
    assert ANSWER in prompt
    assert LAST_WORD in prompt

    platforms.quiet()
    sent = platforms.texts(person)
    while_ines_was_there = sent[sent.index("Ines has joined the conversation.") + 1 : -2]
    assert while_ines_was_there == [ANSWER]
    assert "Ines has left" in sent[-2]
    assert len(set(sent)) == len(sent), "something came twice"
    rows = [frame for frame in ines.frames if frame["type"] == "conversation"]
    assert not [row for row in rows if row["conversation"] == conversation and row["external"]]
