"""A process dies in the middle of a turn: the customer hears honest words or gets a person, and it heals afterwards."""

from __future__ import annotations

import pytest

from tests.support.model_in_thread import read_slowly
from tests.support.people import Customer
from tests.support.record import decisions
from tests.support.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

QUESTION = "How long do I have to return boots that do not fit?"


def in_the_middle_of_an_answer(stack: Stack, customer: Customer) -> None:
    """The bot has said a first sentence and waits for its model."""
    customer.hears("bot")
    stack.model.then(read_slowly)
    customer.says(QUESTION, key="question")
    customer.waits_for("the bot writing", lambda frame: frame["type"] == "delta")


def goes_on_with_the_bot(stack: Stack, customer: Customer) -> None:
    customer.wishes("stop_waiting")
    customer.sees_control("bot")
    customer.says("How long does delivery take?")
    customer.hears("bot", "days")


def test_the_service_dies_in_a_turn_and_nothing_is_lost_or_said_twice(hurried: Stack) -> None:
    with Customer(hurried.url) as before:
        in_the_middle_of_an_answer(hurried, before)
        seen = before.lines()[-1]["offset"]
        hurried.kill("service")
    hurried.model.let_go()
    hurried.model.let_go()
    hurried.start("service")
    with Customer(hurried.url, back=before, after=seen) as customer:
        told = customer.hears("system", "passing you on")
        assert customer.welcome["control"] == "offered" or customer.sees_control("offered")
        again = customer.says(QUESTION, key="question")
        assert again["offset"] == seen
    with Customer(hurried.url, back=before, after=0) as reader:
        reader.waits_for("the last line", lambda frame: frame.get("offset") == told["offset"])
        lines = [line for line in reader.lines() if line["offset"] <= told["offset"]]
        assert [line["offset"] for line in lines] == list(range(1, told["offset"] + 1))
        assert [line["text"] for line in lines].count(QUESTION) == 1
        after = [line for line in lines if line["offset"] > seen and line["kind"] == "message"]
        assert after == []
        assert len([line for line in lines if "passing you on" in line["text"]]) == 1
        goes_on_with_the_bot(hurried, reader)


@pytest.mark.parametrize("name", ["rasa", "actions"])
def test_a_part_of_the_bot_dies_in_a_turn_and_the_customer_gets_a_person_in_time(hurried: Stack, name: str) -> None:
    with Customer(hurried.url) as customer:
        in_the_middle_of_an_answer(hurried, customer)
        hurried.kill(name)
        hurried.model.let_go()
        hurried.model.let_go()
        try:
            customer.hears("system", "passing you on")
            customer.sees_control("offered")
            [decision] = decisions(hurried.record, customer.conversation)
            assert decision["outcome"] == "hand_over"
            assert decision["reason"] in ("bot_failed", "bot_stalled")
            assert len(customer.lines("bot")) == 1
        finally:
            hurried.start(name)
        goes_on_with_the_bot(hurried, customer)
