"""On every social channel, on the real product: answered by the bot, flagged, taken by a person, handed back, known."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from handover.inboxes import Inbox
from tests.sim.accounts import demo_inbox
from tests.sim.calls import Told
from tests.sim.driver import Simulator
from tests.sim.product_side import PEOPLE
from tests.support.people import Frame
from tests.support.people_at_the_desk import Agent, hired, log_in, post
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

CHANNELS = tuple(sorted(PEOPLE))
QUESTION = "How long do I have to return boots that do not fit?"
LAST_WORD = "It is order TT-482913, and I need them in size 43."
ANSWER = "I have booked courier Moosbrugger for Thursday; the replacement boots cost you nothing."
OUTCOME = "Replacement boots go out on Thursday, free of charge."
ASKED_AFTERWARDS = "What did your colleague arrange about the boots?"
ARRIVED = {"messenger": "delivered", "whatsapp": "delivered"}  # the others do not say more than that it was sent


@pytest.fixture(params=CHANNELS)
def inbox(request: pytest.FixtureRequest, stack: Stack, platforms: Simulator) -> Inbox:
    """An inbox made and set up as an admin does it, whose webhook address the platform has checked."""
    return set_up(stack, platforms, str(request.param))


def set_up(stack: Stack, platforms: Simulator, channel: str) -> Inbox:
    wanted = demo_inbox(channel)
    # Telegram is told our secret when the webhook is set: nothing is typed in.
    secrets = {name: value for name, value in wanted.secrets.items() if name != "webhook_secret"}
    cookie = log_in(stack.url, "admin@example.com", PASSWORD)
    body = {"channel": channel, "name": wanted.name, "account": wanted.account, "secrets": secrets}
    _, made = post(stack.url, "inboxes", body, cookie=cookie)
    settings = {"verify_token": made["verify_token"]}
    inbox = Inbox(made["id"], channel, wanted.name, wanted.account, settings, secrets)
    account = platforms.add(inbox)
    for deed in ("prepare", "check"):
        _, said = post(stack.url, f"inboxes/{inbox.id}/{deed}", {}, cookie=cookie)
        assert all(step["ok"] for step in said.get("steps", [said])), said
    assert account.hook == made["webhook_url"].removeprefix(stack.url)
    if channel in {"messenger", "instagram", "whatsapp", "x"}:
        assert platforms.handshake(channel)
    return inbox


def row_of(agent: Agent, inbox: Inbox) -> Frame:
    """The list row of the only conversation of ``inbox``."""
    return agent.has_seen("the row", lambda frame: frame["type"] == "conversation" and frame["inbox"] == inbox.id)


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


def flagged(platforms: Simulator, inbox: Inbox, person: str, agent: Agent) -> Frame:
    """They ask for a person in the channel's own way, and a console rings."""
    first = platforms.sent(person)[0]
    payload = next((payload for title, payload in first.buttons if title == "Talk to a person"), "")
    if inbox.channel == "x":  # no buttons there
        platforms.says("x", person, "I want to talk to a person")
    else:
        platforms.presses(inbox.channel, person, payload, "Talk to a person", target=first.provider_id or "")
    return agent.sees_offer(row_of(agent, inbox)["conversation"])


def accepted_while_they_write(platforms: Simulator, inbox: Inbox, person: str, agent: Agent, offer: Frame) -> Frame:
    """The customer's last word is on its way while the agent accepts; the agent has it all the same."""
    writing = threading.Thread(target=platforms.says, args=(inbox.channel, person, LAST_WORD))
    writing.start()
    taken = agent.accepts(offer)
    writing.join(60)
    agent.sees_line(offer["conversation"], LAST_WORD)
    return taken


def mark_of(agent: Agent, line: Frame, delivery: str) -> Frame:
    """The line's state of delivery reaches ``delivery``."""

    def reached(frame: Frame) -> bool:
        mark = frame["type"] == "entry_mark" and frame["conversation"] == line["conversation"]
        return mark and frame["offset"] == line["offset"] and frame["delivery"] == delivery

    return agent.has_seen(f"{delivery} on line {line['offset']}", reached)


def since(platforms: Simulator, person: str, first: Told) -> list[str]:
    """What reached them from ``first`` on."""
    sent = platforms.sent(person)
    return [one.text for one in sent[sent.index(first) :]]


def test_bot_person_bot_on_every_channel(stack: Stack, platforms: Simulator, inbox: Inbox) -> None:
    person = PEOPLE[inbox.channel]
    with hired(stack.url, "Ines", PASSWORD) as ines:
        greeted_and_answered(platforms, inbox, person)
        offer = flagged(platforms, inbox, person, ines)
        conversation = offer["conversation"]
        taken = accepted_while_they_write(platforms, inbox, person, ines, offer)

        line = ines.says(conversation, ANSWER)
        answer = platforms.until_sent(person, ANSWER)
        mark_of(ines, line, ARRIVED.get(inbox.channel, "sent"))
        assert since(platforms, person, answer) == [ANSWER]

        ines.hands_back(conversation, taken["epoch"], OUTCOME)
        asked = len(stack.model.replies)
        platforms.says(inbox.channel, person, ASKED_AFTERWARDS)
        platforms.until_sent(person, OUTCOME)
        prompt = stack.model.waits_for_reply(asked)
        assert ANSWER in prompt
        assert LAST_WORD in prompt

        platforms.quiet()
        assert Counter(platforms.texts(person))[ANSWER] == 1
        assert [text for text, times in Counter(platforms.texts(person)).items() if times > 1] == []
    assert platforms.violations == []
