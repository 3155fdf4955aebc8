"""Errors over HTTP: one shape, whatever went wrong, and nothing of our insides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.testclient import TestClient

from bot.http_errors import install
from handover.errors import Taken, TooMany
from handover.meters import Meters


class Body(BaseModel):
    password: Annotated[str, Field(max_length=5)]


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install(app, meters=Meters(), max_body=200)

    @app.post("/echo")
    async def echo(body: Body) -> Body:
        return body

    @app.get("/taken")
    async def taken() -> None:
        raise Taken("Too late.", detail={"taken_by": "Ada"})

    @app.get("/busy")
    async def busy() -> None:
        raise TooMany("Slow down.", retry_after=7)

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("the password is swordfish")

    return TestClient(app, raise_server_exceptions=False)


def test_a_refusal_carries_code_message_and_detail(client: TestClient) -> None:
    answer = client.get("/taken")
    assert answer.status_code == 409
    assert answer.json() == {"code": "taken", "message": "Too late.", "detail": {"taken_by": "Ada"}}


def test_a_limit_names_the_seconds_to_wait_in_the_header_too(client: TestClient) -> None:
    answer = client.get("/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["detail"]["retry_after"] == 7


def test_a_fault_of_ours_shows_nothing(client: TestClient) -> None:
    answer = client.get("/bug")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "swordfish" not in answer.text


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', "{}", '{"password": 1}', '{"password": "too long"}'])
def test_a_body_that_does_not_parse_is_bad_input_and_never_repeated(client: TestClient, body: str) -> None:
    answer = client.post("/echo", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_input"
    assert "too long" not in answer.text


def test_an_address_that_is_not_there_and_a_method_that_is_not_taken(client: TestClient) -> None:
    assert client.get("/nowhere").json()["code"] == "not_found"
    wrong = client.delete("/taken")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


def test_a_body_that_is_too_large_is_refused_by_its_length(client: TestClient) -> None:
    answer = client.post("/echo", content=b"x" * 201)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_that_hides_its_length_is_refused_as_it_comes(client: TestClient) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 10

    answer = client.post("/echo", content=drip())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_length_that_is_no_number_is_refused(client: TestClient) -> None:
    answer = client.post("/echo", content=b"{}", headers={"content-length": "-1"})
    assert answer.status_code == 413
