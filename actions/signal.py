"""The machine-readable results an action sends beside its words. Built only here: the relay relies on the shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actions.model_calls import ModelCall

Json = dict[str, Any]


def reply_signal(
    text: str,
    evidence: Json,
    *,
    citations: list[dict[str, str]] | None = None,
    buttons: list[dict[str, str]] | None = None,
) -> Json:
    """A written answer and, apart, its evidence. Buttons are {title, intent}; citations {title, url, page}."""
    return {
        "switchboard": 1,
        "kind": "reply",
        "text": text,
        "citations": citations or [],
        "buttons": buttons or [],
        "evidence": evidence,
    }


def handover_signal(reason: str, words: str | None = None) -> Json:
    """A person is needed. ``reason`` is a value of the desk's Reason; ``words`` say why, for the agent."""
    return {"switchboard": 1, "kind": "handover", "reason": reason, "words": words}


def tool_signal(name: str, *, ok: bool, error: str | None = None, facts: dict[str, str] | None = None) -> Json:
    """What a business tool did. ``facts`` go into the packet an agent sees; names and values are for people."""
    return {"switchboard": 1, "kind": "tool", "name": name, "ok": ok, "error": error, "facts": facts or {}}


def copilot_signal(
    text: str,
    *,
    citations: list[dict[str, str]],
    provider: str,
    fallback_reason: str | None = None,
    calls: Sequence[ModelCall] = (),
) -> Json:
    """Work for an agent: summary, suggestion or rewrite, who wrote it ("openai" or "offline"), the calls it took."""
    return {
        "switchboard": 1,
        "kind": "copilot",
        "text": text,
        "citations": citations,
        "provider": provider,
        "fallback_reason": fallback_reason,
        "model_calls": [call.told() for call in calls],
    }
