"""The port of whoever writes replies (a model, or nobody: offline): what they are asked and how they fail."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from actions.brand import Brand
from actions.briefing import Briefing
from actions.knowledge import Found

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a writer: ``messages`` for a model, the rest for whoever writes without one."""

    briefing: Briefing
    found: tuple[Found, ...]
    brand: Brand
    messages: tuple[Message, ...]


class ModelFailed(Exception):
    """A writer gave no usable answer. ``kind``: timeout, stalled, rate_limited, server_error, connection, cut, garbage,
    empty, too_long, refused. ``retry_after`` are the seconds a server asked to wait."""

    def __init__(self, kind: str, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message or kind)
        self.kind = kind
        self.retry_after = retry_after


class Writer(Protocol):
    """Writes a raw answer: text with [page-id] marks and a last machine line, see `actions.answer_parser`."""

    name: str
    model: str | None

    def write(self, asked: Asked, *, seconds: float) -> AsyncGenerator[str, None]:
        """The pieces as they come, within ``seconds``. Raises ModelFailed."""
        ...
