"""Telegram: what each update means, what is sent where, and what its answers say."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.buttons import ASK_FOR_HUMAN
from bot.channels.channel import Answer, Arrived, Attachment, Event, EventKind, Part
from bot.channels.telegram import SECRET_HEADER, Telegram, keyboard_of, webhook_secret
from handover.entries import Button
from handover.errors import BadInput
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.spoilt_json import fixture, written

TELEGRAM = Telegram()
INBOX = Inbox(
    id="telegram.0a1b2c3d", channel="telegram", name="The shop's bot", account="", secrets={"bot_token": "123:ABC"}
)
PART = Part(key="out:7f3a.0", number=0, text="Your parcel left our depot.")
ANA = {"id": 5000000001, "is_bot": False, "first_name": "Ana", "language_code": "es"}
PRIVATE = {"id": 5000000001, "first_name": "Ana", "type": "private"}


def only(update: Any) -> Event:
    [event] = TELEGRAM.parse(written(update), {})
    return event


def message(**more: Any) -> dict[str, Any]:
    return {"update_id": 9, "message": {"message_id": 5, "from": ANA, "chat": PRIVATE, "date": 1785000000, **more}}


def body(call: Any) -> dict[str, Any]:
    return dict(call.json)


def test_a_message_is_known_by_its_update_and_by_its_place_in_its_own_conversation() -> None:
    event = only(fixture("telegram", "text"))
    assert (event.key, event.id, event.person, event.name, event.language) == (
        *("2342342343243", "23:71", "23"),
        *("Sojan Jose", "en"),
    )
    assert event.account == ""
    assert event.reply_due


@pytest.mark.parametrize("word", ["/human", "/human@shop_bot", "/HUMAN please", "/agent"])
def test_a_command_asks_for_a_person(word: str) -> None:
    event = only(message(text=word))
    assert (event.payload, event.text) == (ASK_FOR_HUMAN, word)


def test_a_deep_link_carries_its_word_and_other_commands_carry_none() -> None:
    assert only(fixture("telegram", "start_deeplink")).payload == "order_1042"
    assert only(message(text="/start")).payload is None
    assert only(message(text="/help me")).payload is None


def test_a_press_says_what_the_button_says_and_its_id_answers_it() -> None:
    update = fixture("telegram", "callback_query")
    update["callback_query"]["message"]["reply_markup"] = {
        "inline_keyboard": [[{"text": "No", "callback_data": "no"}], [{"text": "Yes please", "callback_data": "data"}]]
    }
    event = only(update)
    assert (event.kind, event.text, event.payload, event.id) == (
        EventKind.POSTBACK,
        "Yes please",
        "data",
        "callback:123",
    )
    for call in (
        TELEGRAM.seen(INBOX, "427770117", "callback:123"),
        TELEGRAM.typing(INBOX, "427770117", last="callback:123"),
    ):
        assert call is not None
        assert (call.path, body(call)) == ("/bot123:ABC/answerCallbackQuery", {"callback_query_id": "123"})


def test_a_press_under_a_message_that_is_gone_is_still_a_press() -> None:
    update = fixture("telegram", "callback_query")
    update["callback_query"]["message"]["date"] = 0
    assert only(update).reply_due
    del update["callback_query"]["message"]
    assert (only(update).person, only(update).at) == ("427770117", None)


def test_a_business_account_has_two_sides() -> None:
    theirs = only(fixture("telegram", "business_message"))
    assert (theirs.thread, theirs.id, theirs.reply_due) == (
        "business:AbCd1234",
        "business:AbCd1234:5000000001:40",
        True,
    )
    update = fixture("telegram", "business_message")
    update["business_message"]["from"] = {"id": 77, "first_name": "Owner"}
    by_hand = only(update)
    assert (by_hand.kind, by_hand.person, by_hand.human, by_hand.customer) == (
        EventKind.ECHO,
        "5000000001",
        True,
        False,
    )
    update["business_message"]["sender_business_bot"] = {"id": 8, "is_bot": True}
    assert not only(update).human
    update["edited_business_message"] = update.pop("business_message")
    assert only(update).kind is EventKind.IGNORE


def test_what_a_customer_of_a_business_account_deletes_is_named() -> None:
    gone = {"business_connection_id": "AbC", "chat": PRIVATE, "message_ids": [40, 41, "x"]}
    event = only({"update_id": 9, "deleted_business_messages": gone})
    assert (event.kind, event.person) == (EventKind.DELETE, "5000000001")
    assert event.targets == ("business:AbC:5000000001:40", "business:AbC:5000000001:41")


def test_an_edit_names_the_message_it_changes() -> None:
    event = only(fixture("telegram", "edited_message"))
    assert (event.target, event.text) == ("427770117:229", "hiiiii")


def test_groups_are_kept_and_not_answered() -> None:
    for name in ("group_text", "forum_topic_message", "callback_query_group"):
        event = only(fixture("telegram", name))
        assert event.group
        assert not event.reply_due
        assert event.author
    assert only(message(new_chat_members=[ANA])).kind is EventKind.SYSTEM


def test_blocking_and_coming_back() -> None:
    update = fixture("telegram", "my_chat_member_blocked")
    assert only(update).action == "block"
    update["my_chat_member"]["new_chat_member"]["status"] = "member"
    assert only(update).action == "unblock"
    update["my_chat_member"]["chat"] = {"id": -5, "type": "group", "title": "Us"}
    assert only(update).kind is EventKind.SYSTEM


def test_a_reaction_is_the_newest_and_none_takes_it_away() -> None:
    update = fixture("telegram", "message_reaction")
    assert (only(update).action, only(update).emoji) == ("react", "👍")
    update["message_reaction"]["new_reaction"] = [{"type": "custom_emoji", "custom_emoji_id": "5"}]
    assert only(update).emoji == "★"
    update["message_reaction"]["new_reaction"] = []
    assert (only(update).action, only(update).emoji) == ("unreact", None)


def test_files_are_named_by_what_can_be_asked_for() -> None:
    update = fixture("telegram", "photo")
    update["message"]["photo"].append({"file_id": "large", "width": 900, "height": 670})
    assert only(update).attachments[0].ref == "large"
    animation = message(animation={"file_id": "a", "mime_type": "video/mp4"}, document={"file_id": "a"})
    assert [one.kind for one in only(animation).attachments] == ["video"]
    assert only(fixture("telegram", "location")).attachments[0].text == "99.99,111.111"
    assert only(fixture("telegram", "contact")).attachments[0].name == "first"
    assert only(message(poll={"question": "Which?", "options": [{"text": "A"}]})).attachments[0].text == "A"
    assert only(message(dice={"emoji": "🎲", "value": 3})).attachments[0].name == "dice"


def test_what_cannot_be_shown_is_said_to_be_so() -> None:
    event = only(message(something_new={"a": 1}))
    assert (event.kind, event.person) == (EventKind.UNSUPPORTED, "5000000001")
    assert only({"update_id": 4, "a_new_kind": {}}).kind is EventKind.UNKNOWN
    assert only({"update_id": 4, "business_connection": {"is_enabled": False}}).kind is EventKind.SYSTEM
    with pytest.raises(BadInput):
        TELEGRAM.parse(b"[]", {})


def test_a_broken_update_still_names_whose_it_is() -> None:
    event = only(message(text=5))
    assert (event.kind, event.key, event.person, event.note) == (EventKind.ERROR, "9", "5000000001", "text is not text")


def test_the_secret_is_made_from_the_token_unless_there_is_one() -> None:
    secret = webhook_secret(INBOX)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert TELEGRAM.verify(INBOX, Arrived(b"{}", {SECRET_HEADER: secret}, {}))
    assert not TELEGRAM.verify(INBOX, Arrived(b"{}", {SECRET_HEADER: secret + "x"}, {}))
    other = Inbox(id="telegram.1", channel="telegram", name="", account="", secrets={"bot_token": "123:ABC"})
    assert webhook_secret(other) != secret
    assert not TELEGRAM.handshake(INBOX, Arrived(b"", {}, {"hub.mode": "subscribe"})).ours


def test_a_send_goes_to_its_topic_and_its_business_connection() -> None:
    call = TELEGRAM.send(INBOX, "23", PART)
    assert (call.base, call.path) == ("telegram", "/bot123:ABC/sendMessage")
    assert body(call) == {"chat_id": "23", "text": PART.text}
    threads: dict[str, dict[str, Any]] = {
        "7": {"message_thread_id": 7},
        "business:AbC": {"business_connection_id": "AbC"},
        "business:AbC/7": {"business_connection_id": "AbC", "message_thread_id": 7},
        "nonsense": {},
    }
    for thread, expected in threads.items():
        sent = body(TELEGRAM.send(INBOX, "23", Part("k", 0, "Hi", thread=thread)))
        assert sent == {"chat_id": "23", "text": "Hi", **expected}
        dots = TELEGRAM.typing(INBOX, "23", thread=thread)
        assert dots is not None
        assert body(dots) == {"chat_id": "23", "action": "typing", **expected}


def test_buttons_that_telegram_cannot_carry_become_words_to_tap() -> None:
    short, long = Button("Talk to a person", ASK_FOR_HUMAN), Button("Order", "/ask{" + "é" * 40 + "}")
    assert keyboard_of([]) is None
    assert keyboard_of([short]) == {
        "inline_keyboard": [[{"text": "Talk to a person", "callback_data": "ask_for_human"}]]
    }
    assert keyboard_of([short, long]) == {
        "keyboard": [[{"text": "Talk to a person"}], [{"text": "Order"}]],
        "one_time_keyboard": True,
        "resize_keyboard": True,
    }
    assert "reply_markup" in body(TELEGRAM.send(INBOX, "23", Part("k", 0, "Hi", buttons=(short,))))


def test_only_a_business_account_has_marks() -> None:
    assert TELEGRAM.seen(INBOX, "23", "23:71") is None
    assert TELEGRAM.seen(INBOX, "23", "business:AbC:23:x") is None
    call = TELEGRAM.seen(INBOX, "23", "business:AbC:23:40")
    assert call is not None
    assert body(call) == {"business_connection_id": "AbC", "chat_id": "23", "message_id": 40}


def test_a_file_is_asked_for_and_lies_under_the_base_for_files() -> None:
    call = TELEGRAM.locate(INBOX, Attachment("image", ref="f1"))
    assert call is not None
    assert (call.path, body(call)) == ("/bot123:ABC/getFile", {"file_id": "f1"})
    told = Answer(200, {}, {"ok": True, "result": {"file_id": "f1", "file_path": "photos/file_0.jpg"}})
    assert TELEGRAM.located(INBOX, told) == ("telegram_file:/file/bot123:ABC/photos/file_0.jpg", {})
    for path in (None, 5, "", "/etc/passwd", "photos/../../x"):
        assert TELEGRAM.located(INBOX, Answer(200, {}, {"ok": True, "result": {"file_path": path}})) is None
    assert TELEGRAM.locate(INBOX, Attachment("location", text="1,2")) is None


def test_the_bot_is_set_up_with_a_secret_every_update_we_read_and_the_way_to_a_person() -> None:
    hook, commands, described = TELEGRAM.prepare(INBOX, "https://shop.example/webhooks/telegram/0a1b2c3d")
    assert hook.path == "/bot123:ABC/setWebhook"
    assert body(hook)["secret_token"] == webhook_secret(INBOX)
    assert {"message", "message_reaction", "my_chat_member", "callback_query"} <= set(body(hook)["allowed_updates"])
    assert {"command": "human", "description": "Talk to a person"} in body(commands)["commands"]
    assert "automated" in body(described)["description"]
    assert len(body(described)["description"]) <= 512
    check = TELEGRAM.check(INBOX)
    assert check is not None
    assert check.path.endswith("/getWebhookInfo")


@pytest.mark.parametrize(
    ("status", "told", "outcome"),
    [
        (200, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked"}, Outcome.FINAL_PERSON),
        (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, Outcome.FINAL_ACCOUNT),
        (404, {"ok": False, "error_code": 404, "description": "Not Found"}, Outcome.FINAL_ACCOUNT),
        (
            400,
            {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"},
            Outcome.FINAL_MESSAGE,
        ),
        (400, {"ok": False, "description": "Bad Request: message thread not found"}, Outcome.FINAL_THREAD),
        (400, {"ok": False, "description": "Bad Request: BUSINESS_CONNECTION_INVALID"}, Outcome.FINAL_THREAD),
        (400, {"ok": False, "description": "Bad Request: user is deactivated"}, Outcome.FINAL_PERSON),
        (429, {"ok": False, "error_code": 429, "parameters": {"retry_after": "x"}}, Outcome.RETRY),
        (500, None, Outcome.RETRY),
        (504, None, Outcome.UNKNOWN),
        (200, "not json", Outcome.UNKNOWN),
        (200, {"ok": True, "result": {"chat": 5}}, Outcome.SENT),
    ],
)
def test_answers(status: int, told: Any, outcome: Outcome) -> None:
    assert TELEGRAM.result(Answer(status, {}, told)).outcome is outcome
