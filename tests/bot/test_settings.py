"""Settings: typed, explained, and refused at start when they cannot be honoured."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings, as_lines, read_settings
from handover.errors import BadInput


def _read(**given: Any) -> Settings:
    return read_settings(_env_file=None, **given)


def test_every_setting_has_a_name_a_default_and_one_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert not field.is_required(), name


def test_it_starts_with_no_setting_at_all() -> None:
    assert _read().port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "eight"),
        ("TURN_SECONDS", "0"),
        ("PUBLIC_ORIGINS", "*"),
        ("PUBLIC_ORIGINS", "https://*.shop.example"),
        ("PUBLIC_ORIGINS", "https://shop.example/"),
        ("PUBLIC_ORIGINS", "shop.example"),
        ("PUBLIC_ORIGINS", "https://shop.example,null"),
        ("PUBLIC_ORIGINS", "https://SHOP.example"),
        ("PUBLIC_ORIGINS", "https://me@shop.example"),
        ("RASA_URL", "rasa:5005"),
        ("SECRET_KEY", "short"),
        ("DEMO_PASSWORD", "short"),
        ("GREETING", "Hello {name}"),
        ("GREETING", "Hello {"),
        ("LLM_PROVIDER", "magic"),
        ("LLM_PROVIDER", "openai"),
        ("FORWARDED_ALLOW_IPS", "nginx"),
        ("ADMIN_EMAIL", "ada"),
        ("SWITCHBOARD_PORT", "8000"),
        ("DEMO", "perhaps"),
    ],
)
def test_a_value_that_cannot_be_honoured_is_an_error_that_names_the_option(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=name):
        _read()


def test_the_refusal_says_what_the_option_is_for_and_what_is_usual() -> None:
    with pytest.raises(BadInput) as refused:
        _read(port="eight", secret_key="short")
    assert "PORT: must be a valid integer" in refused.value.message
    assert "Port the service listens on. Usually 8000." in refused.value.message
    assert "SECRET_KEY: must have at least 32 characters" in refused.value.message
    assert "Value error" not in refused.value.message


def test_a_key_file_that_holds_no_key_is_refused_with_its_option(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"nonsense", b""):
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(BadInput, match="SECRETS_FILE"):
            _read(secrets_file=tmp_path / "key").inbox_cipher()


def test_replicas_that_would_sign_with_different_keys_refuse_to_start() -> None:
    with pytest.raises(BadInput, match="SECRET_KEY"):
        _read(redis_url="redis://127.0.0.1/0")


def test_printing_settings_shows_no_secret() -> None:
    settings = _read(
        secret_key="s" * 40, demo_password="pass-word-1", rasa_token="rasa-token-1", internal_token="inner-1",
        database_url="postgresql+asyncpg://me:open-sesame@db/x", openai_api_key="sk-1234",
    )  # fmt: skip
    printed = "\n".join(as_lines(settings)) + repr(settings)
    for secret in ("s" * 40, "pass-word-1", "rasa-token-1", "inner-1", "sk-1234"):
        assert secret not in printed
    assert "open-sesame" not in "\n".join(as_lines(settings))


def test_without_a_secret_key_one_is_made_once_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    settings = _read(secret_file=tmp_path / "deep" / "secret")
    assert settings.signing_secret() == settings.signing_secret()
    assert len(settings.signing_secret()) >= 32
    assert stat.S_IMODE((tmp_path / "deep" / "secret").stat().st_mode) == 0o600


def test_an_empty_secret_file_is_refused_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    with pytest.raises(BadInput, match="secret"):
        _read(secret_file=tmp_path / "secret").signing_secret()


def test_without_public_origins_only_the_own_address_is_allowed() -> None:
    assert _read(port=8123).origins() == {"http://127.0.0.1:8123", "http://localhost:8123"}
    assert _read(public_origins="https://a.example, https://b.example").origins() == {
        "https://a.example",
        "https://b.example",
    }


def test_the_greeting_says_that_an_ai_speaks() -> None:
    greeting = _read().greeting_text()
    assert "automated assistant" in greeting
    assert "AI" in greeting
    assert "Tarn & Trail" in greeting
