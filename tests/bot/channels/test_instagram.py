"""Instagram: what each fixture means, both flavours of sending, and that nothing spoilt takes its neighbours along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Answer, Arrived, Event, EventKind, Part
from bot.channels.instagram import Instagram
from handover.entries import Button
from handover.errors import BadInput
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.signed_by_meta import signature
from tests.support.spoilt_json import faults_of_ours, fixture, patient, ruined, spoilt, webhooks, written

INSTAGRAM = Instagram()
INBOX = Inbox(
    id="instagram.0a1b2c3d",
    channel="instagram",
    name="The shop's account",
    account="17841400000000001",
    settings={"verify_token": "ours"},
    secrets={"app_secret": "meta-secret", "instagram_app_secret": "insta-secret", "access_token": "insta-token"},
)
THROUGH_A_PAGE = replace(INBOX, settings={"login": "facebook"})
ANSWERS = [
    ("api_send_ok", Outcome.SENT),
    ("api_error_613_2534040_rate", Outcome.RETRY_AFTER),
    ("api_error_10_2534022_window", Outcome.FINAL_WINDOW),
    ("api_error_100_2534014_no_user", Outcome.FINAL_MESSAGE),
]


def parse(value: Any) -> list[Event]:
    return INSTAGRAM.parse(written(value), {})


def only(name: str) -> Event:
    [event] = parse(fixture("instagram", name))
    return event


def item(name: str) -> Any:
    [entry] = fixture("instagram", name)["entry"]
    return (entry.get("messaging") or entry["standby"])[0]


def envelope(*items: Any) -> Any:
    return {"object": "instagram", "entry": [{"id": "17841400000000001", "time": 1, "messaging": list(items)}]}


def test_a_message_its_button_and_what_it_answers() -> None:
    assert (only("text").kind, only("text").reply_due) == (EventKind.MESSAGE, True)
    assert only("quick_reply").payload == "TRACK_ORDER"
    assert only("reply_to_message").reply_to == "m_fx_ig_prior"
    asked = only("postback_icebreaker")
    assert (asked.kind, asked.text, asked.payload) == (EventKind.POSTBACK, "Where is my order?", "ICE_WHERE_IS_ORDER")


def test_an_unsent_message_is_a_deletion_that_does_not_hide_behind_the_message() -> None:
    event = only("unsend")
    assert (event.kind, event.target, event.id) == (EventKind.DELETE, "m_ho_ig_1", None)
    assert event.key != "m_ho_ig_1"


def test_stories_are_shown_and_never_kept() -> None:
    [mention] = only("story_mention").attachments
    [answered] = only("story_reply").attachments
    assert (mention.kind, mention.keep, answered.kind, answered.keep) == ("story", False, "story", False)
    assert not only("story_mention").reply_due
    assert only("story_reply").text == "Love this! Price?"


def test_seen_names_a_message_and_iso_times_are_read() -> None:
    assert only("seen").target == "m_fx_ig_out1"
    told = only("share_attachment").at
    assert told is not None
    assert told.isoformat() == "2021-09-08T06:34:04+00:00"


def test_what_the_platform_does_not_show_is_told_as_such() -> None:
    assert only("unsupported_flag").kind is EventKind.UNSUPPORTED
    empty = item("text")
    empty["message"] = {"mid": "m_empty"}
    [event] = parse(envelope(empty))
    assert (event.kind, event.reply_due) == (EventKind.UNSUPPORTED, False)
    gone = item("image")
    gone["message"]["attachments"] = [{"type": "ephemeral"}]
    [event] = parse(envelope(gone))
    assert [(one.kind, one.keep) for one in event.attachments] == [("other", False)]


def test_an_edit_without_words_takes_no_words_away() -> None:
    assert (only("message_edit").kind, only("message_edit").text) == (EventKind.EDIT, "size M please")
    [event] = parse(envelope({"timestamp": 1785000000000, "message_edit": {"mid": "m_fx_ig_text", "num_edit": 0}}))
    assert event.kind is EventKind.IGNORE


def test_our_own_sends_come_back_as_echoes_and_notes_to_ourselves_are_ignored() -> None:
    echo = only("echo_own_send")
    assert (echo.kind, echo.person, echo.id, echo.correlation) == (
        *(EventKind.ECHO, "1234500000000001"),
        *("m_fx_ig_out1", None),
    )
    own = item("echo_own_send")
    own["message"]["is_self"] = True
    assert [event.kind for event in parse(envelope(own))] == [EventKind.IGNORE]


def test_a_reaction_without_an_emoji_is_shown_by_its_name() -> None:
    liked = item("reaction_react")
    del liked["reaction"]["emoji"]
    assert [event.emoji for event in parse(envelope(liked))] == ["❤️"]


def test_the_dashboards_test_is_ignored_in_either_of_its_shapes() -> None:
    value = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824"}
    value |= {"message": {"mid": "random_mid", "text": "random_text"}}
    change = {"field": "messages", "value": value}
    for own in ("0", "17841400000000001"):
        events = parse({"object": "instagram", "entry": [{"id": own, "time": 1, "changes": [change]}]})
        assert [event.kind for event in events] == [EventKind.IGNORE]


def test_with_instagram_login_messages_may_come_among_the_changes() -> None:
    change = {"field": "messages", "value": item("text")}
    [event] = parse({"object": "instagram", "entry": [{"id": "17841400000000001", "time": 1, "changes": [change]}]})
    assert (event.kind, event.account, event.id) == (EventKind.MESSAGE, "17841400000000001", "m_fx_ig_text")


@pytest.mark.parametrize("name", sorted(webhooks("instagram")))
def test_whatever_is_wrong_with_one_event_its_neighbours_are_read(name: str) -> None:
    before, after = item("image"), item("quick_reply")
    for wrong in spoilt(item(name)):
        first, *between, last = parse(envelope(before, wrong, after))
        assert (first.id, last.id, len(between)) == ("m_fx_ig_image", "m_fx_ig_qr", 1)
        assert not faults_of_ours(between)


@patient
@given(st.sampled_from(sorted(webhooks("instagram").items())).flatmap(lambda pair: ruined(pair[1])))
def test_no_webhook_crashes_the_reader(value: Any) -> None:
    try:
        events = parse(value)
    except BadInput:
        return
    assert all(event.key for event in events)
    assert not faults_of_ours(events)


def test_either_of_two_secrets_may_have_signed() -> None:
    body = written(fixture("instagram", "text"))
    for secret, vouched in (("meta-secret", True), ("insta-secret", True), ("third", False), ("", False)):
        assert INSTAGRAM.verify(INBOX, Arrived(body, signature(secret, body), {})) is vouched
    bare = replace(INBOX, secrets={"app_secret": "meta-secret"})
    assert not INSTAGRAM.verify(bare, Arrived(body, signature("", body), {}))


def test_each_flavour_is_sent_to_its_own_host() -> None:
    part = Part("out:1.0", 0, "Hello", buttons=(Button("Yes", "/affirm"),), late=True, by_human=True)
    mine, through = INSTAGRAM.send(INBOX, "77", part), INSTAGRAM.send(THROUGH_A_PAGE, "77", part)
    assert (mine.base, mine.path) == ("instagram", "/v26.0/17841400000000001/messages")
    assert (through.base, through.path) == ("graph", "/v26.0/me/messages")
    assert (
        mine.json
        == through.json
        == {
            "recipient": {"id": "77"},
            "messaging_type": "MESSAGE_TAG",
            "tag": "HUMAN_AGENT",
            "message": {
                "text": "Hello",
                "quick_replies": [{"content_type": "text", "title": "Yes", "payload": "/affirm"}],
            },
        }
    )


@pytest.mark.parametrize(("name", "outcome"), ANSWERS)
def test_every_answer_of_the_fixtures_is_classified(name: str, outcome: Outcome) -> None:
    told = fixture("instagram", name)
    result = INSTAGRAM.result(Answer(told["status"], told["headers"], told["body"]))
    assert result.outcome is outcome
    assert result.retry_after == (180.0 if outcome is Outcome.RETRY_AFTER else None)


def test_the_account_is_set_up_with_the_way_to_a_person_in_both_flavours() -> None:
    for inbox, base in ((INBOX, "instagram"), (THROUGH_A_PAGE, "graph")):
        subscribe, profile, *newer = INSTAGRAM.prepare(inbox, "https://shop.example/webhooks/instagram/0a1b2c3d")
        assert len(newer) == (base == "instagram")
        assert profile.path.endswith("/messenger_profile?platform=instagram") == (base == "graph")
        assert (subscribe.base, profile.base) == (base, base)
        assert profile.json is not None
        assert profile.json["ice_breakers"][0]["call_to_actions"] == [
            {"question": "Talk to a person", "payload": "ask_for_human"}
        ]
        [menu] = profile.json["persistent_menu"]
        assert menu.keys() == {"locale", "call_to_actions"}
        check, typing = INSTAGRAM.check(inbox), INSTAGRAM.typing(inbox, "77")
        assert check is not None
        assert typing is not None
        assert (check.base, check.method, typing.base) == (base, "GET", base)
    assert INSTAGRAM.ability.unit == "bytes"
