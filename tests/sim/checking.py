"""Strict reading of a request's body: every field known, every value of its kind and no longer than allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.sim.calls import Asked, Refusal, Reply

Refuse = Callable[[str], Reply]


def body_of(asked: Asked, refuse: Refuse) -> dict[str, Any]:
    """The body as an object. Raises Refusal."""
    try:
        body = asked.json()
    except ValueError as why:
        raise Refusal(f"{asked.path}: {why}", refuse("not JSON")) from why
    if not isinstance(body, dict):
        raise Refusal(f"{asked.path}: the body is no object", refuse("no object"))
    return body


def only(given: Mapping[str, Any], needed: set[str], allowed: set[str], refuse: Refuse, where: str) -> None:
    """``given`` has all of ``needed`` and nothing beside ``allowed``."""
    missing, strange = needed - given.keys(), given.keys() - needed - allowed
    if missing or strange:
        why = f"{where}: missing {sorted(missing)}, unknown {sorted(strange)}"
        raise Refusal(why, refuse(why))


def words(value: Any, most: int, refuse: Refuse, where: str, *, unit: str = "characters") -> str:
    """Text that is not blank and at most ``most`` long, in ``characters``, ``utf16`` or ``bytes``."""
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"{where} is no text: {value!r}", refuse(f"{where} is empty"))
    sizes = {"characters": len(value), "utf16": len(value.encode("utf-16-le")) // 2, "bytes": len(value.encode())}
    if sizes[unit] > most:
        raise Refusal(f"{where} is {sizes[unit]} {unit} long", refuse(f"{where} is too long"))
    return value


def many(value: Any, most: int, refuse: Refuse, where: str) -> list[Any]:
    """A list of one to ``most``."""
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise Refusal(f"{where} is no list of 1 to {most}", refuse(f"{where} has a wrong size"))
    return value


def demand(holds: bool, why: str, refuse: Refuse) -> None:
    if not holds:
        raise Refusal(why, refuse(why))
