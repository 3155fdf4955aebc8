"""Evidence as JSON and back, exactly: what a decision was taken on can be replayed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from handover.evidence import Claim, Evidence, Needs, Retrieved, ToolUse


def to_json(evidence: Evidence) -> dict[str, Any]:
    """A JSON object with one member per field."""
    return asdict(evidence)


def from_json(stored: dict[str, Any]) -> Evidence:
    """The evidence ``to_json`` was given. Fields added to Evidence later take their defaults."""
    fields = dict(stored)
    fields["needs"] = Needs(fields["needs"])
    fields["anger"] = tuple(fields["anger"])
    fields["topics"] = tuple(fields["topics"])
    fields["claims"] = tuple(Claim(**each) for each in fields["claims"])
    fields["retrieved"] = tuple(Retrieved(**each) for each in fields["retrieved"])
    fields["tools"] = tuple(ToolUse(**each) for each in fields["tools"])
    return Evidence(**fields)
