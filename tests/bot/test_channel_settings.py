"""Settings of the channels: the platforms' own addresses unless others are given, keys that can be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, read_settings
from handover.errors import BadInput
from handover.inbox_cipher import new_key


def settings(**given: object) -> Settings:
    return read_settings(_env_file=None, **given)


def test_every_base_that_a_channel_calls_has_an_address() -> None:
    found = settings(telegram_url="http://127.0.0.1:8081/").platform_addresses()
    assert found["telegram"] == "http://127.0.0.1:8081"
    assert set(found) == {"graph", "instagram", "telegram", "telegram_file", "x", "line", "line_data"}
    assert all(url.startswith("https://") for name, url in found.items() if name != "telegram")


@pytest.mark.parametrize("name", ["graph_url", "x_url", "public_url"])
@pytest.mark.parametrize("value", ["graph.facebook.com", "ftp://graph.example", "https://"])
def test_an_address_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=name.upper()):
        settings(**{name: value})


def test_secrets_open_with_the_keys_given_or_with_one_that_is_kept(tmp_path: Path) -> None:
    first, second = new_key(), new_key()
    sealed = settings(secrets_keys=first).inbox_cipher().seal("telegram.1", {"bot_token": "t"})
    both = settings(secrets_keys=f"{second}, {first}").inbox_cipher()
    assert both.open("telegram.1", sealed) == {"bot_token": "t"}
    kept = settings(secrets_file=tmp_path / "var" / "inbox_key")
    sealed = kept.inbox_cipher().seal("x.1", {"consumer_secret": "s"})
    assert kept.inbox_cipher().open("x.1", sealed) == {"consumer_secret": "s"}
    assert (tmp_path / "var" / "inbox_key").stat().st_mode & 0o777 == 0o600


def test_replicas_with_the_same_secret_key_open_what_the_others_sealed_also_after_a_key_was_given() -> None:
    sealed = settings(secret_key="k" * 40).inbox_cipher().seal("x.1", {"consumer_secret": "s"})
    for later in (settings(secret_key="k" * 40), settings(secret_key="k" * 40, secrets_keys=new_key())):
        assert later.inbox_cipher().open("x.1", sealed) == {"consumer_secret": "s"}
    with pytest.raises(BadInput):
        settings(secret_key="j" * 40).inbox_cipher().open("x.1", sealed)


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="SECRETS_KEYS"):
        settings(secrets_keys="short").inbox_cipher()
