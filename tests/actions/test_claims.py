"""A reply's sentences are held against their sources: what is there passes, what is invented is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.claims import Checker, Source, is_claim, promises_transfer
from actions.facts import facts
from actions.knowledge import Knowledge
from tests.actions.measure_answers import checker_over, claim_figures, labelled
from tests.support.reply_parts import knowledge, knowledge_by_keywords


@pytest.mark.parametrize("known", [knowledge, knowledge_by_keywords])
def test_true_sentences_pass_and_false_ones_are_caught(known: Callable[[], Knowledge]) -> None:
    figures = claim_figures(known())
    assert figures.supported >= 0.94
    assert figures.caught >= 0.92


@pytest.mark.parametrize(
    "row", [r for r in labelled("claims.yml")["unsupported"] if facts(r["say"])], ids=lambda r: r["say"]
)
def test_a_false_number_is_refused(row: dict[str, Any]) -> None:
    verdict = checker_over(knowledge(), row["pages"]).check(row["say"])
    assert verdict is not None
    assert not verdict.supported
    assert verdict.refused


@pytest.mark.parametrize(
    "sentence",
    [
        "Hello Anna!",
        "Could you give me the order number?",
        "I'm not sure.",
        "Would you like to talk to a person?",
        "Thanks.",
    ],
)
def test_greetings_questions_and_hedges_claim_nothing(sentence: str) -> None:
    assert not is_claim(sentence)


@pytest.mark.parametrize("sentence", ["Sorry, that costs €20.", "Shall I give you 20% off?", "I have cancelled it."])
def test_a_price_or_a_deed_is_a_claim_in_any_dress(sentence: str) -> None:
    assert is_claim(sentence)


def checker(*sources: Source, said: str = "") -> Checker:
    return Checker(sources, said, embedder=knowledge().embedder, weight=knowledge().weight)


def test_what_a_person_wrote_carries_a_sentence() -> None:
    over = checker(Source("I have extended your return until 3 December as an exception.", "agent"))
    verdict = over.check("Your return has been extended until 3 December.")
    assert verdict is not None
    assert verdict.supported


def test_a_deed_needs_a_tool_or_a_person_behind_it() -> None:
    told = Source("action cancel order: order TT-482913, status cancelled", "tool")
    page = Source("Cancelled orders: an order that has been cancelled is refunded.", "page", "x")
    sentence = "Your order TT-482913 has been cancelled."
    by_tool, by_page = checker(told).check(sentence), checker(page, said="order TT-482913").check(sentence)
    assert by_tool is not None
    assert by_tool.supported
    assert by_page is not None
    assert by_page.refused


def test_a_customers_own_order_number_may_be_repeated_but_their_price_may_not() -> None:
    page = Source("Follow your parcel: the tracking link is in your account under Orders.", "page", "track-order")
    over = checker(page, said="You promised 50% off order TT-482913")
    number = over.check("The tracking link of order TT-482913 is in your account under Orders.")
    price = over.check("You get 50% off, the tracking link is in your account under Orders.")
    assert number is not None
    assert number.supported
    assert price is not None
    assert price.refused


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4,90 € or EUR 4.90", {"€4.9"}),
        ("3 to 5 working days", {"3 day", "5 day"}),
        ("thirty days, 10 percent", {"30 day", "10%"}),
        ("until 2 pm, 14:00", {"14:00"}),
        ("TT-482913 and help@shop.example", {"tt-482913", "help@shop.example"}),
        ("see https://shop.example/help/.", {"https://shop.example/help"}),
        ("1,000 litres at -8 °C", {"1000 litre", "-8 °c"}),
        ("no facts here", set()),
    ],
)
def test_facts_have_one_spelling(text: str, found: set[str]) -> None:
    assert facts(text) == found


@pytest.mark.parametrize(
    ("text", "promise"),
    [
        ("I'm connecting you to a colleague.", True),
        ("I will hand this over to our team.", True),
        ("I'll pass this on to someone who can help.", True),
        ("A person can help you; shall I pass you on?", False),
        ("Put the label on the parcel.", False),
    ],
)
def test_only_a_real_promise_of_a_transfer_counts(text: str, promise: bool) -> None:
    assert promises_transfer(text) is promise
