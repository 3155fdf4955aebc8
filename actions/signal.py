"""The machine-readable results of actions: the only place that knows their wire shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Signal = dict[str, Any]


def reply_signal(
    text: str,
    *,
    citations: Sequence[Mapping[str, str]],
    evidence: Mapping[str, Any],
    buttons: Sequence[Mapping[str, str]] = (),
) -> Signal:
    """A reply. ``citations``: title, url, page; ``buttons``: title, intent; ``evidence`` as `actions.reply` makes it."""
    return {
        "switchboard": 1,
        "kind": "reply",
        "text": text,
        "citations": [dict(c) for c in citations],
        "buttons": [dict(b) for b in buttons],
        "evidence": dict(evidence),
    }


def handover_signal(reason: str, words: str | None = None) -> Signal:
    """A person is needed; ``reason`` is a value of the desk's reasons ("asked", "rule", "tool_failed", ...)."""
    return {"switchboard": 1, "kind": "handover", "reason": reason, "words": words}


def tool_signal(name: str, *, ok: bool, facts: Mapping[str, str] | None = None, error: str | None = None) -> Signal:
    """What a business tool did; ``facts`` may be repeated to the customer as true."""
    return {"switchboard": 1, "kind": "tool", "name": name, "ok": ok, "error": error, "facts": dict(facts or {})}


def copilot_signal(
    text: str, *, citations: Sequence[Mapping[str, str]], provider: str, fallback_reason: str | None = None
) -> Signal:
    """Work for an agent: a summary, a suggestion or a rewrite."""
    return {
        "switchboard": 1,
        "kind": "copilot",
        "text": text,
        "citations": [dict(c) for c in citations],
        "provider": provider,
        "fallback_reason": fallback_reason,
    }
