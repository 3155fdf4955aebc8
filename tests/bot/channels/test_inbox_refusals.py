"""Inboxes over HTTP: whatever is asked for that cannot be is refused in one shape, with the field named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.inbox_wishes import LONGEST, SHORTEST_SECRET
from tests.support.inbox_house import MARK, NEEDED, House, a_body, a_house

TOO_LONG = "x" * (LONGEST + 1)


TOKEN = NEEDED["telegram"]["bot_token"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"channel": "fax"}, "channel"),
    ({"channel": "web"}, "channel"),
    ({"name": "  "}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"account": ""}, "account"),
    ({"account": "4" * 129}, "account"),
    ({"account": "47\n11"}, "account"),
    ({"secrets": {}}, "bot_token"),
    ({"secrets": {"bot_token": "   "}}, "bot_token"),
    ({"secrets": {"bot_token": None}}, "bot_token"),
    ({"secrets": {"bot_token": TOO_LONG}}, "bot_token"),
    ({"secrets": {"bot_token": f"{TOKEN}é"}}, "bot_token"),
    ({"secrets": {"bot_token": f"{TOKEN}\u200b"}}, "bot_token"),
    ({"secrets": {"bot_token": f"{TOKEN}\r\nX-Evil: 1"}}, "bot_token"),
    ({"secrets": {"bot_token": "x" * (SHORTEST_SECRET - 1)}}, "bot_token"),
    ({"secrets": {"bot_token": TOKEN, "no_such": "x"}}, "no_such"),
    ({"settings": {"verify_token": "mine"}}, "verify_token"),
    ({"settings": {"bot_token": TOKEN}}, "bot_token"),
    ({"channel": "x", "secrets": {**NEEDED["x"], "webhook_id": "12345678"}}, "webhook_id"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
async def test_what_cannot_be_is_refused_and_the_field_is_named(
    house: House, wrong: dict[str, Any], field: str
) -> None:
    answer = await house.asks("POST", "/inboxes", json=a_body() | wrong)
    body = answer.json()
    assert (answer.status_code, body["code"], body["detail"]) == (400, "bad_input", {"field": field})
    assert body["message"].endswith(".")
    assert MARK not in answer.text
    assert (await house.asks("GET", "/inboxes")).json() == []


async def test_an_account_answers_in_one_inbox_of_a_channel_only(house: House) -> None:
    first, other = await house.add(account="1"), await house.add(account="2")
    await house.add("line", account="1")
    refused = [
        await house.asks("POST", "/inboxes", json=a_body(account="1")),
        await house.asks("PATCH", f"/inboxes/{other['id']}", json={"account": "1"}),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (409, "already_there")
        assert answer.json()["detail"] == {"field": "account"}
    assert (await house.asks("PATCH", f"/inboxes/{first['id']}", json={"account": "1"})).status_code == 200


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


_KEYS = st.sampled_from(["channel", "name", "account", "settings", "secrets"])


_NAMES = st.sampled_from(["bot_token", "webhook_secret", "verify_token", "app_secret"]) | st.text(max_size=8)


_VALUES = st.none() | st.text(max_size=40) | st.just(TOO_LONG) | st.just(TOKEN)


_BODIES = _JSON | st.dictionaries(_KEYS, _JSON | st.dictionaries(_NAMES, _VALUES, max_size=4), max_size=5)


@given(bodies=st.lists(_BODIES | st.builds(lambda more: a_body() | more, st.dictionaries(_KEYS, _JSON)), max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_is_more_than_a_refusal(tmp_path_factory: pytest.TempPathFactory, bodies: list[Any]) -> None:
    async with a_house(tmp_path_factory.mktemp("fuzzed")) as house:
        added = await house.add("line")
        for body in bodies:
            for method, path in (("POST", "/inboxes"), ("PATCH", f"/inboxes/{added['id']}")):
                raw = json.dumps(body).encode()
                headers = {**house.admin, "content-type": "application/json"}
                answer = await house.asks(method, path, by=headers, content=raw)
                assert answer.status_code < 500, (method, body, answer.text)
                if answer.status_code >= 400:
                    assert answer.json().keys() <= {"code", "message", "detail"}
                    assert TOKEN not in answer.text
        assert all(one["secrets"] for one in (await house.asks("GET", "/inboxes")).json())


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b"[" * 60_000, b'{"name": "\\ud800"}', b'{"secrets": {"\\ud800": "x"}}', b"x" * 70_000],
)
async def test_what_is_no_json_is_refused_in_the_one_shape(house: House, raw: bytes) -> None:
    added = await house.add()
    for method, path in (("POST", "/inboxes"), ("PATCH", f"/inboxes/{added['id']}")):
        headers = {**house.admin, "content-type": "application/json"}
        answer = await house.asks(method, path, by=headers, content=raw)
        assert answer.status_code in (400, 413), answer.text
        assert answer.json().keys() <= {"code", "message", "detail"}
