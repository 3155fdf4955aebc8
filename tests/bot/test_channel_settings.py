"""Settings of the channels: the platforms' own addresses unless others are given, keys that can be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.registry import CHANNELS, addresses_of
from bot.settings import Settings, read_settings
from handover.errors import BadInput
from handover.inbox_cipher import new_key


def settings(**given: object) -> Settings:
    return read_settings(_env_file=None, **given)


def test_every_base_that_a_channel_calls_has_an_address_and_another_may_be_given() -> None:
    given = settings(platform_urls="telegram=http://127.0.0.1:8081/, line = http://127.0.0.1:8082").platform_urls
    assert given == {"telegram": "http://127.0.0.1:8081", "line": "http://127.0.0.1:8082"}
    found = addresses_of(CHANNELS, given)
    assert found["telegram"] == "http://127.0.0.1:8081"
    assert set(found) == {"graph", "instagram", "telegram", "telegram_file", "x", "line", "line_data"}
    assert all(url.startswith("https://") for name, url in found.items() if name not in given)


def test_a_name_that_no_channel_uses_is_an_error_that_names_the_option() -> None:
    with pytest.raises(BadInput, match="PLATFORM_URLS: telegramm"):
        addresses_of(CHANNELS, {"telegramm": "http://127.0.0.1:8081"})


@pytest.mark.parametrize("value", ["graph.facebook.com", "ftp://graph.example", "https://"])
def test_an_address_that_is_none_is_named(value: str) -> None:
    with pytest.raises(BadInput, match="PUBLIC_URL"):
        settings(public_url=value)
    for pairs in (f"graph={value}", value, "=http://127.0.0.1"):
        with pytest.raises(BadInput, match="PLATFORM_URLS"):
            settings(platform_urls=pairs)


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
