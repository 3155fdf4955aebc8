"""Every code of Messenger's, Instagram's and WhatsApp's tables, and what an answer without a code means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Answer, Unanswered
from bot.channels.instagram import Instagram
from bot.channels.messenger import Messenger
from bot.channels.meta_outcomes import told_to_wait
from bot.channels.whatsapp import WhatsApp
from handover.outcomes import Outcome, SendResult
from tests.support.spoilt_json import anything, patient, spoilt

MESSAGING: dict[Outcome, list[tuple[int, int]]] = {
    Outcome.RETRY: [(code, 0) for code in (2, 4, 17, 32, 613, 80006, 1200)] + [(613, 2534040), (12345, -1)],
    Outcome.UNKNOWN: [(1, 0), (1, 1357046), (1, -1)],
    Outcome.FINAL_MESSAGE: [(100, 0), (100, 2534014), (100, 2018047), (10900, 0), (9000001, 0), (10900, 9000001)],
    Outcome.FINAL_WINDOW: [(10, 2018278), (10, 2534022), (10, 2018065)],
    Outcome.FINAL_THREAD: [(10, 2018300)],
    Outcome.FINAL_PERSON: [(551, 0), (551, 1545041), (200, 1545041), (10, 2018108), (230, 0)],
    Outcome.FINAL_ACCOUNT: [
        *((190, 0), (190, 463), (190, 460), (190, 458), (190, 99), (10, 0), (10, 463)),
        *((200, 0), (368, 0), (10, 1893063), (100, 2534029), (200, 2534041)),
    ],
}
WHATSAPP: dict[Outcome, list[tuple[int, int]]] = {
    Outcome.RETRY: [(code, 0) for code in (2, 4, 80007, 130429, 131016, 131056, 131057)] + [(12345, -1)],
    Outcome.UNKNOWN: [(1, 0), (131000, 0), (131000, -1)],
    Outcome.FINAL_ACCOUNT: [(code, 0) for code in (0, 3, 10, 33, 190, 200, 219, 299, 368, 131031, 131048)],
    Outcome.FINAL_WINDOW: [(131047, 0)],
    Outcome.FINAL_PERSON: [(131026, 0), (131030, 0), (130497, 0)],
    Outcome.FINAL_MESSAGE: [
        (code, 0)
        for code in (
            100,
            130472,
            131008,
            131009,
            131021,
            131049,
            131050,
            131051,
            131062,
            132000,
            132001,
            132015,
            132999,
        )
    ],
}
TABLES = [
    (result, code, subcode, outcome)
    for results, table in (((Messenger().result, Instagram().result), MESSAGING), ((WhatsApp().result,), WHATSAPP))
    for result in results
    for outcome, pairs in table.items()
    for code, subcode in pairs
]
Result = Callable[[Answer | Unanswered], SendResult]
RESULTS: list[Result] = [Messenger().result, Instagram().result, WhatsApp().result]


def body(code: Any, subcode: int = 0, message: str = "no reason given") -> dict[str, Any]:
    """An answer with an error; a subcode of -1 stands for ``is_transient``."""
    more: dict[str, Any] = {"is_transient": True} if subcode < 0 else {"error_subcode": subcode} if subcode else {}
    return {"error": {"message": message, "type": "OAuthException", "code": code, **more}}


@pytest.mark.parametrize(("result", "code", "subcode", "outcome"), TABLES)
def test_every_code_means_the_same_under_every_http_status(
    result: Result, code: int, subcode: int, outcome: Outcome
) -> None:
    for status in (200, 400, 403, 429, 500):
        told = result(Answer(status, {}, body(code, subcode)))
        assert told.outcome is outcome
        assert str(code) in told.note
        assert told.todo or outcome is Outcome.RETRY


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Unanswered(written=True, why="time-out"), Outcome.UNKNOWN),
        (Unanswered(written=False, why="refused"), Outcome.RETRY),
        (Answer(200, {}, None, "<html>"), Outcome.UNKNOWN),
        (Answer(200, {}, {"success": True}), Outcome.SENT),
        (Answer(302, {}, None), Outcome.RETRY),
        (Answer(401, {}, None), Outcome.FINAL_ACCOUNT),
        (Answer(404, {}, None), Outcome.FINAL_MESSAGE),
        (Answer(429, {}, None), Outcome.RETRY),
        (Answer(429, {"Retry-After": "7"}, None), Outcome.RETRY_AFTER),
        (Answer(502, {}, None, "<html>"), Outcome.RETRY),
        (Answer(504, {}, None, "<html>"), Outcome.UNKNOWN),
        (Answer(400, {}, body(99999)), Outcome.FINAL_MESSAGE),
        (Answer(500, {}, body(99999)), Outcome.RETRY),
        (Answer(400, {}, body("190")), Outcome.FINAL_ACCOUNT),
    ],
)
def test_what_has_no_known_code_goes_by_its_status(
    result: Result, answer: Answer | Unanswered, outcome: Outcome
) -> None:
    assert result(answer).outcome is outcome


def test_a_pause_the_platform_asks_for_is_honoured() -> None:
    told = Messenger().result(Answer(400, {"retry-after": "30"}, body(613)))
    assert (told.outcome, told.retry_after) == (Outcome.RETRY_AFTER, 30.0)
    usage = '{"1":[{"estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":0}]}'
    assert told_to_wait({"X-Business-Use-Case-Usage": usage}) == 180.0


@patient
@given(st.text() | st.sampled_from(["-1", "nan", "inf", "1e99", "0", "[]", '{"1":[5]}', '{"1":5}', "[" * 9999]))
def test_no_header_about_a_pause_raises(value: str) -> None:
    for name in ("Retry-After", "X-Business-Use-Case-Usage"):
        wait = told_to_wait({name: value})
        assert wait is None or 0 < wait <= 86_400


def test_no_secret_gets_into_what_agents_read() -> None:
    token = "EAAGm0PX4ZCpsBAKZCq9ZBZBoU3xv7mYkR"
    told = Messenger().result(Answer(400, {}, body(99999, message=f"Malformed access token {token}")))
    assert token not in told.note
    assert "Malformed access token …" in told.note


@patient
@given(anything(), st.sampled_from([200, 400, 500]))
def test_any_answer_has_an_outcome(value: Any, status: int) -> None:
    for result in RESULTS:
        assert result(Answer(status, {}, value)).note is not None
        assert result(Answer(status, {}, {"error": value, "messages": value, "message_id": value})).note is not None


def test_a_spoilt_error_has_an_outcome() -> None:
    for wrong in spoilt(body(100, 2534014) | {"messages": [{"id": "x"}], "message_id": "x"}):
        for result in RESULTS:
            assert result(Answer(400, {}, wrong)).outcome
