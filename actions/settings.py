"""What the action server reads from its environment. Every setting has a default that works with no key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class BadSetting(Exception):
    """A setting in the environment cannot be used; the message names it and what it may be."""


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """Where things are and which model writes. Keys and tokens are left out of the repr, so that no log holds them."""

    provider: str  # openai | offline
    api_key: str | None = field(repr=False)
    base_url: str | None
    model: str
    service_url: str
    internal_token: str | None = field(repr=False)
    embedder_dir: Path
    knowledge: Path
    brand: Path
    cache: Path
    company: str
    assistant: str
    otlp_endpoint: str | None = field(repr=False)

    def describe(self) -> str:
        model = self.model if self.provider == "openai" else "none"
        return f"provider={self.provider} model={model} knowledge={self.knowledge} embedder={self.embedder_dir}"


def settings_from_env(env: Mapping[str, str] | None = None) -> ActionSettings:
    """The settings; raises BadSetting. ``LLM_PROVIDER=auto`` is openai when a key or a base URL is given."""
    env = os.environ if env is None else env
    key, base = env.get("OPENAI_API_KEY") or None, env.get("OPENAI_BASE_URL") or None
    wanted = env.get("LLM_PROVIDER", "auto").strip().lower() or "auto"
    if wanted not in ("auto", "openai", "offline"):
        raise BadSetting(f"LLM_PROVIDER is '{wanted}'; it may be auto, openai or offline")
    if wanted == "openai" and not (key or base):
        raise BadSetting("LLM_PROVIDER=openai needs OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own")
    otlp = env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None
    if otlp and env.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf") not in ("", "http/protobuf"):
        raise BadSetting("OTEL_EXPORTER_OTLP_PROTOCOL may only be http/protobuf")
    provider = ("openai" if key or base else "offline") if wanted == "auto" else wanted
    return ActionSettings(
        provider=provider,
        api_key=key,
        base_url=base and _address("OPENAI_BASE_URL", base),
        model=env.get("OPENAI_MODEL") or "gpt-5.4-mini",
        service_url=_address("SERVICE_URL", env.get("SERVICE_URL") or "http://127.0.0.1:8000"),
        internal_token=env.get("INTERNAL_TOKEN") or None,
        embedder_dir=Path(env.get("EMBEDDER_DIR") or "var/minilm"),
        knowledge=Path(env.get("KNOWLEDGE_DIR") or "data/knowledge"),
        brand=Path(env.get("BRAND_FILE") or "data/brand/brand.yml"),
        cache=Path(env.get("CACHE_DIR") or "var"),
        company=env.get("COMPANY_NAME") or "Tarn & Trail",
        assistant=env.get("ASSISTANT_NAME") or "Juniper",
        otlp_endpoint=otlp and _address("OTEL_EXPORTER_OTLP_ENDPOINT", otlp),
    )


def _address(name: str, value: str) -> str:
    """``value`` without a slash at the end; raises BadSetting when no path can be put after it."""
    try:
        parts = urlsplit(value.strip())
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        sound = False
    if not sound or set(value) & set("?#"):
        raise BadSetting(f"{name} must be an http or https address such as http://127.0.0.1:4318")
    return value.strip().rstrip("/")
