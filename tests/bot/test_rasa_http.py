"""The facts of Rasa that bite, each met on a real socket."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import DialogueFailed, HandBackBrief, Line, TurnRequest
from bot.rasa_http import RasaHttp, is_private, metadata_of, plain_words, words_for
from bot.rasa_reading import turn_of
from handover.entries import ConversationId, TurnId
from tests.support.scripted_rasa import (
    OUR_CHANNEL,
    ScriptedRasa,
    Step,
    at_once,
    cuts,
    fed,
    hangs,
    heard,
    says,
    tracker,
    webhook,
)

HERE = ConversationId("c1")
TURN = TurnId("t1")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def a_request(text: str = "Where is my order?", *, intent: str | None = None, seconds: float = 5.0) -> TurnRequest:
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    return TurnRequest(HERE, TURN, 3, text, deadline, intent=intent)


async def failure_of(rasa: ScriptedRasa, request: TurnRequest | None = None) -> DialogueFailed:
    async with RasaHttp(rasa.url) as dialogue:
        with pytest.raises(DialogueFailed) as failed:
            await dialogue.next_turn(request or a_request())
    return failed.value


async def test_a_turn_brings_text_intent_slots_and_actions() -> None:
    known = tracker("c1", events=heard("t1", "order_status", "action_order_status"), slots={"product": "tent"})
    async with (
        ScriptedRasa([fed("c1"), says({"text": "On its way."}), known]) as rasa,
        RasaHttp(rasa.url, token="a token") as dialogue,
    ):
        result = await dialogue.next_turn(a_request())
    assert (result.text, result.intent, result.actions) == ("On its way.", "order_status", ("action_order_status",))
    assert result.slots == {"product": "tent"}
    sent = rasa.calls[1].body
    assert (sent["sender"], sent["message"], sent["metadata"]["turn"]) == ("c1", "Where is my order?", "t1")
    assert rasa.calls[2].query == {"token": "a token", "include_events": "AFTER_RESTART"}


async def test_an_answer_without_words_is_a_failure_although_rasa_says_200() -> None:
    async with ScriptedRasa([fed("c1"), says(), tracker("c1", events=heard("t1", "greet"))]) as rasa:
        failed = await failure_of(rasa)
    assert (failed.kind, failed.retry) == ("empty", True)


async def test_a_reply_is_given_even_when_the_tracker_cannot_be_read() -> None:
    broken = Step("GET", "/conversations/c1/tracker", status=500)
    async with (
        ScriptedRasa([fed("c1"), says({"text": "Hello"}), broken, broken]) as rasa,
        RasaHttp(rasa.url) as dialogue,
    ):
        result = await dialogue.next_turn(a_request())
    assert (result.text, result.intent, result.fallback) == ("Hello", None, False)


async def test_nobody_listening_is_down() -> None:
    async with ScriptedRasa([]) as rasa:
        url = rasa.url
    async with RasaHttp(url) as dialogue:
        with pytest.raises(DialogueFailed) as failed:
            await dialogue.next_turn(a_request())
    assert (failed.value.kind, failed.value.retry) == ("down", True)


async def test_a_rasa_that_hangs_is_left_at_the_deadline() -> None:
    async with ScriptedRasa([fed("c1"), hangs()]) as rasa:
        failed = await failure_of(rasa, a_request(seconds=0.2))
    assert (failed.kind, failed.retry) == ("timeout", False)


async def test_a_turn_that_is_late_already_is_not_begun() -> None:
    async with ScriptedRasa([]) as rasa:
        failed = await failure_of(rasa, a_request(seconds=-1))
    assert failed.kind == "timeout"


@pytest.mark.parametrize(
    ("step", "kind", "retry"),
    [
        (webhook(b"<html>"), "garbage", True),
        (webhook(b'{"status": "failure"}'), "garbage", True),
        (webhook(b"[" * 100_000), "garbage", True),
        (webhook(b"\xff\xfe\x00"), "garbage", True),
        (webhook(b"{}", status=500), "down", True),
        (webhook(b"{}", status=401), "down", False),
        (webhook(b"{}", status=404), "down", False),
        (webhook(b"", status=302), "down", False),
        (cuts(), "down", True),
    ],
)
async def test_a_broken_answer_is_named(step: object, kind: str, retry: bool) -> None:
    async with ScriptedRasa([fed("c1"), step]) as rasa:
        failed = await failure_of(rasa)
    assert (failed.kind, failed.retry) == (kind, retry)


async def test_a_turn_whose_model_call_was_fenced_is_not_tried_again() -> None:
    reply = {"switchboard": 1, "kind": "reply", "text": "", "evidence": {"fallback_reason": "fenced"}}
    async with ScriptedRasa([fed("c1"), says({"custom": reply})]) as rasa:
        failed = await failure_of(rasa)
    assert (failed.kind, failed.retry) == ("fenced", False)


async def test_different_conversations_do_not_wait_for_each_other() -> None:
    async with (
        ScriptedRasa([fed("c1"), hangs(), fed("c2"), says({"text": "Hello"}), tracker("c2")]) as rasa,
        RasaHttp(rasa.url) as dialogue,
    ):
        slow = asyncio.create_task(dialogue.next_turn(a_request()))
        await rasa.until_asked(2)
        other = TurnRequest(ConversationId("c2"), TURN, 1, "Hi", datetime.now(UTC) + timedelta(seconds=5))
        assert (await dialogue.next_turn(other)).text == "Hello"
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


KEPT = {"rasa": 1, "events": heard("t0", "greet", "utter_greet")}


async def test_rasa_is_given_what_was_kept_and_gives_what_to_keep() -> None:
    events = [*KEPT["events"], *heard("t1", "order_status", "action_reply")]
    async with (
        ScriptedRasa([fed("c1"), says({"text": "Hello"}), tracker("c1", events=events)]) as rasa,
        RasaHttp(rasa.url) as dialogue,
    ):
        result = await dialogue.next_turn(replace(a_request(), state=KEPT))
    assert rasa.calls[0].body == KEPT["events"]
    assert result.state is not None
    assert [turn for event in result.state["events"] if (turn := turn_of(event))] == ["t0", "t1"]


async def test_an_answer_given_without_what_was_said_before_is_none() -> None:
    """Rasa goes on with an empty tracker when its store fails, and says nothing of it."""
    steps = [fed("c1"), says({"text": "Who are you?"}), tracker("c1", events=heard("t1", "greet"))]
    async with ScriptedRasa(steps) as rasa:
        failed = await failure_of(rasa, replace(a_request(), state=KEPT))
    assert (failed.kind, failed.retry) == ("garbage", True)


async def test_a_rasa_that_does_not_take_its_tracker_is_not_asked() -> None:
    async with ScriptedRasa([fed("c1", status=500)]) as rasa:
        failed = await failure_of(rasa)
    assert (failed.kind, failed.retry) == ("down", True)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("/restart", "restart"),
        ("  //restart", "restart"),
        ("/ /restart", "restart"),
        ("\u00a0/\u2003/ /back", "back"),
        ("\x1c/restart", "restart"),
        ('/greet{"a": "b"}', 'greet{"a": "b"}'),
        ("/", "?"),
        ("", "?"),
        ("and/or", "and/or"),
        ("hello\n/restart", "hello\n/restart"),
        ("EXTERNAL: greet", "EXTERNAL: greet"),
    ],
)
def test_what_a_customer_types_is_never_a_command(typed: str, sent: str) -> None:
    assert plain_words(typed) == sent


@given(text=st.text(alphabet=st.sampled_from("/ \t\n\u00a0\u200b\x1f\x85aR{}"), max_size=12))
def test_no_run_of_slashes_and_spaces_makes_a_command(text: str) -> None:
    assert plain_words(text)
    assert not plain_words(text).strip().startswith("/")


def test_a_verified_button_is_a_command() -> None:
    assert words_for(a_request("Yes", intent="/affirm")) == "/affirm"
    assert words_for(a_request("Yes", intent='order_status{"order_number": "TT-1"}')).startswith("/order_status{")


def test_the_metadata_name_who_said_what_and_what_a_person_decided() -> None:
    back = HandBackBrief("Ann", "Refund agreed.", ("call on Monday",), None, NOW)
    lines = (Line(1, "customer", "Customer", "Hi", NOW), Line(2, "agent", "Ann", "Hello", NOW))
    request = TurnRequest(HERE, TURN, 3, "And now?", NOW, history=lines, hand_back=back, customer={"name": "Bo"})
    metadata = metadata_of(request)
    assert [line["speaker"] for line in metadata["history"]] == ["customer", "agent"]
    assert metadata["hand_back"]["open_promises"] == ["call on Monday"]
    assert (metadata["epoch"], metadata["deadline"], metadata["customer"]) == (3, NOW.isoformat(), {"name": "Bo"})


def test_a_long_history_is_cut_from_its_old_end() -> None:
    lines = tuple(Line(offset, "customer", "C", "x" * 3_200, NOW) for offset in range(1, 9))
    metadata = metadata_of(TurnRequest(HERE, TURN, 3, "x", NOW, history=lines))
    assert [line["offset"] for line in metadata["history"]] == [7, 8]


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:5005", True),
        ("http://[::1]:5005", True),
        ("http://localhost:5005", True),
        ("http://rasa:5005", True),
        ("http://10.0.0.5:5005", True),
        ("http://rasa.internal", True),
        ("https://rasa.example.com", False),
        ("http://8.8.8.8:5005", False),
        ("nonsense", False),
    ],
)
def test_rasa_must_live_on_a_private_address(url: str, private: bool) -> None:
    assert is_private(url) is private


async def test_a_public_rasa_is_refused_unless_asked_for() -> None:
    with pytest.raises(ValueError, match="not a private address"):
        RasaHttp("https://rasa.example.com")
    await RasaHttp("https://rasa.example.com", anywhere=True).aclose()


async def test_a_rasa_without_a_model_is_not_ready() -> None:
    status = Step("GET", "/status", content=b'{"model_file": null}')
    async with ScriptedRasa([status]) as rasa, RasaHttp(rasa.url) as dialogue:
        with pytest.raises(DialogueFailed, match="no model"):
            await dialogue.ping()


async def test_a_turn_is_one_request_where_rasa_has_our_channel() -> None:
    before, now = heard("t0", "greet"), heard("t1", "order_status")
    whole = at_once({"text": "On its way."}, events=[*before, *now], slots={"product": "tent"})
    async with ScriptedRasa([whole]) as rasa, RasaHttp(rasa.url, token="a token", at_once=True) as dialogue:
        result = await dialogue.next_turn(replace(a_request(), state={"rasa": 1, "events": before}))
    assert (result.text, result.intent, result.slots) == ("On its way.", "order_status", {"product": "tent"})
    (sent,) = rasa.calls
    assert (sent.body["sender"], sent.body["message"], sent.body["metadata"]["turn"]) == (
        "c1",
        "Where is my order?",
        "t1",
    )
    assert sent.body["events"] == before
    assert sent.query == {"token": "a token"}


async def test_without_our_channel_a_turn_is_three_requests_and_the_channel_is_asked_for_again_after_a_minute() -> None:
    clock = [NOW]
    steps = [fed("c1"), says({"text": "Hello"}), tracker("c1", events=heard("t1", "greet"))]
    missing = at_once(status=404)
    request = replace(a_request(), deadline=NOW + timedelta(seconds=90))
    async with (
        ScriptedRasa([missing, *steps, *steps, missing, *steps]) as rasa,
        RasaHttp(rasa.url, at_once=True, now=lambda: clock[0]) as dialogue,
    ):
        for at in (0, 59, 61):
            clock[0] = NOW + timedelta(seconds=at)
            assert (await dialogue.next_turn(request)).text == "Hello"


@pytest.mark.parametrize(
    ("step", "kind", "retry"),
    [
        (at_once(status=403), "down", False),
        (at_once(status=500), "down", True),
        (at_once(), "empty", True),
        (Step("POST", OUR_CHANNEL, content=b"[]"), "garbage", True),
        (Step("POST", OUR_CHANNEL, content=b"{}"), "garbage", True),
        (Step("POST", OUR_CHANNEL, fault="cut"), "down", True),
    ],
)
async def test_a_broken_answer_of_our_channel_is_named(step: Step, kind: str, retry: bool) -> None:
    async with ScriptedRasa([step]) as rasa, RasaHttp(rasa.url, at_once=True) as dialogue:
        with pytest.raises(DialogueFailed) as failed:
            await dialogue.next_turn(a_request())
    assert (failed.value.kind, failed.value.retry) == (kind, retry)
