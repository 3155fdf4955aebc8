"""Every channel of the registry against every fixture: events, signatures, answers, and whatever is wrong with them.

What a fixture means stands in tests/fixtures/channels/index.json. A channel added to the registry is tested here by
its rows alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.channel import Answer, Arrived, Channel, Event, EventKind, Unanswered
from bot.channels.registry import CHANNELS
from handover.errors import BadInput
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.spoilt_json import FIXTURES, ruined, spoilt, written

ROWS: list[dict[str, Any]] = json.loads((FIXTURES / "index.json").read_text(encoding="utf-8"))
VECTORS: list[dict[str, Any]] = json.loads((FIXTURES / "signature_vectors.json").read_text(encoding="utf-8"))["vectors"]
SIGNED = [vector for vector in VECTORS if vector["valid"] and vector["headers"]]
WEBHOOKS = [row for row in ROWS if row["format"] == "webhook"]
ANSWERS = [row for row in ROWS if row["format"] == "api_response"]
SIGNING = {"telegram": "webhook_secret", "x": "consumer_secret", "line": "channel_secret"}  # the rest: app_secret
ALIKE = {"voice": "audio", "story_mention": "story", "link": "share"}  # the index is finer than our kinds

# What the index says in prose, in our words. A sentence with more than one is finer in one channel than in another.
OUTCOMES: dict[str, set[Outcome]] = {
    "sent": {Outcome.SENT},
    "treat as sent": {Outcome.SENT},
    "retry with backoff": {Outcome.RETRY, Outcome.RETRY_AFTER},  # the platform's own time, where it tells one
    "retry with backoff, whole number": {Outcome.RETRY, Outcome.RETRY_AFTER},
    "retry after 4^n s, n from 0, this recipient only": {Outcome.RETRY, Outcome.RETRY_AFTER},
    "retry after 14 s": {Outcome.RETRY_AFTER},
    "retry at x-rate-limit-reset": {Outcome.RETRY_AFTER},
    "final": {Outcome.FINAL_MESSAGE, Outcome.FINAL_PERSON},
    "final: our bug": {Outcome.FINAL_MESSAGE},
    "final: window closed": {Outcome.FINAL_WINDOW},
    "final: window closed; keep for a human with HUMAN_AGENT or drop": {Outcome.FINAL_WINDOW},
    "final: only a template may follow": {Outcome.FINAL_WINDOW},
    "final until control returns; not the closed window": {Outcome.FINAL_THREAD},
    "final for this person": {Outcome.FINAL_PERSON},
    "final for this chat": {Outcome.FINAL_PERSON},
    "final: pause the channel, alert; keep queued messages": {Outcome.FINAL_ACCOUNT},
    "final until the quota is raised": {Outcome.FINAL_ACCOUNT},
    # We never send markup, never a reply token, and never speak in a group by ourselves.
    "retry once without parse_mode": {Outcome.FINAL_MESSAGE},
    "fall back to push (costs quota)": {Outcome.FINAL_MESSAGE},
    "resend once to the new id": {Outcome.FINAL_PERSON},
}


def content(row: Mapping[str, Any]) -> Any:
    return json.loads((FIXTURES / row["file"]).read_text(encoding="utf-8"))


def inbox_of(channel: str, secret: str) -> Inbox:
    secrets = {SIGNING.get(channel, "app_secret"): secret}
    return Inbox(id=f"{channel}.00000001", channel=channel, name="Shop", account="1", secrets=secrets)


def parse(channel: Channel, value: Any) -> list[Event]:
    return channel.parse(written(value), {})


def named(row: Mapping[str, Any]) -> str:
    return str(row["file"]).removesuffix(".json")


def found(event: Event, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What ``event`` says to each question that the index asks, in the index's words."""
    told = {
        "kind": event.kind.value,
        "user": event.person,
        "id": expected.get("id") if expected.get("id") in {event.key, event.id, event.target} else event.key,
        "thread": event.thread,
        "connection": (event.thread or "").removeprefix("business:"),
        "callback_id": (event.id or "").removeprefix("callback:"),
        "attachments": [one.kind for one in event.attachments],
        "command": event.action,
        "metadata": event.correlation,
        "alt_user": expected.get("alt_user") if expected.get("alt_user") in event.aliases else event.aliases,
        "new_user": expected.get("new_user") if expected.get("new_user") in event.aliases else event.aliases,
        "targets": list(event.targets),
        "code": int(event.code) if event.code else None,
    }
    return {name: told[name] if name in told else getattr(event, name) for name in expected}


# The index's words for what our event keeps only in ``raw`` or ``note``.
_IN_RAW = {"ref", "new_owner", "requested_by", "previous_owner"}


def asked(expected: Mapping[str, Any]) -> dict[str, Any]:
    """The questions of the index that are ours to answer; an id that must be derived is not among them."""
    questions = {name: value for name, value in expected.items() if name not in _IN_RAW}
    if questions["id"] is None:
        del questions["id"]
    if "attachments" in questions:
        questions["attachments"] = [ALIKE.get(kind, kind) for kind in questions["attachments"]]
    if questions.get("status") == "played":
        questions["status"] = "read"  # who has heard a voice note has read it
    if questions.get("payload") == "json":
        del questions["payload"]
    return questions


@pytest.mark.parametrize("row", WEBHOOKS, ids=named)
def test_every_webhook_gives_its_events(row: dict[str, Any]) -> None:
    events = parse(CHANNELS[row["channel"]], content(row))
    questions = [asked(expected) for expected in row["expect"]["events"]]
    assert [found(event, wanted) for event, wanted in zip(events, questions, strict=True)] == questions


@pytest.mark.parametrize("row", WEBHOOKS, ids=named)
def test_every_event_has_a_key_that_is_the_same_when_it_comes_again(row: dict[str, Any]) -> None:
    once, again = (parse(CHANNELS[row["channel"]], content(row)) for _ in range(2))
    assert [event.key for event in once] == [event.key for event in again]
    assert all(0 < len(event.key) <= 200 for event in once)
    given_keys = [expected["id"] for expected in row["expect"]["events"]]
    if row["channel"] in {"telegram", "line", "x"}:
        assert all(key in {None, event.key} for key, event in zip(given_keys, once, strict=True))


def test_no_two_fixtures_are_the_same_event() -> None:
    for name, channel in CHANNELS.items():
        keys = [event.key for row in WEBHOOKS if row["channel"] == name for event in parse(channel, content(row))]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_signature_vector(vector: dict[str, Any]) -> None:
    channel, inbox = CHANNELS[vector["channel"]], inbox_of(vector["channel"], vector["secret"])
    if token := vector.get("crc_token"):
        answer = channel.handshake(inbox, Arrived(b"", {}, {"crc_token": token}))
        assert answer.ours
        assert json.loads(answer.body) == {"response_token": vector["expected_response_token"]}
        return
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    arrived = Arrived(base64.b64decode(vector["body_base64"]), headers, {})
    assert channel.verify(inbox, arrived) is vector["valid"]


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if one["valid"] and one["headers"]], ids=lambda one: one["name"]
)
@pytest.mark.parametrize("wrong", ["", "x", "sha256=", "sha256=ü", "ü" * 64, "\ud800", "0" * 64, "sha256=" + "0" * 64])
def test_no_other_signature_is_taken(vector: dict[str, Any], wrong: str) -> None:
    channel, inbox = CHANNELS[vector["channel"]], inbox_of(vector["channel"], vector["secret"])
    body, headers = (
        base64.b64decode(vector["body_base64"]),
        {name.lower(): value for name, value in vector["headers"].items()},
    )
    spoilt_headers = dict.fromkeys(headers, wrong)
    assert not channel.verify(inbox, Arrived(body, spoilt_headers, {}))
    assert not channel.verify(inbox_of(vector["channel"], ""), Arrived(body, headers, {}))
    assert not channel.verify(inbox_of(vector["channel"], ""), Arrived(body, dict.fromkeys(headers, ""), {}))
    if vector["channel"] != "telegram":  # a shared word says nothing about the bytes
        assert not channel.verify(inbox, Arrived(body + b" ", headers, {}))


@pytest.mark.parametrize("row", ANSWERS, ids=named)
def test_every_answer_is_classified(row: dict[str, Any]) -> None:
    told = content(row)
    headers = {name.lower(): value for name, value in told["headers"].items()}
    result = CHANNELS[row["channel"]].result(
        Answer(told["status"], headers, told.get("body"), told.get("body_raw", ""))
    )
    assert result.outcome in OUTCOMES[row["expect"]["outcome"]]
    if result.outcome is Outcome.RETRY_AFTER:
        assert result.retry_after is not None
        assert result.retry_after > 0
    if result.outcome.value.startswith("final"):
        assert result.note
        assert result.todo


@pytest.mark.parametrize("name", CHANNELS)
def test_no_answer_is_unknown_only_when_something_was_written(name: str) -> None:
    assert CHANNELS[name].result(Unanswered(written=True, why="timed out")).outcome is Outcome.UNKNOWN
    assert CHANNELS[name].result(Unanswered(written=False, why="refused")).outcome is Outcome.RETRY


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("body", [None, [], {}, "x", 7, {"error": []}, {"ok": "yes"}, {"sentMessages": [None]}])
@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504])
def test_any_answer_is_classified(name: str, body: Any, status: int) -> None:
    result = CHANNELS[name].result(Answer(status, {}, body))
    assert result.outcome in Outcome
    if status in {500, 502, 503}:
        assert result.outcome in {Outcome.RETRY, Outcome.UNKNOWN}
    if status == 400:
        assert result.outcome not in {Outcome.SENT, Outcome.UNKNOWN}


@pytest.mark.parametrize("row", WEBHOOKS, ids=named)
def test_a_wrong_type_anywhere_crashes_nothing(row: dict[str, Any]) -> None:
    channel = CHANNELS[row["channel"]]
    for value in spoilt(content(row)):
        try:
            events = parse(channel, value)
        except BadInput:
            continue
        assert all(event.key and isinstance(event.kind, EventKind) for event in events)
        json.dumps([dict(event.raw) for event in events], allow_nan=False).encode()


@pytest.mark.parametrize("name", CHANNELS)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_ruined_webhooks_crash_nothing(name: str, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([row for row in WEBHOOKS if row["channel"] == name]))
    value = data.draw(ruined(content(row)))
    try:
        parse(CHANNELS[name], value)
    except BadInput:
        assert True


# Where a platform puts several events into one webhook; Telegram posts one at a time.
_VALUE = ("entry", "0", "changes", "0", "value")
LISTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "messenger": (("entry", "0", "messaging"), ("entry", "0", "standby"), ("entry",)),
    "instagram": (("entry", "0", "messaging"), ("entry", "0", "standby"), ("entry",)),
    "whatsapp": ((*_VALUE, "messages"), (*_VALUE, "statuses"), ("entry", "0", "changes"), ("entry",)),
    "line": (("events",),),
    "x": (
        ("direct_message_events",),
        ("direct_message_indicate_typing_events",),
        ("direct_message_mark_read_events",),
    ),
}
PLAIN = {"messenger": "text", "instagram": "text", "whatsapp": "text", "line": "text", "x": "aaa_direct_message"}
TOGETHER = [(row, path) for row in WEBHOOKS for path in LISTS.get(row["channel"], ())]


def items_at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """The list at ``path``, made where only its holder is there; [] when there is no such place."""
    *way, last = path
    for step in way:
        if step.isdigit():
            value = value[int(step)] if isinstance(value, list) and value else {}
        else:
            value = value.get(step, {})
    found = value.setdefault(last, [])
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("row", "path"), TOGETHER, ids=lambda part: named(part) if isinstance(part, dict) else part[-1]
)
def test_a_broken_event_loses_no_healthy_neighbour(row: dict[str, Any], path: tuple[str, ...]) -> None:
    """Whatever is wrong with this fixture's event, the plain messages before and after it in the webhook are read."""
    name = row["channel"]
    channel, events = CHANNELS[name], items_at(content(row), path)
    plain = json.loads((FIXTURES / name / f"{PLAIN[name]}.json").read_text(encoding="utf-8"))
    [words] = [event.text for event in parse(channel, plain)]
    beside = items_at(plain, path)
    healthy = json.dumps(beside)
    others = len(parse(channel, plain)) - len(beside)  # those that stand at another place of the same webhook
    for wrong in spoilt({"event": events[0]}) if events else ():
        beside[:] = [*json.loads(healthy), wrong["event"], *json.loads(healthy)]
        told = [event for event in parse(channel, plain) if event.kind is EventKind.MESSAGE and event.text == words]
        assert len(told) >= 2 * len(json.loads(healthy)) + others


def test_every_channel_says_what_it_can() -> None:
    for name, channel in CHANNELS.items():
        ability = channel.ability
        assert channel.name == name
        assert ability.unit in {"characters", "utf16", "bytes"}
        assert ability.limit > 0
        assert len({one.name for one in ability.fields}) == len(ability.fields)
        assert all(one.label and one.help for one in ability.fields)
        assert any(one.secret for one in ability.fields)
        assert all("/" not in host and ":" not in host for host in ability.media_hosts)
