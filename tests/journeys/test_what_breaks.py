"""A process dies in the middle of a turn: the customer hears honest words or gets a person, and it heals afterwards."""

from __future__ import annotations

import re

import pytest

from tests.support.model_in_thread import read_slowly
from tests.support.people import Customer
from tests.support.record import decisions
from tests.support.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

QUESTION = "How long do I have to return boots that do not fit?"
OWNED_UP = re.compile("went wrong on my side|could not answer in time", re.I)
NEXT = "How long does delivery take?"


def in_the_middle_of_an_answer(stack: Stack, customer: Customer) -> None:
    """The bot has said a first sentence and waits for its model."""
    customer.hears("bot")
    stack.model.then(read_slowly)
    customer.says(QUESTION, key="question")
    customer.waits_for("the bot writing", lambda frame: frame["type"] == "delta")


def goes_on_with_the_bot(customer: Customer) -> None:
    """Whoever has it now: the customer can go on with the bot, and is answered."""
    customer.wishes("stop_waiting")
    customer.says(NEXT)
    customer.hears("bot", "days")


def test_the_service_dies_in_a_turn_and_nothing_is_lost_or_said_twice(hurried: Stack) -> None:
    with Customer(hurried.url) as before:
        in_the_middle_of_an_answer(hurried, before)
        asked = before.lines("customer")[-1]["offset"]
        hurried.kill("service")
    hurried.model.let_go()
    hurried.model.let_go()
    hurried.start("service")
    # The page has not heard that its words arrived: it says them again, under the same id.
    with Customer(hurried.url, back=before, after=asked - 1) as customer:
        customer.sends(type="say", client_id="question", text=QUESTION)
        customer.hears_anyone()
        goes_on_with_the_bot(customer)
        lines = customer.lines()
        assert [line["offset"] for line in lines] == list(range(asked, asked + len(lines)))
        texts = [line["text"] for line in lines]
        assert texts.count(QUESTION) == 1
        about_it = texts[1 : texts.index(NEXT)]
        answered = [text for text in about_it if "30 days" in text]
        offered = [text for text in about_it if OWNED_UP.search(text)]
        assert len(answered) + len(offered) == 1


@pytest.mark.parametrize("name", ["rasa", "actions"])
def test_a_part_of_the_bot_dies_in_a_turn_and_the_customer_gets_a_person_in_time(hurried: Stack, name: str) -> None:
    with Customer(hurried.url) as customer:
        in_the_middle_of_an_answer(hurried, customer)
        hurried.kill(name)
        hurried.model.let_go()
        hurried.model.let_go()
        try:
            assert OWNED_UP.search(customer.hears("system")["text"])
            customer.sees_control("offered")
            [decision] = decisions(hurried.record, customer.conversation)
            assert decision["outcome"] == "hand_over"
            assert decision["reason"] in ("bot_failed", "bot_stalled")
            assert len(customer.lines("bot")) == 1
        finally:
            hurried.start(name)
        goes_on_with_the_bot(customer)
