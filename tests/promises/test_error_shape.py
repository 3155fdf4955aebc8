"""Every route and both sockets answer errors in the one shape: {code, message, detail?}."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.support.service import Service, bearer, running_service
from tests.support.talking import page

# A frame's error carries what a page needs beside the three.
FRAME_EXTRAS = {"type", "retry_after", "client_id", "conversation", "missed"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path, tries_per_address=10_000, tries_per_email=10_000) as running:
        yield running


def assert_canonical_error(body: Any, extras: frozenset[str] | set[str] = frozenset()) -> None:
    assert isinstance(body, dict), body
    assert {"code", "message"} <= set(body), body
    assert set(body) <= {"code", "message", "detail"} | extras, body
    assert isinstance(body["code"], str)
    assert body["code"] == body["code"].lower()
    assert isinstance(body["message"], str)
    assert len(body["message"]) > 5


async def _routes(service: Service) -> list[tuple[str, str]]:
    schema = (await service.http.get("/openapi.json")).json()
    return [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]


async def test_every_route_refuses_strangers_and_nonsense_in_the_one_shape(service: Service) -> None:
    routes = await _routes(service)
    assert len(routes) >= 12
    token = bearer(await service.sign_in())
    for method, path in routes:
        address = path.replace("{conversation}", "none").replace("{agent}", "none")
        for headers in ({}, token):
            for body in (b"", b'{"a": "\\ud800"}', b"\xff\xfe"):
                if (method, path) == ("POST", "/api/v1/logout") and headers is token:
                    continue
                answer = await service.http.request(
                    method, address, content=body, headers={**headers, "content-type": "application/json"}
                )
                assert answer.status_code < 500 or path == "/readyz", (method, path, answer.text)
                if answer.status_code >= 400 and path != "/readyz":
                    assert_canonical_error(answer.json())
    for method, path in (("GET", "/nowhere"), ("TRACE", "/"), ("PUT", "/api/v1/login"), ("GET", "/ws/customer")):
        assert_canonical_error((await service.http.request(method, path)).json())


async def test_no_route_of_the_api_but_sign_in_is_open_to_strangers(service: Service) -> None:
    for method, path in await _routes(service):
        if not path.startswith("/api/") or path == "/api/v1/login":
            continue
        address = path.replace("{conversation}", "none").replace("{agent}", "none")
        good = {"present": "12345678", "new": "12345678", "email": "a@b.example", "name": "A", "password": "12345678"}
        good |= {"channel": "telegram", "account": "1", "with": "none"}
        wanted = {
            "/api/v1/me/password": ("present", "new"),
            "/api/v1/agents": ("email", "name", "password"),
            "/api/v1/inboxes": ("channel", "name", "account"),
            "/api/v1/customers/{customer}/join": ("with",),
        }
        body = {key: good[key] for key in wanted.get(path, ())}
        answer = await service.http.request(method, address, json=body)
        assert answer.status_code == 401, (method, path, answer.text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
)

_FIELDS = (
    "email",
    "name",
    "password",
    "role",
    "capacity",
    "disabled",
    "present",
    "new",
    "skills",
    "teams",
    "languages",
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=_json
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(_FIELDS, _json),
    ),
    where=st.sampled_from(["/api/v1/login", "/api/v1/agents", "/api/v1/me/password"]),
)
async def test_no_body_whatsoever_is_an_internal_error(service: Service, body: Any, where: str) -> None:
    admin = service.tokens.get("admin@example.com") or await service.sign_in()
    headers = {**bearer(admin), "content-type": "application/json"}
    answer = await service.http.post(where, content=json.dumps(body).encode(), headers=headers)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert_canonical_error(answer.json())


async def test_both_sockets_answer_errors_in_the_one_shape(service: Service) -> None:
    token = await service.sign_in()
    async with service.new_customer() as (customer, _), service.console(token, online=False) as console:
        for peer in (customer, console):
            for raw in ("nonsense", "{}", '{"type":"x"}', '{"type":"hello","after":-1}'):
                await peer.sends_raw(raw)
                assert_canonical_error(await peer.hears("error"), FRAME_EXTRAS)


@pytest.mark.parametrize("path", ["/ws/customer", "/ws/agent"])
async def test_every_socket_checks_where_the_page_comes_from_and_says_so_in_the_one_shape(
    service: Service, path: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with page(service.address, path, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    assert_canonical_error(json.loads(refused.value.response.body or b"null"))
