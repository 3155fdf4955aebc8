"""What the product's channels send is taken by the simulated platforms, read as sent, and faults as what they are."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from bot.channels.channel import Call, Part
from bot.channels.registry import CHANNELS
from handover.entries import Button
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.sim.accounts import demo_inbox
from tests.sim.calls import Reply
from tests.sim.driver import Simulator, simulating
from tests.sim.product_side import PEOPLE, call, send

EVERY = sorted(CHANNELS)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulating(*(demo_inbox(channel) for channel in EVERY)) as running:
        running.world.automatic = False
        yield running


def known(simulator: Simulator, channel: str) -> tuple[Inbox, str]:
    """An inbox and somebody who has just written to it."""
    simulator.words(channel, "text", PEOPLE[channel], text="Hi")
    return demo_inbox(channel), PEOPLE[channel]


@pytest.mark.parametrize("channel", EVERY)
def test_a_send_is_taken_and_on_record(simulator: Simulator, channel: str) -> None:
    inbox, person = known(simulator, channel)
    buttons = (Button("Talk to a person", "/ask_for_human"), Button("Opening hours", "/hours"))

    result = send(simulator, inbox, person, "Höllo 👋", key="k1", buttons=() if channel == "x" else buttons)

    assert simulator.violations == []
    (sent,) = simulator.sent(person)
    assert result.outcome is Outcome.SENT
    assert str(result.provider_id).removeprefix(f"{person}:") == sent.provider_id
    assert (sent.text, sent.channel, sent.status) == ("Höllo 👋", channel, 201 if channel == "x" else 200)
    if channel != "x":
        assert [title for title, _ in sent.buttons] == ["Talk to a person", "Opening hours"]
    if channel in {"messenger", "whatsapp"}:
        assert sent.key == "k1"


def test_a_request_that_is_cut_within_its_body_is_none(simulator: Simulator) -> None:
    """So it goes when the product is killed between head and body; the next one is taken as ever."""
    inbox, person = known(simulator, "messenger")
    place = urlsplit(simulator.url)
    for body in (b"", b'{"recipient"'):
        with socket.create_connection((place.hostname, place.port)) as line:
            head = f"POST /graph/v26.0/1/messages HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 99\r\n\r\n"
            line.sendall(head.encode() + body)

    assert send(simulator, inbox, person, "Hello").outcome is Outcome.SENT
    assert simulator.violations == []
    assert len(simulator.sent(person)) == 1


@pytest.mark.parametrize("channel", EVERY)
def test_set_up_check_and_courtesies_are_taken(simulator: Simulator, channel: str) -> None:
    inbox, person = known(simulator, channel)
    platform = CHANNELS[channel]
    asked = [*platform.prepare(inbox, f"https://shop.example/webhooks/{channel}/51u1a700"), platform.check(inbox)]
    asked += [platform.typing(inbox, person, last="m1"), platform.seen(inbox, person, "m1")]

    answers = [call(simulator, one) for one in asked if one is not None]

    assert simulator.violations == []
    assert answers
    assert {getattr(one, "status", 0) // 100 for one in answers} == {2}
    assert simulator.sent() == []


@pytest.mark.parametrize("channel", EVERY)
def test_what_no_request_may_be_is_a_violation(simulator: Simulator, channel: str) -> None:
    inbox, person = known(simulator, channel)
    good = CHANNELS[channel].send(inbox, person, Part("k", 0, "Hello"))
    nobodys = good.path.replace("sim-bot-token", "x") if channel == "telegram" else good.path
    unknown_field = {**(good.json or {}), "surprise": 1}
    for number, bad in enumerate(
        (
            Call(good.base, nobodys, json=good.json, headers={}),
            Call(good.base, good.path, json=unknown_field, headers=good.headers),
            Call(good.base, f"{good.path}/more", json=good.json, headers=good.headers),
        ),
        start=1,
    ):
        answer = call(simulator, bad)
        assert getattr(answer, "status", 0) in {400, 401, 404}
        assert len(simulator.violations) == number
    assert simulator.sent() == []


@pytest.mark.parametrize("channel", EVERY)
def test_strangers_are_not_written_to(simulator: Simulator, channel: str) -> None:
    result = send(simulator, demo_inbox(channel), PEOPLE[channel])

    assert result.outcome not in {Outcome.SENT, Outcome.UNKNOWN}
    assert len(simulator.violations) == 1


@pytest.mark.parametrize(
    ("fixture", "outcome"),
    [
        ("messenger/api_error_190_expired", Outcome.FINAL_ACCOUNT),
        ("instagram/api_error_613_2534040_rate", Outcome.RETRY_AFTER),
        ("whatsapp/api_error_131026_undeliverable", Outcome.FINAL_PERSON),
        ("telegram/api_error_403_blocked", Outcome.FINAL_PERSON),
        ("telegram/api_error_502_html", Outcome.RETRY),
        ("x/api_error_403_cannot_dm", Outcome.FINAL_PERSON),
        ("line/api_error_429_monthly", Outcome.FINAL_ACCOUNT),
    ],
)
def test_scripted_errors_are_met_once_and_in_turn(simulator: Simulator, fixture: str, outcome: Outcome) -> None:
    inbox, person = known(simulator, fixture.partition("/")[0])
    simulator.faults.answer(inbox.channel, fixture)

    assert send(simulator, inbox, person).outcome is outcome
    assert send(simulator, inbox, person, key="again").outcome is Outcome.SENT
    assert (simulator.faults.left(), len(simulator.sent()), simulator.violations) == (0, 1, [])


def test_a_time_to_wait_is_said(simulator: Simulator) -> None:
    inbox, person = known(simulator, "telegram")
    simulator.faults.answer("telegram", "telegram/api_error_429_retry_after")

    result = send(simulator, inbox, person)

    assert (result.outcome, result.retry_after) == (Outcome.RETRY_AFTER, 14)


@pytest.mark.parametrize("channel", EVERY)
@pytest.mark.parametrize("applied", [True, False])
def test_a_dropped_connection_is_an_unknown_outcome(simulator: Simulator, channel: str, applied: bool) -> None:
    inbox, person = known(simulator, channel)
    simulator.faults.drop(channel, applied=applied)

    assert send(simulator, inbox, person).outcome is Outcome.UNKNOWN
    assert len(simulator.sent(person)) == int(applied)
    assert send(simulator, inbox, person, key="next").outcome is Outcome.SENT


def test_taken_and_answered_with_an_error(simulator: Simulator) -> None:
    inbox, person = known(simulator, "messenger")
    simulator.faults.answer("messenger", Reply(500, {"error": {"code": 1, "error_subcode": 1357046}}), applied=True)

    assert send(simulator, inbox, person).outcome is Outcome.UNKNOWN
    assert simulator.texts(person) == ["Hello"]


def test_a_held_send_is_taken_and_not_answered(simulator: Simulator) -> None:
    inbox, person = known(simulator, "messenger")
    held = simulator.faults.hold(person)
    results = []
    sending = threading.Thread(target=lambda: results.append(send(simulator, inbox, person)))
    sending.start()

    sent = simulator.until_sent(person, "Hello")
    assert (sent.status, results) == (None, [])
    held.let_go()
    sending.join(30)
    assert results[0].provider_id == sent.provider_id


@pytest.mark.parametrize("channel", ["messenger", "instagram", "whatsapp"])
def test_windows_close_when_the_clock_moves(simulator: Simulator, channel: str) -> None:
    inbox, person = known(simulator, channel)
    simulator.move_clock(timedelta(hours=25))

    assert send(simulator, inbox, person).outcome is Outcome.FINAL_WINDOW
    late = send(simulator, inbox, person, key="late", by_human=True, late=True)
    assert late.outcome is (Outcome.FINAL_WINDOW if channel == "whatsapp" else Outcome.SENT)
    simulator.move_clock(timedelta(days=7))
    assert send(simulator, inbox, person, key="later", by_human=True, late=True).outcome is Outcome.FINAL_WINDOW
    assert simulator.violations == []


def test_the_same_key_twice_is_one_message_on_line(simulator: Simulator) -> None:
    inbox, person = known(simulator, "line")

    first, second = send(simulator, inbox, person), send(simulator, inbox, person)

    assert (second.outcome, second.provider_id) == (Outcome.SENT, first.provider_id)
    assert len(simulator.sent(person)) == 1
