"""Messenger: what each fixture means, what is sent, and that nothing spoilt takes its neighbours along."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Answer, Attachment, Event, EventKind, Part
from bot.channels.messenger import Messenger
from handover.entries import Button
from handover.errors import BadInput
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.spoilt_json import faults_of_ours, fixture, patient, ruined, spoilt, webhooks, written

MESSENGER = Messenger()
INBOX = Inbox(
    id="messenger.0a1b2c3d",
    channel="messenger",
    name="The shop's page",
    account="104200000000001",
    settings={"verify_token": "ours"},
    secrets={"app_secret": "test-app-secret", "access_token": "page-token"},
)
PART = Part(key="out:7f3a.0", number=0, text="Your parcel left our depot.")


def parse(value: Any) -> list[Event]:
    return MESSENGER.parse(written(value), {})


def only(name: str) -> Event:
    [event] = parse(fixture("messenger", name))
    return event


def item(name: str) -> Any:
    return fixture("messenger", name)["entry"][0]["messaging"][0]


def envelope(*items: Any) -> Any:
    return {"object": "page", "entry": [{"id": "404217156637689", "time": 1785000000200, "messaging": list(items)}]}


def test_a_message_is_known_by_its_mid_and_ordered_by_its_own_time() -> None:
    event = only("text")
    assert event.kind is EventKind.MESSAGE
    assert (event.key, event.id, event.account, event.person) == (
        *("m_fx_messenger_text", "m_fx_messenger_text"),
        *("1895382890692545", "1412611362105802"),
    )
    assert event.at == datetime(2017, 2, 7, 10, 45, 22, 190_000, tzinfo=UTC)
    assert (event.text, event.customer, event.reply_due) == ("text", True, True)


def test_one_post_may_hold_two_pages() -> None:
    assert [(event.account, event.text) for event in parse(fixture("messenger", "batch_two_entries_two_pages"))] == [
        ("1895382890692545", "test 1"),
        ("189538289069256", "test 2"),
    ]


def test_an_echo_is_ours_by_its_metadata_and_a_persons_by_the_page_inbox() -> None:
    ours = only("echo_own_metadata")
    assert (ours.kind, ours.person, ours.customer) == (EventKind.ECHO, "7200000000000001", False)
    assert (ours.correlation, ours.app, ours.human) == ("out:7f3a", "4242", False)
    by_hand = item("echo_text")
    by_hand["message"]["app_id"] = 263902037430900
    [theirs] = parse(envelope(by_hand))
    assert theirs.human


def test_what_our_page_says_without_the_mark_of_an_echo_is_still_no_customer() -> None:
    said = item("text")
    said["sender"], said["recipient"] = {"id": "404217156637689"}, {"id": "77"}
    [event] = parse(envelope(said))
    assert (event.kind, event.person, event.reply_due) == (EventKind.ECHO, "77", False)


def test_standby_is_recorded_and_not_answered() -> None:
    event = only("standby_text")
    assert (event.kind, event.text, event.reply_due) == (EventKind.STANDBY, "anyone there?", False)


def test_an_edit_is_another_event_than_the_message_it_changes() -> None:
    event = only("message_edit_num_as_string")
    assert (event.kind, event.target, event.text) == (EventKind.EDIT, "m_ho_edited", "order 1042 (not 1024)")
    assert event.key != event.target


def test_reactions_marks_and_thread_control() -> None:
    assert only("reaction_react").emoji == "❤️"
    assert (only("reaction_unreact").action, only("reaction_unreact").emoji) == ("unreact", None)
    assert only("reaction_react").key != only("reaction_unreact").key
    delivered = only("delivery_two_mids")
    assert (len(delivered.targets), delivered.watermark) == (2, datetime(2016, 3, 22, 17, 47, 36, 253_000, tzinfo=UTC))
    assert only("read").watermark == delivered.watermark
    assert [only(f"handover_{name}").action for name in ("pass_thread_control", "app_roles")] == ["pass", "app_roles"]
    assert only("handover_request_thread_control").app == "123456789"
    assert "violated" in (only("policy_enforcement").note or "")


def test_attachments_are_told_by_what_they_are() -> None:
    assert only("location").attachments == (Attachment("location", text="0,0"),)
    assert only("link_fallback").attachments[0].text == "TITLE_OF_THE_URL_ATTACHMENT URL_OF_THE_ATTACHMENT"
    assert [one.kind for one in only("text_three_images").attachments] == ["image"] * 3
    assert only("sticker_like").attachments[0].kind == "sticker"
    assert not only("sticker_like").reply_due


def test_the_dashboards_test_is_ignored_and_a_real_message_among_the_changes_is_not() -> None:
    assert only("dashboard_test_changes").kind is EventKind.IGNORE
    change = {"field": "messages", "value": item("text")}
    [event] = parse({"object": "page", "entry": [{"id": "5", "time": 1785000000, "changes": [change]}]})
    assert (event.kind, event.text) == (EventKind.MESSAGE, "text")


def test_an_unknown_kind_is_kept_and_named() -> None:
    [event] = parse(envelope({"sender": {"id": "1"}, "recipient": {"id": "2"}, "timestamp": 1, "game_play": {}}))
    assert (event.kind, event.person, event.note) == (EventKind.UNKNOWN, "1", "game_play")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"message": {"mid": "m", "attachments": [5]}}, "an attachment is not an object"),
        ({"message": {"mid": "m", "text": 5}}, "text is not text"),
        ({"message": {"text": "x"}, "sender": None}, "a message that names nobody"),
        ({"message": None, "delivery": {}}, "a delivery of nothing"),
        ({"message": None, "read": {"watermark": "x"}}, "a reading of nothing"),
        ({"message": None, "reaction": {"action": "react"}}, "it does not say which message it is about"),
    ],
)
def test_a_broken_event_says_what_is_wrong_with_it(changes: dict[str, Any], why: str) -> None:
    [event] = parse(envelope(item("text") | changes))
    assert (event.kind, event.note, event.reply_due) == (EventKind.ERROR, why, False)


def test_linking_an_account_is_told_as_such() -> None:
    assert [only(f"account_linking_{name}").action for name in ("linked", "unlinked")] == ["linked", "unlinked"]


def test_another_product_is_refused_as_a_whole() -> None:
    with pytest.raises(BadInput):
        parse(fixture("instagram", "text"))


@pytest.mark.parametrize("name", sorted(set(webhooks("messenger")) - {"dashboard_test_changes"}))
def test_whatever_is_wrong_with_one_event_its_neighbours_are_read(name: str) -> None:
    before, after = item("image"), item("quick_reply")
    for entry in webhooks("messenger")[name]["entry"]:
        for healthy in entry.get("messaging") or entry["standby"]:
            for wrong in spoilt(healthy):
                first, *between, last = parse(envelope(before, wrong, after))
                assert (first.id, last.id) == ("m_fx_messenger_image", "m_fx_messenger_quick_reply")
                assert len(between) == 1
                assert not faults_of_ours(between)


@patient
@given(st.sampled_from(sorted(webhooks("messenger").items())).flatmap(lambda pair: ruined(pair[1])))
def test_no_webhook_crashes_the_reader(value: Any) -> None:
    try:
        events = parse(value)
    except BadInput:
        return
    assert all(event.key and len(event.key) <= 200 for event in events)
    assert not faults_of_ours(events)


@patient
@given(st.sampled_from(sorted(webhooks("messenger").values(), key=repr)), st.integers(0, 2000))
def test_a_body_cut_short_is_refused_as_a_whole(value: Any, length: int) -> None:
    body = written(value)
    if length < len(body):
        with pytest.raises(BadInput):
            MESSENGER.parse(body[:length], {})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff\xfe", b'{"entry":{}}', b"[" * 100_000])
def test_what_holds_no_events_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        MESSENGER.parse(body, {})


def test_a_batch_of_a_thousand_keeps_its_order_and_loses_only_what_is_broken() -> None:
    items = []
    for number in range(1000):
        one = item("text")
        one["message"] = {"mid": f"m_{number}", "text": str(number)} if number % 10 else {"mid": [], "text": 5}
        items.append(one)
    events = parse(envelope(*items))
    assert [event.text for event in events if event.kind is EventKind.MESSAGE] == [
        str(number) for number in range(1000) if number % 10
    ]
    assert sum(event.kind is EventKind.ERROR for event in events) == 100


def test_a_send_carries_our_key_and_its_secret_only_in_the_header() -> None:
    call = MESSENGER.send(INBOX, "72", PART)
    assert (call.base, call.method, call.path) == ("graph", "POST", "/v26.0/104200000000001/messages")
    assert call.headers == {"Authorization": "Bearer page-token"}
    assert call.json == {
        "recipient": {"id": "72"},
        "messaging_type": "RESPONSE",
        "message": {"text": PART.text, "metadata": "out:7f3a.0"},
    }


def test_only_a_late_line_of_a_person_carries_the_tag_for_people() -> None:
    def how(*, late: bool, by_human: bool) -> Any:
        call = MESSENGER.send(INBOX, "72", Part("k", 0, "Hello", late=late, by_human=by_human))
        assert call.json is not None
        return call.json["messaging_type"], call.json.get("tag")

    assert how(late=True, by_human=True) == ("MESSAGE_TAG", "HUMAN_AGENT")
    assert {how(late=True, by_human=False), how(late=False, by_human=True)} == {("RESPONSE", None)}


def test_buttons_become_quick_replies_within_the_platforms_limits() -> None:
    buttons = (
        Button("Talk to a person, please, now", "ask_for_human"),
        Button("x", "y" * 1001),
        *[Button("a", "b")] * 20,
    )
    call = MESSENGER.send(INBOX, "72", Part("k", 0, "How?", buttons=buttons))
    assert call.json is not None
    replies = call.json["message"]["quick_replies"]
    assert len(replies) == 13
    assert replies[0] == {"content_type": "text", "title": "Talk to a person, p…", "payload": "ask_for_human"}
    assert all(len(reply["title"]) <= 20 for reply in replies)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("api_send_ok", Outcome.SENT),
        ("api_error_2_temporary", Outcome.RETRY),
        ("api_error_4_app_limit", Outcome.RETRY),
        ("api_error_613_rate", Outcome.RETRY),
        ("api_error_100_tag_removed", Outcome.FINAL_MESSAGE),
        ("api_error_10_2018278_window", Outcome.FINAL_WINDOW),
        ("api_error_10_2018300_other_app", Outcome.FINAL_THREAD),
        ("api_error_551_unavailable", Outcome.FINAL_PERSON),
        ("api_error_190_expired", Outcome.FINAL_ACCOUNT),
    ],
)
def test_every_answer_of_the_fixtures_is_classified(name: str, outcome: Outcome) -> None:
    told = fixture("messenger", name)
    assert MESSENGER.result(Answer(told["status"], told["headers"], told["body"])).outcome is outcome


def test_dots_and_ticks_are_requests_of_their_own() -> None:
    typing, seen = MESSENGER.typing(INBOX, "72"), MESSENGER.seen(INBOX, "72", "m_1")
    assert typing is not None
    assert seen is not None
    assert typing.json == {"recipient": {"id": "72"}, "sender_action": "typing_on"}
    assert seen.json == {"recipient": {"id": "72"}, "sender_action": "mark_seen"}


def test_a_file_is_fetched_from_its_own_address() -> None:
    assert MESSENGER.locate(INBOX, Attachment("image", url="https://scontent.fbcdn.net/1.jpg")) is None
    assert MESSENGER.located(INBOX, Answer(200, {}, {"url": "x"})) is None


def test_the_page_is_set_up_with_the_way_to_a_person() -> None:
    check = MESSENGER.check(INBOX)
    assert check is not None
    assert (check.method, check.path) == ("GET", "/v26.0/me?fields=id%2Cname")
    subscribe, profile, newer = MESSENGER.prepare(INBOX, "https://shop.example/webhooks/messenger/0a1b2c3d")
    assert subscribe.path == newer.path == "/v26.0/104200000000001/subscribed_apps"
    assert subscribe.json is not None
    assert newer.json == {"subscribed_fields": subscribe.json["subscribed_fields"] + ",message_edits"}
    assert profile.json is not None
    [menu] = profile.json["persistent_menu"]
    assert menu["call_to_actions"] == [{"type": "postback", "title": "Talk to a person", "payload": "ask_for_human"}]
    assert "automated" in profile.json["greeting"][0]["text"]


def test_people_may_write_for_seven_days() -> None:
    assert (MESSENGER.ability.window, MESSENGER.ability.human_window) == (timedelta(hours=24), timedelta(days=7))
