"""Webhooks of the simulator verify and parse with the product's channels into the events that were meant."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from bot.channels.channel import Arrived, Event, EventKind
from bot.channels.registry import CHANNELS
from tests.sim.accounts import demo_inbox
from tests.sim.calls import FIXTURES, Told
from tests.sim.driver import Simulator, simulating
from tests.sim.product_side import PEOPLE, call, send
from tests.sim.receiving import Receiver, receiving
from tests.sim.world import NotThere

EVERY = sorted(CHANNELS)
ROWS = [row for row in json.loads((FIXTURES / "index.json").read_text()) if row["format"] == "webhook"]
KINDS = {
    "text": EventKind.MESSAGE,
    "postback": EventKind.POSTBACK,
    "attachment": EventKind.MESSAGE,
    "edit": EventKind.EDIT,
    "delete": EventKind.DELETE,
    "reaction": EventKind.REACTION,
    "echo": EventKind.ECHO,
    "delivered": EventKind.DELIVERY,
    "read": EventKind.READ,
    "block": EventKind.SUBSCRIPTION,
}
NEVER = {
    "messenger": {"delete", "block"},
    "instagram": {"delivered", "block"},
    "whatsapp": {"block"},
    "telegram": {"delete", "echo", "delivered", "read"},
    "x": {"postback", "attachment", "edit", "delete", "reaction", "delivered", "block"},
    "line": {"reaction", "echo", "delivered", "read"},
}


@pytest.fixture
def both() -> Iterator[tuple[Simulator, Receiver]]:
    inboxes = [demo_inbox(channel) for channel in EVERY]
    with simulating(*inboxes) as simulator, receiving(*inboxes) as receiver:
        simulator.serve(receiver.url)
        yield simulator, receiver


@pytest.fixture(scope="module")
def writing() -> Iterator[Simulator]:
    with simulating(*(demo_inbox(channel) for channel in EVERY)) as simulator:
        yield simulator


def tell(simulator: Simulator, channel: str, kind: str) -> None:
    """One event of ``kind``."""
    person = PEOPLE[channel]
    if kind == "attachment":
        simulator.sends_file(channel, person, b"bytes", media_type="image/jpeg")
        return
    payload = {"payload": "/hours"} if kind == "postback" else {}
    emoji = {"emoji": "👍"} if kind == "reaction" else {}
    simulator.tell(
        channel, kind, person, text="Grüße", target=simulator.platforms[channel].new_id(), **payload, **emoji
    )


@pytest.mark.parametrize("channel", EVERY)
def test_every_kind_is_read_as_what_it_is(both: tuple[Simulator, Receiver], channel: str) -> None:
    simulator, receiver = both
    for kind, expected in KINDS.items():
        if kind in NEVER[channel]:
            with pytest.raises(NotThere):
                tell(simulator, channel, kind)
            continue
        receiver.events.clear()
        tell(simulator, channel, kind)
        (event,) = receiver.events
        status = channel == "whatsapp" and kind in {"delivered", "read"}
        if kind == "postback":
            assert event.payload == "/hours"
        pressed = channel == "whatsapp" and kind == "postback"  # a message that carries what was pressed
        meant = EventKind.STATUS if status else EventKind.MESSAGE if pressed else expected
        assert event.kind is meant, kind
        assert event.person == PEOPLE[channel]
        assert event.account in {"", demo_inbox(channel).account}
        if kind in {"text", "edit", "echo"}:
            assert event.text == "Grüße"
    assert simulator.violations == []


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_every_fixture_is_vouched_for_and_ours(writing: Simulator, row: dict[str, str]) -> None:
    inbox = demo_inbox(row["channel"])
    channel = CHANNELS[inbox.channel]
    for now in (False, True):
        hook = writing.fixture(row["file"], now=now)
        headers = {name.lower(): value for name, value in hook.headers.items()}
        assert channel.verify(inbox, Arrived(hook.body, headers, {}))
        events = channel.parse(hook.body, headers)
        assert {event.account for event in events} <= {"", inbox.account}
        assert all(event.kind is not EventKind.ERROR for event in events) or "error" in str(row["expect"])


@pytest.mark.parametrize("channel", ["messenger", "instagram", "whatsapp", "x"])
def test_the_handshake_is_asked_and_checked(both: tuple[Simulator, Receiver], channel: str) -> None:
    simulator, _ = both

    assert simulator.handshake(channel)
    simulator.world.accounts.of(channel).secrets["consumer_secret"] = "another"
    simulator.world.accounts.of(channel).settings["verify_token"] = "another"
    assert not simulator.handshake(channel)


@pytest.mark.parametrize("channel", EVERY)
def test_what_follows_a_send_comes_by_itself(both: tuple[Simulator, Receiver], channel: str) -> None:
    simulator, receiver = both
    person = PEOPLE[channel]
    simulator.says(channel, person, "Hi")
    receiver.events.clear()

    result = send(simulator, demo_inbox(channel), person, "Hello", key="k7")
    simulator.quiet()

    told = [(event.kind, event.status) for event in receiver.events]
    assert told == {
        "messenger": [(EventKind.ECHO, None), (EventKind.DELIVERY, None)],
        "instagram": [(EventKind.ECHO, None)],
        "whatsapp": [(EventKind.STATUS, "sent"), (EventKind.STATUS, "delivered")],
        "x": [(EventKind.ECHO, None)],
    }.get(channel, [])
    for event in receiver.events:
        assert result.provider_id in {event.id, event.target, *event.targets}
        if channel in {"messenger", "whatsapp"} and event.kind is not EventKind.DELIVERY:
            assert event.correlation == "k7"


def test_the_echo_comes_while_the_send_is_held(both: tuple[Simulator, Receiver]) -> None:
    simulator, receiver = both
    person = PEOPLE["messenger"]
    simulator.says("messenger", person, "Hi")
    held = simulator.faults.hold(person)
    seen: list[tuple[Told, Event]] = []

    def echoed() -> bool:
        echoes = [event for event in receiver.events if event.kind is EventKind.ECHO]
        if echoes:
            seen.append((simulator.sent(person)[0], echoes[0]))
            held.let_go()
        return bool(echoes)

    sending = threading.Thread(target=send, args=(simulator, demo_inbox("messenger"), person))
    sending.start()
    simulator.until(echoed, "the echo")
    sending.join(30)
    (told, echo) = seen[0]
    assert (told.status, echo.id) == (200, told.provider_id) or told.status is None


@pytest.mark.parametrize("channel", EVERY)
def test_batches_duplicates_and_any_order(both: tuple[Simulator, Receiver], channel: str) -> None:
    simulator, receiver = both
    written = [simulator.words(channel, "text", PEOPLE[channel], text=f"word {number}") for number in range(300)]
    hooks = simulator.hooks(channel, [event for _, event in written])
    assert len(hooks) == (300 if channel == "telegram" else 1)
    again = [*hooks, *hooks]
    random.Random(5).shuffle(again)

    simulator.deliver_all(again)

    read = [event for event in receiver.events if event.kind is EventKind.MESSAGE]
    assert len(read) == 600
    assert {event.text for event in read} == {said.text for said, _ in written}
    assert len({event.key for event in read}) == 300
    assert {receiver.bodies.count(hook.body) for hook in hooks} == {2}


def test_what_is_not_taken_comes_again(both: tuple[Simulator, Receiver]) -> None:
    simulator, receiver = both
    receiver.statuses = [503, 500]

    simulator.says("line", PEOPLE["line"], "Hi")

    assert [event.text for event in receiver.events] == ["Hi"]
    assert simulator.violations == []


def test_a_moved_clock_stands_in_what_is_written(both: tuple[Simulator, Receiver]) -> None:
    simulator, receiver = both
    first = simulator.says("x", PEOPLE["x"], "before")
    simulator.move_clock(timedelta(hours=30))
    second = simulator.says("x", PEOPLE["x"], "after")

    assert [event.at for event in receiver.events] == [first.at, second.at]
    assert second.at - first.at >= timedelta(hours=30)


def test_files_are_there_to_fetch(both: tuple[Simulator, Receiver]) -> None:
    simulator, receiver = both
    for channel in ("messenger", "telegram", "line", "whatsapp"):
        receiver.events.clear()
        simulator.sends_file(channel, PEOPLE[channel], b"\xff\xd8 picture", media_type="image/jpeg")
        (attachment,) = receiver.events[0].attachments
        inbox, platform = demo_inbox(channel), CHANNELS[channel]
        where = platform.locate(inbox, attachment)
        if where is None:
            address, headers = str(attachment.url), {}
        elif hasattr(where, "address"):
            address, headers = where.address, where.headers
        else:
            located = platform.located(inbox, call(simulator, where))
            assert located is not None
            address, headers = located
        for base in ("telegram_file", "line_data"):
            address = address.replace(f"{base}:/", f"{simulator.url}/{base}/")
        got = httpx2.get(address, headers=dict(headers), trust_env=False, verify=False)
        assert (got.status_code, got.content) == (200, b"\xff\xd8 picture"), channel
    assert simulator.violations == []
