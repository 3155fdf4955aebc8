"""What the service's log looks like: a line for each event, and of a failure where it happened, never with what values.

Ours and those of the packages we use are one form: time, level, event, and facts with names, `conversation` among them
where it is about one. With `rich` installed, structlog would print every local variable of every frame: passwords,
tokens and customers' words. It would also take seconds for each, in which nobody else is served.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

# text: for eyes; json: one object a line, for whatever collects logs.
Form = Literal["text", "json"]


def log_plainly(form: Form = "text") -> None:
    """From now on; calling it again with the same form changes nothing."""
    heads: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.dev.set_exc_info,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(processors=[*heads, *_ends(form)])
    # Others' lines: uvicorn's, and those of modules that know only the standard library.
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*heads, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ends(form)],
    )
    handler = _Stdout()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [*(one for one in root.handlers if not isinstance(one, _Stdout)), handler]


def _ends(form: Form) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]


class _Stdout(logging.Handler):
    """Where structlog's own lines go, whatever stdout is by then."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), flush=True)
        except Exception:
            self.handleError(record)
