"""What the service's log looks like: a line for each event, and of a failure where it happened, never with what values.

With `rich` installed, structlog would print every local variable of every frame: passwords, tokens and customers'
words. It would also take seconds for each, in which nobody else is served.
"""

from __future__ import annotations

import sys

import structlog


def log_plainly() -> None:
    """From now on; calling it again changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
