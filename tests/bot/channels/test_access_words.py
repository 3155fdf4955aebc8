"""What platforms answer to a check, in words that say what to do: their documented answers, and what none documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.access_words import Said, checked, prepared
from bot.channels.channel import Answer, Unanswered
from bot.channels.registry import CHANNELS
from handover.inboxes import Inbox

HOOK = "https://help.example/webhooks/any/0a1b2c3d"
SECRET = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def inbox_of(channel: str, account: str) -> Inbox:
    secrets = {field.name: SECRET for field in CHANNELS[channel].ability.fields if field.secret}
    return Inbox(f"{channel}.0a1b2c3d", channel, "Shop", account, secrets=secrets)


def check(channel: str, account: str, status: int, body: Any) -> Said:
    return checked(CHANNELS[channel], inbox_of(channel, account), Answer(status, {}, body, ""), HOOK)


LINE_ID = "U0123456789abcdef0123456789abcdef"
GOOD = [
    ("messenger", "4711", {"name": "Tarn & Trail", "id": "4711"}, "as Tarn & Trail."),
    ("instagram", "4711", {"user_id": "4711", "username": "tarn", "id": "99"}, "as tarn."),
    (
        "whatsapp",
        "4711",
        {"id": "4711", "display_phone_number": "+1 555 010", "verified_name": "Tarn", "quality_rating": "GREEN"},
        "as Tarn, +1 555 010. Its rating there is GREEN.",
    ),
    ("telegram", "4711", {"ok": True, "result": {"url": HOOK, "pending_update_count": 0}}, "accepts our access."),
    ("x", "4711", {"data": {"id": "4711", "name": "Tarn", "username": "tarn"}}, "as Tarn, tarn."),
    ("line", LINE_ID, {"userId": LINE_ID, "basicId": "@tarn", "displayName": "Tarn"}, "as Tarn."),
]


@pytest.mark.parametrize(("channel", "account", "body", "end"), GOOD)
def test_good_access_says_whose_it_is(channel: str, account: str, body: Any, end: str) -> None:
    said = check(channel, account, 200, body)
    assert (said.ok, said.todo) == (True, "")
    assert said.words.startswith(f"{CHANNELS[channel].ability.title} accepts our access")
    assert said.words.endswith(end)


@pytest.mark.parametrize(("channel", "account", "body", "end"), [row for row in GOOD if row[0] != "telegram"])
def test_access_to_another_account_names_the_right_one(channel: str, account: str, body: Any, end: str) -> None:
    said = check(channel, "@tarn", 200, body)
    assert not said.ok
    assert account in said.words
    assert said.todo.startswith(f"Put {account} into “{CHANNELS[channel].ability.account.label}”")


def test_telegram_says_where_webhooks_go_and_what_went_wrong() -> None:
    nowhere = check("telegram", "4711", 200, {"ok": True, "result": {"url": "", "pending_update_count": 0}})
    assert (nowhere.ok, nowhere.todo) == (True, "Set up Telegram from here.")
    assert "does not send us webhooks yet" in nowhere.words
    trouble = {"url": "https://old.example/", "pending_update_count": 12, "last_error_message": "Connection refused"}
    elsewhere = check("telegram", "4711", 200, {"ok": True, "result": trouble})
    assert elsewhere.words.endswith(
        "12 of its webhooks wait to be taken. The last that failed: Connection refused. "
        "It sends webhooks to https://old.example/, not here."
    )


REFUSED = [
    ("messenger", 400, {"error": {"code": 190, "message": "Invalid OAuth access token."}}, "no longer good", "token"),
    (
        "whatsapp",
        400,
        {"error": {"code": 131005, "message": "Access denied"}},
        "refuses our access",
        "WhatsApp Manager",
    ),
    ("telegram", 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, "Unauthorized", "@BotFather"),
    ("telegram", 200, {"ok": False, "error_code": 404, "description": "Not Found"}, "Not Found", "@BotFather"),
    ("x", 401, {"title": "Unauthorized", "detail": "Unauthorized"}, "Unauthorized", "connects the account anew"),
    ("line", 401, {"message": "Authentication failed"}, "Authentication failed", "new channel access token"),
    ("line", 503, None, "could not say: HTTP 503", "Try again"),
    ("messenger", 400, {"error": {"code": 100, "message": "Unsupported get request."}}, "Unsupported get", "Compare"),
    ("whatsapp", 200, None, "refused: HTTP 200", "Compare"),
    ("x", 301, "<html>", "could not say: HTTP 301", "Try again"),
]


@pytest.mark.parametrize(("channel", "status", "body", "words", "todo"), REFUSED)
def test_a_refusal_says_what_the_platform_said_and_what_to_do(
    channel: str, status: int, body: Any, words: str, todo: str
) -> None:
    said = check(channel, "4711", status, body)
    assert not said.ok
    assert words in said.words
    assert todo in said.todo
    assert "the message goes out" not in said.todo


def test_no_answer_says_whether_the_platform_was_reached() -> None:
    for written, words in ((True, "LINE did not answer (ReadTimeout)."), (False, "LINE could not be reached (")):
        said = checked(CHANNELS["line"], inbox_of("line", LINE_ID), Unanswered(written, "ReadTimeout"), HOOK)
        assert (said.ok, said.words.startswith(words), bool(said.todo)) == (False, True, True)


def test_a_request_that_prepares_says_what_it_was_for_and_what_came() -> None:
    line, x = CHANNELS["line"], CHANNELS["x"]
    tried = {"success": False, "statusCode": 0, "reason": "COULD_NOT_CONNECT", "detail": "TLS handshake failure"}
    said = prepared(line, inbox_of("line", LINE_ID), "Let LINE try to reach us", Answer(200, {}, tried, ""))
    assert said == Said(
        False,
        "Let LINE try to reach us",
        "LINE says no: TLS handshake failure",
        "See whether our webhook address is reached from outside.",
    )
    made = {"data": {"id": "1146654567674912769", "url": HOOK, "valid": True}}
    said = prepared(x, inbox_of("x", "4711"), "Register our webhook", Answer(200, {}, made, ""))
    assert said == Said(True, "Register our webhook", "Done. X calls it 1146654567674912769.")


@pytest.mark.parametrize("name", CHANNELS)
def test_every_recorded_answer_gets_words_that_hold_no_secret(name: str) -> None:
    folder = Path("tests/fixtures/channels")
    rows = json.loads((folder / "index.json").read_text())
    answers = [row["file"] for row in rows if row["channel"] == name and row["format"] == "api_response"]
    for file in answers:
        body = json.loads((folder / file).read_text())
        for status in (200, 400, 401, 429, 500):
            said = check(name, "4711", status, body)
            assert said.words
            assert SECRET not in said.words + said.todo
    assert answers or name == "line"


_MEMBERS = st.sampled_from(
    [
        *("ok", "success", "error", "code", "message", "description", "detail", "title", "result", "data", "id"),
        *("name", "user_id", "userId", "url", "last_error_message", "pending_update_count", "quality_rating"),
    ]
)
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(f"token {SECRET}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_MEMBERS, inner, max_size=5),
    max_leaves=10,
)


@given(channel=st.sampled_from(sorted(CHANNELS)), status=st.integers(100, 599), body=_ANY)
def test_any_answer_at_all_gets_words(channel: str, status: int, body: Any) -> None:
    inbox = inbox_of(channel, "4711")
    answer = Answer(status, {}, body, "")
    for said in (check(channel, "4711", status, body), prepared(CHANNELS[channel], inbox, "Any", answer)):
        assert said.words
        assert SECRET not in said.words + said.todo
        assert (said.words + said.todo).isprintable()
        assert not said.ok or 200 <= status < 300
