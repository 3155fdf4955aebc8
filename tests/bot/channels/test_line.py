"""LINE: what each event means, a push that is one message however often it is sent, and what its answers say."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from bot.channels.channel import Answer, Arrived, Attachment, Event, EventKind, Part, Place
from bot.channels.line import Line, quick_replies
from handover.entries import Button
from handover.errors import BadInput
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.spoilt_json import fixture, written

LINE = Line()
INBOX = Inbox(
    id="line.0a1b2c3d",
    channel="line",
    name="The shop on LINE",
    account="U123",
    secrets={"channel_secret": "test-channel-secret", "access_token": "channel-token"},
)


def event_of(name: str) -> dict[str, Any]:
    item: dict[str, Any] = fixture("line", name)["events"][0]
    return item


def only(item: Any) -> Event:
    [event] = LINE.parse(written({"destination": "U123", "events": [item]}), {})
    return event


def test_the_verify_button_posts_no_events_and_is_signed() -> None:
    body = b'{"destination":"Uffffffffffffffffffffffffffffffff","events":[]}'
    signature = {"x-line-signature": "ViYGcJ49LQdWymur6Rek1/25WnKRwMrEHvOfMmjGico="}
    assert LINE.verify(INBOX, Arrived(body, signature, {}))
    assert LINE.parse(body, signature) == []
    assert not LINE.handshake(INBOX, Arrived(b"", {}, {})).ours


def test_an_event_that_comes_again_has_the_same_key_also_without_an_id() -> None:
    item = event_of("text")
    again = {**item, "deliveryContext": {"isRedelivery": True}}
    assert only(item).key == only(again).key == "01FXTEXT000000000000000000"
    for one in (item, again):
        del one["webhookEventId"]
    assert only(item).key == only(again).key


def test_a_message_is_told_by_its_id_and_quotes_another() -> None:
    item = event_of("text")
    item["message"]["quotedMessageId"] = "44"
    event = only(item)
    assert (event.id, event.reply_to, event.at) == ("450000000000001", "44", event.at)
    assert event.at is not None


def test_in_standby_words_are_kept_and_not_answered() -> None:
    event = only({**event_of("text"), "mode": "standby"})
    assert (event.kind, event.reply_due, event.text) == (EventKind.STANDBY, False, "Hello, world")


def test_files_lie_with_line_or_elsewhere() -> None:
    assert only(event_of("video")).attachments == (Attachment("video", url="https://example.com"),)
    assert only(event_of("file")).attachments == (Attachment("file", ref="450000000000022", name="file.txt"),)
    assert only(event_of("sticker")).attachments == (Attachment("sticker", text="Just sticker"),)
    place = only(event_of("location")).attachments[0]
    assert (place.name, place.text) == ("my location", "35.65910807942215,139.70372892916203")
    assert LINE.locate(INBOX, Attachment("file", ref="45/../x")) == Place(
        "line_data:/v2/bot/message/45%2F..%2Fx/content", {"Authorization": "Bearer channel-token"}
    )
    assert LINE.locate(INBOX, Attachment("video", url="https://example.com")) is None
    assert LINE.located(INBOX, Answer(200, {}, {})) is None


def test_edits_unsends_presses_and_friends() -> None:
    assert (only(event_of("message_edited")).target, only(event_of("unsend")).target) == ("325708", "325708")
    assert only(event_of("postback_datetime")).text == "2017-12-25T01:00"
    assert [only(event_of(name)).action for name in ("follow_unblocked", "unfollow")] == ["unblock", "block"]
    assert only(event_of("account_link")).status == "ok"


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"type": "join"}, EventKind.SYSTEM),
        ({"type": "botSuspended"}, EventKind.SYSTEM),
        ({"type": "beacon"}, EventKind.IGNORE),
        ({"type": "something"}, EventKind.UNKNOWN),
        ({"type": 5}, EventKind.ERROR),
        ({"unsend": {}, "type": "unsend"}, EventKind.ERROR),
        ({"message": {"type": "hologram", "id": "5"}}, EventKind.UNSUPPORTED),
        ({"source": {}}, EventKind.ERROR),
    ],
)
def test_other_kinds(changed: dict[str, Any], kind: EventKind) -> None:
    assert only({**event_of("text"), **changed}).kind is kind


def test_a_batch_keeps_its_order_and_what_is_no_batch_is_refused() -> None:
    items = [{**event_of("text"), "webhookEventId": f"e{number}"} for number in range(1000)]
    items[500] = {"type": []}
    events = LINE.parse(json.dumps({"events": items}).encode(), {})
    assert [event.key for event in events if event.kind is EventKind.MESSAGE] == [
        f"e{number}" for number in range(1000) if number != 500
    ]
    with pytest.raises(BadInput):
        LINE.parse(b"{}", {})


def test_a_push_carries_the_same_key_at_every_try() -> None:
    once, again, other = (
        LINE.send(INBOX, "U2", Part(key=key, number=0, text="Hi")) for key in ("out:7f3a.0", "out:7f3a.0", "out:7f3a.1")
    )
    assert once == again
    key = once.headers["X-Line-Retry-Key"]
    assert uuid.UUID(key).version == 5
    assert key != other.headers["X-Line-Retry-Key"]
    assert (once.base, once.path) == ("line", "/v2/bot/message/push")
    assert once.json == {"to": "U2", "messages": [{"type": "text", "text": "Hi"}]}
    assert once.headers["Authorization"] == "Bearer channel-token"
    assert "channel-token" not in repr(once)
    assert LINE.ability.idempotent


def test_buttons_become_quick_replies_within_lines_limits() -> None:
    buttons = [Button("A title that is longer than twenty", "a"), Button("B", "b" * 301), Button("", "c")]
    [item] = quick_replies(buttons)
    assert item["action"]["label"] == "A title that is lon…"
    assert item["action"]["data"] == "a"
    assert len(quick_replies([Button("A", "a")] * 20)) == 13
    call = LINE.send(INBOX, "U2", Part("k", 0, "Hi", buttons=(Button("A", "a"),)))
    assert call.json is not None
    assert call.json["messages"][0]["quickReply"]["items"][0]["action"]["displayText"] == "A"


def test_dots_for_one_person_and_no_ticks() -> None:
    call = LINE.typing(INBOX, "U2")
    assert call is not None
    assert call.json == {"chatId": "U2", "loadingSeconds": 20}
    assert LINE.typing(INBOX, "C2") is None
    assert LINE.seen(INBOX, "U2", "1") is None


def test_the_account_is_looked_at_and_set_up() -> None:
    check = LINE.check(INBOX)
    assert check is not None
    assert (check.method, check.path) == ("GET", "/v2/bot/info")
    where, tried = LINE.prepare(INBOX, "https://shop.example/webhooks/line/0a1b2c3d")
    assert (where.method, where.json) == ("PUT", {"endpoint": "https://shop.example/webhooks/line/0a1b2c3d"})
    assert tried.path.endswith("/test")


@pytest.mark.parametrize(
    ("status", "words", "outcome"),
    [
        (400, "The property, 'to', in the request body is invalid", Outcome.FINAL_PERSON),
        (400, "May not be empty", Outcome.FINAL_MESSAGE),
        (401, "Authentication failed", Outcome.FINAL_ACCOUNT),
        (403, "Access to this API is not available", Outcome.FINAL_ACCOUNT),
        (413, "Request exceeds the max size", Outcome.FINAL_MESSAGE),
        (429, "The API rate limit has been exceeded. Try again later.", Outcome.RETRY),
        (500, "Internal server error", Outcome.RETRY),
        (409, "The retry key is already accepted", Outcome.SENT),
        (200, "", Outcome.SENT),
    ],
)
def test_answers(status: int, words: str, outcome: Outcome) -> None:
    assert LINE.result(Answer(status, {}, {"message": words})).outcome is outcome
