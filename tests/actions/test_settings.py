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


def test_a_collector_is_taken_as_it_is_given_but_for_the_slash_at_its_end() -> None:
    assert settings_from_env({}).otlp_endpoint is None
    assert settings_from_env({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}).otlp_endpoint is None
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example/otlp/"}
    assert settings_from_env(given).otlp_endpoint == "https://collector.example/otlp"


@pytest.mark.parametrize("value", ["collector:4318", "grpc://collector:4317", "http://collector:99999", "http://c?x=1"])
def test_a_collector_s_address_that_is_none_is_named(value: str) -> None:
    with pytest.raises(BadSetting, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        settings_from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": value})


def test_a_collector_that_wants_another_protocol_is_named() -> None:
    with pytest.raises(BadSetting, match="OTEL_EXPORTER_OTLP_PROTOCOL"):
        settings_from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
