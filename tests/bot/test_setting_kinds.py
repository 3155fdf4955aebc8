"""What settings must be beyond a number or a text; origins are tried in test_settings."""

from __future__ import annotations

import pytest

from bot.setting_kinds import email, exact_origins, proxies


@pytest.mark.parametrize("value", ["*", "127.0.0.1", "10.0.0.0/8, ::1", "2001:db8::/32"])
def test_addresses_and_networks_of_proxies_are_taken(value: str) -> None:
    assert proxies(value) == value


@pytest.mark.parametrize("value", ["nginx", "", "10.0.0.7,", "10.0.0.300"])
def test_a_proxy_by_name_would_never_be_believed_and_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        proxies(value)


@pytest.mark.parametrize("value", ["ada", "@shop.example", "ada@"])
def test_an_email_has_two_sides(value: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        email(value)
    assert email("ada@shop.example") == "ada@shop.example"


def test_an_origin_is_one_address() -> None:
    assert exact_origins(("https://shop.example", "http://127.0.0.1:8000")) != ()
    with pytest.raises(ValueError, match="origin"):
        exact_origins(("https://*.shop.example",))
