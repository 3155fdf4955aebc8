"""The port of whoever writes replies (a model, or nobody: offline): what they are asked and how they fail."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from actions.brand import Brand
from actions.briefing import Briefing
from actions.knowledge import Found
from actions.model_calls import ModelCall

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to a writer: ``messages`` for a model, the rest for whoever writes without one.

    A writer that asks a model adds each of its calls to ``calls``.
    """

    briefing: Briefing
    found: tuple[Found, ...]
    brand: Brand
    messages: tuple[Message, ...]
    calls: list[ModelCall] = field(default_factory=list)


class Writer(Protocol):
    """Writes a raw answer: text with [page-id] marks and a last machine line, see `actions.answer_parser`."""

    name: str
    model: str | None

    def write(self, asked: Asked, *, seconds: float) -> AsyncGenerator[str, None]:
        """The pieces as they come, within ``seconds``. Raises ModelFailed."""
        ...
