"""X: what each activity means, a challenge that signs no event, and what its answers say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Answer, Arrived, Attachment, Event, EventKind, Part
from bot.channels.x import SIGNATURE, X
from handover.errors import BadInput
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.spoilt_json import fixture, written

CHANNEL = X(now=lambda: 1785000000.0)
INBOX = Inbox(
    id="x.0a1b2c3d",
    channel="x",
    name="The shop on X",
    account="1100000000000000001",
    settings={"webhook_id": "77"},
    secrets={"consumer_secret": "test-consumer-secret", "access_token": "user-token", "app_token": "app-token"},
)


def only(value: Any) -> Event:
    [event] = CHANNEL.parse(written(value), {})
    return event


def item(name: str) -> dict[str, Any]:
    inner: dict[str, Any] = fixture("x", name)["data"]["payload"]["direct_message_events"][0]
    return inner


def asked(token: str) -> Arrived:
    return Arrived(b"", {}, {"crc_token": token})


def signed(body: bytes) -> Arrived:
    made = base64.b64encode(hmac.digest(b"test-consumer-secret", body, hashlib.sha256)).decode()
    return Arrived(body, {SIGNATURE: f"sha256={made}"}, {})


@pytest.mark.parametrize("token", ["", "x" * 129, "{}", '{"data":1}', "a b", "ä", "a\n", "a\x00", "%7B%7D", "a.b"])
def test_a_challenge_that_could_be_an_event_is_refused(token: str) -> None:
    assert not CHANNEL.handshake(INBOX, asked(token)).ours


def test_a_challenge_is_answered_as_json_and_without_a_secret_never() -> None:
    answer = CHANNEL.handshake(INBOX, asked("x" * 128))
    assert (answer.ours, answer.media_type) == (True, "application/json")
    nobody = Inbox(id="x.1", channel="x", name="", account="")
    assert not CHANNEL.handshake(nobody, asked("x")).ours


@given(st.text(alphabet="Az09_+/=-", min_size=1, max_size=128))
def test_no_answer_to_a_challenge_vouches_for_a_webhook(token: str) -> None:
    answer = json.loads(CHANNEL.handshake(INBOX, asked(token)).body)["response_token"]
    assert not CHANNEL.verify(INBOX, Arrived(token.encode(), {SIGNATURE: answer}, {}))


def test_a_signed_webhook_is_ours() -> None:
    assert CHANNEL.verify(INBOX, signed(b'{"data":{}}'))
    assert not CHANNEL.verify(INBOX, Arrived(b'{"data":{ }}', signed(b'{"data":{}}').headers, {}))


def test_a_message_is_known_by_its_own_id_whichever_way_it_comes() -> None:
    event = only(fixture("x", "xaa_dm_received"))
    assert (event.key, event.id, event.account, event.person, event.name) == (
        *("2080765901528535001", "2080765901528535001"),
        *("1100000000000000001", "2200000000000000002", "customer_c"),
    )
    older = {"for_user_id": "1100000000000000001", "direct_message_events": [item("xaa_dm_received")]}
    assert only(older).key == event.key


def test_what_we_said_is_an_echo_to_the_one_who_got_it() -> None:
    event = only(fixture("x", "xaa_dm_sent"))
    assert (event.kind, event.person, event.customer) == (EventKind.ECHO, "2200000000000000002", False)
    older = {"for_user_id": "1100000000000000001", "direct_message_events": [item("xaa_dm_sent")]}
    assert only(older).kind is EventKind.ECHO


def test_an_encrypted_message_is_told_of_in_words() -> None:
    value = fixture("x", "xaa_chat_received_encrypted")
    event = only(value)
    assert (event.kind, event.text, event.reply_due) == (EventKind.UNSUPPORTED, None, False)
    assert "encrypted" in (event.note or "")
    value["data"]["event_type"] = "chat.sent"
    assert only(value).kind is EventKind.IGNORE


def test_marks_also_in_the_new_envelope_and_never_our_own() -> None:
    read = fixture("x", "aaa_mark_read")["direct_message_mark_read_events"][0]
    envelope = {
        "event_uuid": "-5",
        "filter": {"user_id": "1100000000000000001"},
        "event_type": "dm.read",
        "payload": read,
    }
    event = only({"data": envelope})
    assert (event.kind, event.key, event.target) == (EventKind.READ, "-5", "2080765901528535002")
    assert event.watermark == event.at
    own = {**read, "sender_id": "1100000000000000001"}
    assert only({"data": {**envelope, "payload": own}}).kind is EventKind.IGNORE


def test_losing_access_is_said_with_what_to_do() -> None:
    for name in ("aaa_user_revoke", "xaa_oauth_revoke"):
        event = only(fixture("x", name))
        assert (event.kind, event.account) == (EventKind.SYSTEM, "1100000000000000001")
        assert "connect" in (event.note or "")


def test_a_picture_and_a_film_come_with_their_addresses() -> None:
    message = item("xaa_dm_received")
    media: dict[str, Any] = {"type": "photo", "media_url_https": "https://pbs.twimg.com/1.jpg"}
    message["message_create"]["message_data"]["attachment"] = {"type": "media", "media": media}
    value = {"for_user_id": "1", "direct_message_events": [message]}
    assert only(value).attachments == (Attachment("image", url="https://pbs.twimg.com/1.jpg"),)
    media["type"] = "video"
    media["video_info"] = {"variants": [{"content_type": "video/mp4", "url": "https://video.twimg.com/1.mp4"}]}
    assert only(value).attachments == (Attachment("video", url="https://video.twimg.com/1.mp4"),)
    assert CHANNEL.locate(INBOX, only(value).attachments[0]) is None
    assert CHANNEL.located(INBOX, Answer(200, {}, {})) is None


def test_other_kinds() -> None:
    assert only({"data": {"event_type": "post.create"}}).kind is EventKind.UNKNOWN
    assert only({"data": {"event_type": "dm.pinned"}}).kind is EventKind.UNKNOWN
    assert only({"for_user_id": "1", "tweet_create_events": []}).kind is EventKind.IGNORE
    assert only({"for_user_id": "1", "something": {}}).kind is EventKind.UNKNOWN
    assert only({"data": []}).kind is EventKind.ERROR
    assert only({"direct_message_events": 5}).kind is EventKind.ERROR
    assert only({"direct_message_events": [{"type": "welcome"}]}).kind is EventKind.UNKNOWN
    with pytest.raises(BadInput):
        CHANNEL.parse(b"", {})


def test_a_send_goes_to_the_person_with_the_accounts_token() -> None:
    call = CHANNEL.send(INBOX, "22/../3", Part("k", 0, "Hi"))
    assert (call.base, call.path) == ("x", "/2/dm_conversations/with/22%2F..%2F3/messages")
    assert call.json == {"text": "Hi"}
    assert call.headers == {"Authorization": "Bearer user-token"}
    assert CHANNEL.typing(INBOX, "22") is None
    assert CHANNEL.seen(INBOX, "22", "1") is None
    assert CHANNEL.ability.experimental


def test_the_webhook_is_registered_by_the_app_and_subscribed_by_its_id() -> None:
    hook, *subscriptions = CHANNEL.prepare(INBOX, "https://shop.example/webhooks/x/0a1b2c3d")
    assert (hook.path, hook.headers) == ("/2/webhooks", {"Authorization": "Bearer app-token"})
    assert {call.json["event_type"] for call in subscriptions if call.json} >= {
        "dm.received",
        "dm.sent",
        "chat.received",
    }
    bare = Inbox(id="x.1", channel="x", name="", account="1", secrets={"access_token": "t"})
    assert CHANNEL.prepare(bare, "https://shop.example") == []
    check = CHANNEL.check(bare)
    assert check is not None
    assert (check.method, check.path) == ("GET", "/2/users/me")


@pytest.mark.parametrize(
    ("status", "headers", "told", "outcome", "wait"),
    [
        (429, {"x-rate-limit-reset": "1785000900"}, {}, Outcome.RETRY_AFTER, 900.0),
        (
            429,
            {"x-rate-limit-reset": "1785000900", "date": "Sat, 25 Jul 2026 17:30:00 GMT"},
            {},
            Outcome.RETRY_AFTER,
            300.0,
        ),
        (429, {"x-rate-limit-reset": "1"}, {}, Outcome.RETRY_AFTER, 1.0),
        (429, {"x-rate-limit-reset": "soon"}, {}, Outcome.RETRY, None),
        (429, {"retry-after": "30"}, {}, Outcome.RETRY_AFTER, 30.0),
        (429, {}, {"title": "UsageCapExceeded"}, Outcome.FINAL_ACCOUNT, None),
        (401, {}, {"title": "Unauthorized"}, Outcome.FINAL_ACCOUNT, None),
        (402, {}, {"title": "CreditsDepleted"}, Outcome.FINAL_ACCOUNT, None),
        (403, {}, {"type": "https://api.twitter.com/2/problems/client-forbidden"}, Outcome.FINAL_ACCOUNT, None),
        (403, {}, {"detail": "You cannot send messages to this person."}, Outcome.FINAL_PERSON, None),
        (404, {}, None, Outcome.FINAL_PERSON, None),
        (400, {}, {"detail": "text is too long"}, Outcome.FINAL_MESSAGE, None),
        (503, {}, None, Outcome.RETRY, None),
        (504, {}, None, Outcome.UNKNOWN, None),
        (201, {}, {"data": {}}, Outcome.UNKNOWN, None),
    ],
)
def test_answers(status: int, headers: dict[str, str], told: Any, outcome: Outcome, wait: float | None) -> None:
    result = CHANNEL.result(Answer(status, headers, told))
    assert (result.outcome, result.retry_after) == (outcome, wait)
