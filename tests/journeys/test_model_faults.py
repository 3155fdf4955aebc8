"""The model's server misbehaves under the real openai package: each time the customer is answered in time."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import SHORT_TURN
from tests.support.people import Customer
from tests.support.record import decisions
from tests.support.scripted_llm import Cut, Endless, Garbage, Refuse, Stall, Step, answer_from
from tests.support.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

QUESTION = "How long do I have to return boots that do not fit?"
HALF = "You may return any item within 30 days of delivery"

# What the server does, and who has written the answer in the end.
FAULTS: dict[str, tuple[tuple[Step, ...], str]] = {
    "busy and says when to come back": ((Refuse(429, retry_after="0.3"),), "openai"),
    "busy for longer than there is time": ((Refuse(429, retry_after="60"),), "offline"),
    "broken once": ((Refuse(500),), "openai"),
    "broken": ((Refuse(500), Refuse(503)), "offline"),
    "silent": ((Stall(),), "offline"),
    "stalling in mid-sentence": ((Stall(HALF),), "offline"),
    "cut": ((Cut(HALF),), "offline"),
    "ended early": ((Cut(HALF, rudely=False),), "offline"),
    "speaking nonsense": ((Garbage(),), "offline"),
    "never ending": ((Endless(),), "offline"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_model_does_the_customer_has_an_answer_within_the_deadline(hurried: Stack, fault: str) -> None:
    steps, writer = FAULTS[fault]
    with Customer(hurried.url) as customer:
        customer.hears("bot")
        hurried.model.then(*steps)
        customer.says(QUESTION)
        answer = customer.hears("bot", "30 days")
        assert answer["citations"]
        customer.says("How long does delivery take?")  # and the model is asked again: one fault is no verdict
        customer.hears("bot", "days")
        failed, healed = decisions(hurried.record, customer.conversation)
        assert failed["evidence"]["provider"] == writer
        assert healed["evidence"]["provider"] == "openai"
        assert failed["seconds"] < SHORT_TURN
        assert hurried.model.left() == 0


def test_a_normal_stream_is_shown_while_it_is_written(hurried: Stack) -> None:
    with Customer(hurried.url) as customer:
        customer.hears("bot")
        hurried.model.then(answer_from)
        customer.says(QUESTION)
        piece = customer.waits_for("a piece", lambda frame: frame["type"] == "delta")
        answer = customer.hears("bot", "30 days")
        assert answer["text"].startswith(piece["text"].strip())
