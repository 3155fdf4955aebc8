"""The action server's settings work with no key, and a wrong one is named."""

from __future__ import annotations

import pytest

from actions.settings import BadSetting, settings_from_env


@pytest.mark.parametrize(
    ("env", "provider"),
    [
        ({}, "offline"),
        ({"OPENAI_API_KEY": "k"}, "openai"),
        ({"OPENAI_BASE_URL": "http://localhost:1/v1"}, "openai"),
        ({"OPENAI_API_KEY": "k", "LLM_PROVIDER": "offline"}, "offline"),
        ({"OPENAI_API_KEY": "", "LLM_PROVIDER": "auto"}, "offline"),
    ],
)
def test_the_provider_follows_from_what_is_given(env: dict[str, str], provider: str) -> None:
    assert settings_from_env(env).provider == provider


@pytest.mark.parametrize("env", [{"LLM_PROVIDER": "magic"}, {"LLM_PROVIDER": "openai"}])
def test_a_setting_that_cannot_work_is_named(env: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="LLM_PROVIDER"):
        settings_from_env(env)


def test_a_key_never_shows_in_what_may_be_logged() -> None:
    settings = settings_from_env({"OPENAI_API_KEY": "very-secret", "INTERNAL_TOKEN": "also-secret"})
    assert "secret" not in repr(settings) + settings.describe()
