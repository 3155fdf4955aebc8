"""A start that is refused: one sentence that names the option and the fix, and no traceback."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from handover.errors import BadInput, SwitchboardError

_OPTION = re.compile(r"\b[A-Z]{2,}_[A-Z_]+\b")


@contextmanager
def naming(option: str) -> Iterator[None]:
    """What the block refuses, or the system refuses it, is told with ``option``. Raises BadInput, Unavailable."""
    try:
        yield
    except SwitchboardError as refusal:
        if _OPTION.search(refusal.message):
            raise
        raise type(refusal)(f"{option}: {refusal.message}") from refusal
    except UnicodeDecodeError as wrong:
        raise BadInput(f"{option}: what it names is not text in UTF-8.") from wrong
    except OSError as wrong:
        file = f" {wrong.filename}" if wrong.filename else ""
        why = (wrong.strerror or type(wrong).__name__).lower()
        raise BadInput(f"{option}: {why}{file}. Name a place that this process may read and write.") from wrong


class Refusal:
    """Keeps why the app's start was refused, and meanwhile uvicorn from printing where."""

    def __init__(self) -> None:
        self.error: SwitchboardError | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The start of the app. Raises what it raises."""
        try:
            yield
        except SwitchboardError as error:
            self.error = error
            raise

    @contextmanager
    def told_by_us(self) -> Iterator[None]:
        """While the server runs. Raises the refusal afterwards."""
        log = logging.getLogger("uvicorn.error")

        def silent(_: logging.LogRecord) -> bool:
            return self.error is None

        log.addFilter(silent)
        try:
            yield
        except SystemExit:  # uvicorn's own, after a start that failed
            if self.error is None:
                raise
        finally:
            log.removeFilter(silent)
        if self.error is not None:
            raise self.error
