"""One call of the model as it went: measured where it is made, told beside the reply, and a span of its trace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from actions.tracing import span


class ModelFailed(Exception):
    """A writer gave no usable answer. ``kind``: timeout, stalled, rate_limited, server_error, connection, cut, garbage,
    empty, too_long, refused. ``retry_after`` are the seconds a server asked to wait."""

    def __init__(self, kind: str, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message or kind)
        self.kind = kind
        self.retry_after = retry_after


@dataclass(slots=True)
class ModelCall:
    """Filled in while it goes on. Seconds; ``first`` is until the first words; tokens as the server counts them.

    ``outcome``: ok, a kind of `ModelFailed`, or given_up when nobody wanted the answer any more.
    """

    outcome: str = "given_up"
    seconds: float = 0.0
    first: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish: str | None = None

    def told(self) -> dict[str, Any]:
        """For the evidence: what the service counts."""
        return {
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "first": None if self.first is None else round(self.first, 3),
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
        }

    def used(self, usage: Any) -> None:
        """The usage that a server puts into its last piece, if it does; what is odd in it counts as not told."""
        counted = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
        tokens = [count if type(count) is int and count >= 0 else None for count in counted]
        self.tokens_in, self.tokens_out = tokens


@contextmanager
def measured(model: str, calls: list[ModelCall], monotonic: Callable[[], float]) -> Iterator[ModelCall]:
    """The block is one call of ``model``; it is added to ``calls`` however it ends."""
    call, began = ModelCall(), monotonic()
    facts = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
    with span(f"model {model}", facts, asks=True) as mark:
        try:
            yield call
            call.outcome = "ok"
        except ModelFailed as failed:
            call.outcome = failed.kind
            mark.failed(failed.kind)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            call.outcome = "given_up"
            raise
        finally:
            call.seconds = monotonic() - began
            calls.append(call)
            mark.note(
                {
                    "switchboard.outcome": call.outcome,
                    "gen_ai.response.time_to_first_chunk": call.first,
                    "gen_ai.usage.input_tokens": call.tokens_in,
                    "gen_ai.usage.output_tokens": call.tokens_out,
                    "gen_ai.response.finish_reasons": (call.finish,) if call.finish else None,
                }
            )
