"""What goes wrong on social channels, on the real product: held, dropped, late, blocked, refused, said elsewhere."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from handover.inboxes import Inbox
from tests.support.people import Frame
from tests.support.people_at_the_desk import Agent, hired
from tests.support.social_inboxes import SocialInboxes, mark_of
from tests.support.stack import PASSWORD, Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

WORDS = "The boots are on the shelf for you."


@pytest.fixture(scope="module")
def _hired(running: Stack) -> Iterator[Agent]:
    with hired(running.url, "Omar", PASSWORD) as agent:
        yield agent


@pytest.fixture
def omar(_hired: Agent) -> Iterator[Agent]:
    """An agent who has nothing to do before, and is done with everything afterwards."""
    yield _hired
    rows = {frame["conversation"]: frame for frame in _hired.frames if frame["type"] == "conversation"}
    for held in [one for one in rows.values() if one["control"] == "human" and one["agent"]["name"] == "Omar"]:
        _hired.sends(type="resolve", conversation=held["conversation"], epoch=held["epoch"])
        _hired.has_seen("the end", lambda f, held=held: over(f, held))


@dataclass
class Talk:
    """A customer on a channel whom Omar talks with."""

    social: SocialInboxes
    inbox: Inbox
    person: str
    conversation: str
    omar: Agent

    def arrives_once(self, text: str) -> None:
        platforms = self.social.platforms
        platforms.until_sent(self.person, text)
        platforms.quiet()
        assert platforms.texts(self.person).count(text) == 1

    def control(self) -> str:
        rows = [frame for frame in self.omar.frames if frame["type"] == "conversation"]
        control: str = [row for row in rows if row["conversation"] == self.conversation][-1]["control"]
        return control


def begun(social: SocialInboxes, omar: Agent, channel: str, first: str = "hello there") -> Talk:
    """Somebody new has written and read the greeting."""
    inbox, person = social.on(channel), social.somebody(channel)
    social.platforms.says(channel, person, first)
    conversation = social.conversation(inbox, person)
    omar.opens(conversation)
    omar.sees_line(conversation, first)
    return Talk(social, inbox, person, conversation, omar)


def taken(social: SocialInboxes, omar: Agent, channel: str, **about: object) -> Talk:
    """Omar has taken over; nothing else is on its way to the customer."""
    talk = begun(social, omar, channel)
    social.platforms.until(lambda: len(social.platforms.texts(talk.person)) >= 2, "greeting and answer")
    row = omar.sees_row(talk.conversation, "bot")
    omar.sends(type="take", conversation=talk.conversation, epoch=row["epoch"])
    omar.sees_row(talk.conversation, "human", row["epoch"])
    social.platforms.until_sent(talk.person, "Omar has joined")
    return talk


@pytest.mark.parametrize("channel", ["messenger", "instagram", "x"])
def test_the_echo_of_a_send_that_is_not_answered_yet_is_ours(social: SocialInboxes, omar: Agent, channel: str) -> None:
    talk = taken(social, omar, channel)
    held = social.platforms.faults.hold(talk.person)
    line = omar.says(talk.conversation, WORDS)
    social.platforms.until_sent(talk.person, WORDS)
    social.platforms.quiet()
    held.let_go()
    mark_of(omar, line, delivery="delivered" if channel == "messenger" else "sent")
    talk.arrives_once(WORDS)
    assert talk.control() == "human"


@pytest.mark.parametrize("channel", ["messenger", "whatsapp", "line"])
def test_a_send_that_was_taken_and_never_answered_arrives_once(
    social: SocialInboxes, omar: Agent, channel: str
) -> None:
    talk = taken(social, omar, channel)
    social.platforms.faults.drop(channel, applied=True)
    line = omar.says(talk.conversation, WORDS)
    mark_of(omar, line, delivery="sent" if channel == "line" else "delivered")
    talk.arrives_once(WORDS)
    after = omar.says(talk.conversation, "And they are size 43.")
    talk.arrives_once(after["text"])


def test_a_busy_platform_is_tried_again_in_order(social: SocialInboxes, omar: Agent) -> None:
    talk = taken(social, omar, "messenger")
    social.platforms.faults.answer("messenger", "messenger/api_error_2_temporary", times=2)
    for words in (WORDS, "They wait until Friday."):
        omar.says(talk.conversation, words)
    talk.arrives_once("They wait until Friday.")
    assert social.platforms.texts(talk.person)[-2:] == [WORDS, "They wait until Friday."]


def test_who_blocks_us_is_told_of_and_not_written_to(social: SocialInboxes, omar: Agent) -> None:
    talk = taken(social, omar, "line")
    social.platforms.tell("line", "block", talk.person)
    omar.has_seen("the note", lambda f: f["type"] == "note" and "Nothing can be sent" in f["text"])
    before = len(social.platforms.calls(talk.person, what="send"))
    line = omar.says(talk.conversation, WORDS)
    mark_of(omar, line, delivery="failed")
    assert len(social.platforms.calls(talk.person, what="send")) == before


def test_a_person_answers_a_day_later_on_messenger_and_not_on_whatsapp(social: SocialInboxes, omar: Agent) -> None:
    yesterday = social.platforms.now() - timedelta(hours=25)
    for channel in ("messenger", "whatsapp"):
        inbox, person = social.on(channel), social.somebody(channel)
        social.platforms.says(channel, person, "hello there", at=yesterday)
        talk = Talk(social, inbox, person, social.conversation(inbox, person), omar)
        omar.opens(talk.conversation)
        omar.sees_line(talk.conversation, "hello there")
        row = omar.sees_row(talk.conversation, "bot")
        omar.sends(type="take", conversation=talk.conversation, epoch=row["epoch"])
        omar.sees_row(talk.conversation, "human", row["epoch"])
        line = omar.says(talk.conversation, WORDS)
        mark_of(omar, line, delivery="delivered" if channel == "messenger" else "failed")
        assert [one.tag for one in social.platforms.sent(person) if one.text == WORDS] == (
            ["HUMAN_AGENT"] if channel == "messenger" else []
        )
        assert [one.text for one in social.platforms.sent(person) if not one.tag] == []


def test_somebody_answers_in_the_platforms_own_app_and_the_bot_is_silent(social: SocialInboxes, omar: Agent) -> None:
    talk = begun(social, omar, "instagram")
    social.platforms.until(lambda: len(social.platforms.texts(talk.person)) >= 2, "greeting and answer")
    social.platforms.tell("instagram", "echo", talk.person, text="It is Ada, I am on it.")
    outside = omar.has_seen("an outside row", lambda f: row(f, talk) and f["external"])
    assert outside["control"] == "human"
    omar.sees_line(talk.conversation, "It is Ada, I am on it.")
    sent = social.platforms.texts(talk.person)
    social.platforms.says("instagram", talk.person, "Thank you, Ada!")
    omar.sees_line(talk.conversation, "Thank you, Ada!")
    omar.sends(type="take", conversation=talk.conversation, epoch=outside["epoch"])
    omar.has_seen("his row", lambda f: row(f, talk) and f["epoch"] > outside["epoch"] and not f["external"])
    omar.says(talk.conversation, WORDS)
    talk.arrives_once(WORDS)
    assert [one for one in social.platforms.texts(talk.person)[len(sent) :] if "has joined" not in one] == [WORDS]


def test_words_taken_back_and_changed_are_so_for_agents(social: SocialInboxes, omar: Agent) -> None:
    talk = taken(social, omar, "instagram")
    platforms = social.platforms
    said = platforms.says("instagram", talk.person, "My card is 4111 1111 1111 1111")
    line = omar.sees_line(talk.conversation, "My card is")
    platforms.tell("instagram", "edit", talk.person, target=said.id, text="My card is blue")
    mark_of(omar, line, text="My card is blue")
    platforms.tell("instagram", "delete", talk.person, target=said.id)
    assert "card" not in str(mark_of(omar, line, deleted=True)["text"])
    ours = omar.says(talk.conversation, WORDS)
    platforms.tell(
        "instagram", "reaction", talk.person, target=platforms.until_sent(talk.person, WORDS).provider_id, emoji="❤️"
    )
    mark = omar.has_seen(
        "the heart", lambda f: f["type"] == "entry_mark" and f["offset"] == ours["offset"] and f["reactions"]
    )
    assert mark["reactions"][0][1] == "❤️"


def test_many_words_at_once_twice_and_in_any_order_are_read_once_and_in_theirs(
    social: SocialInboxes, omar: Agent
) -> None:
    talk = taken(social, omar, "whatsapp")
    platforms, count = social.platforms, 40
    start = platforms.now()
    written = [
        platforms.words("whatsapp", "text", talk.person, text=f"word {n:02}", at=start + timedelta(seconds=n - 60))
        for n in range(count)
    ]
    events = [event for _, event in written]
    random.Random(4).shuffle(events)
    batch = platforms.hooks("whatsapp", events)  # one webhook: no machine is too slow for the wait for earlier words
    singly = [hook for event in events for hook in platforms.hooks("whatsapp", [event])]
    platforms.deliver_all(batch)
    platforms.deliver_all([*batch, *singly])
    lines = [omar.sees_line(talk.conversation, said.text) for said, _ in written]
    again = [
        frame for frame in omar.frames if frame["type"] == "entry" and frame.get("conversation") == talk.conversation
    ]
    shown = {frame["offset"]: frame["text"] for frame in again if frame["text"].startswith("word ")}
    assert len(shown) == count
    assert [line["text"] for line in sorted(lines, key=lambda line: line["offset"])] == [
        said.text for said, _ in written
    ]


def test_an_account_that_is_refused_is_paused_and_sends_on_when_resumed(social: SocialInboxes, omar: Agent) -> None:
    talk = taken(social, omar, "messenger")
    social.platforms.faults.answer("messenger", "messenger/api_error_190_expired")
    line = omar.says(talk.conversation, WORDS)
    why = social.platforms.until(lambda: social.seen(talk.inbox)["paused_why"], "the pause")
    assert why
    social.deed(talk.inbox, "resume")
    mark_of(omar, line, delivery="delivered")
    talk.arrives_once(WORDS)


def over(frame: Frame, held: Frame) -> bool:
    same = frame["type"] == "conversation" and frame["conversation"] == held["conversation"]
    return same and frame["epoch"] > held["epoch"]


def row(frame: Frame, talk: Talk) -> bool:
    return frame["type"] == "conversation" and frame["conversation"] == talk.conversation
