"""Facts as customers write them."""

import pytest

from actions import customer_facts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("TT-482913", "TT-482913"),
        ("tt 482913", "TT-482913"),
        ("tt482913", "TT-482913"),
        ("T T 482913", "TT-482913"),
        ("#482913", "TT-482913"),
        ("482913", "TT-482913"),
        ("482 913", "TT-482913"),
        ("4 8 2 9 1 3", "TT-482913"),
        ("my order is tt–482913, thanks", "TT-482913"),
        ("order no. 482913 please", "TT-482913"),
        ("number: 482913", "TT-482913"),
        ("48291", None),
        ("4829133", None),
        ("I don't know it", None),
        ("", None),
        ("call me on +31 6 12345678", None),
    ],
)
def test_an_order_number_is_read_as_people_write_it(written: str, read: str | None) -> None:
    assert customer_facts.order_number(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Anna.Berg@Example.com", "anna.berg@example.com"),
        ("it's anna.berg@example.com.", "anna.berg@example.com"),
        ("anna dot berg at example dot com", "anna.berg@example.com"),
        ("anna.berg (at) example (dot) com", "anna.berg@example.com"),
        ("anna.berg@ example.com", "anna.berg@example.com"),
        ("anna underscore b at mail minus house dot co dot uk", "anna_b@mail-house.co.uk"),
        ("anna+shop@example.co.uk", "anna+shop@example.co.uk"),
        ("anna@example", None),
        ("look at this", None),
        ("", None),
    ],
)
def test_an_e_mail_address_is_read_typed_or_spelled(written: str, read: str | None) -> None:
    assert customer_facts.email(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3511ab", "3511 AB"),
        ("3511 AB Utrecht", "3511 AB"),
        ("s118yl", "S11 8YL"),
        ("EH1 2NG", "EH1 2NG"),
        ("la9 4qd", "LA9 4QD"),
        ("79098", "79098"),
        ("8000", "8000"),
        ("602 00", "60200"),
        ("4050-262", "4050-262"),
        ("30-001", "30-001"),
        ("it is 38122", "38122"),
        ("D02 AF30", "D02 AF30"),
        ("H91 E6K2", "H91 E6K2"),
        ("12", None),
        ("Utrecht", None),
    ],
)
def test_a_postcode_is_read_for_the_countries_delivered_to(written: str, read: str | None) -> None:
    assert customer_facts.postcode(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Lindenstraat 12", "Lindenstraat 12"),
        ("  4  Mill Lane. ", "4 Mill Lane"),
        ("Keizersgracht 301, 1016 EE Amsterdam", "Keizersgracht 301"),
        ("Lindenstraat", None),
        ("12", None),
        ("how much is delivery to street 5?", None),
    ],
)
def test_a_street_needs_a_house_number(written: str, read: str | None) -> None:
    assert customer_facts.street(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [("Utrecht", "Utrecht"), ("3511 AB Utrecht", "Utrecht"), ("Den Haag", "Den Haag"), ("Ghent 4", None), ("?", None)],
)
def test_a_town_is_letters_only(written: str, read: str | None) -> None:
    assert customer_facts.city(written) == read
