"""Traces of the bot's work in OpenTelemetry's form, off unless an address is set, and a log line of each turn.

Neither holds anybody's words.

Only this module and `bot.trace_export` know OpenTelemetry here; the latter is imported when traces are on.
Ours is no global provider, so that no library of ours adds spans by itself: those would hold paths, queries, texts.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Literal

import structlog
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from handover.errors import BadInput

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger(__name__)

Fact = str | bool | int | float
# inner: our own work; client: we ask another process and wait; root: nothing that is under way has led to it.
Kind = Literal["inner", "client", "root"]

_OURS = "switchboard."  # before the names of facts that are not OpenTelemetry's
_LAST_SECONDS = 2.0  # for what is not exported yet when the service ends; a collector that is away gets no more


class Mark:
    """A span that is under way, as those see it who work inside it; without tracing it keeps nothing."""

    __slots__ = ("_kept", "_span", "_told")

    def __init__(self, span: Span | None = None, kept: dict[str, Fact | None] | None = None) -> None:
        self._span = span
        self._kept = kept
        self._told = False

    def note(self, facts: Mapping[str, Fact | None]) -> None:
        """Attributes by name; None is left out. Ids, kinds, counts and seconds only: no words, names or addresses."""
        if self._kept is not None:
            self._kept.update(facts)
        if self._span is not None:
            self._span.set_attributes({name: value for name, value in facts.items() if value is not None})

    def failed(self, kind: str) -> None:
        """It went wrong, in one word; the first one counts. An exception's text is never kept: it may hold words."""
        if self._told:
            return
        self._told = True
        if self._kept is not None:
            self._kept["error"] = kind
        if self._span is not None:
            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR)

    def traceparent(self) -> str | None:
        """What another process needs to put its spans below this one (W3C Trace Context); None without tracing."""
        if self._span is None:
            return None
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return carrier.get("traceparent")


_NOTHING = Mark()


class Traces:
    """Spans of one process; without a ``provider`` all of it does nothing."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer("switchboard")

    @contextmanager
    def span(
        self,
        name: str,
        facts: Mapping[str, Fact | None] | None = None,
        *,
        kind: Kind = "inner",
        kept: dict[str, Fact | None] | None = None,
    ) -> Iterator[Mark]:
        """The block as a span, below the one that is under way. What the block raises passes through.

        ``kept``: takes the facts, too.
        """
        if self._tracer is None:
            yield _NOTHING if kept is None else Mark(None, kept)
            return
        with self._tracer.start_as_current_span(
            name,
            context=Context() if kind == "root" else None,
            kind=SpanKind.CLIENT if kind == "client" else SpanKind.INTERNAL,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            mark = Mark(span, kept)
            mark.note(facts or {})
            try:
                yield mark
            except Exception as error:
                mark.failed(type(error).__name__)
                raise
            except (asyncio.CancelledError, GeneratorExit):
                mark.note({"switchboard.cancelled": True})
                raise

    @contextmanager
    def turn(self, facts: Mapping[str, Fact | None]) -> Iterator[Mark]:
        """A turn of the bot: a trace of its own, and a line in the log at its end.

        Whatever is logged within it names conversation and turn, and the trace's id when there is one.
        """
        kept, began = dict(facts), time.monotonic()
        about = {name: str(facts[f"{_OURS}{name}"]) for name in ("conversation", "turn") if f"{_OURS}{name}" in facts}
        with self.span("bot turn", facts, kind="root", kept=kept) as mark:
            if traceparent := mark.traceparent():
                about["trace_id"] = traceparent.split("-")[1]
            with structlog.contextvars.bound_contextvars(**about):
                try:
                    yield mark
                finally:
                    told = {name.removeprefix(_OURS): fact for name, fact in kept.items() if fact is not None}
                    log.info("turn", **told, seconds=round(time.monotonic() - began, 3))

    async def close(self) -> None:
        """Export what is left, but do not wait long for it."""
        if self._provider is not None:
            last = threading.Thread(target=self._provider.shutdown, daemon=True)
            last.start()
            await asyncio.to_thread(last.join, _LAST_SECONDS)


def open_traces(endpoint: str | None, *, exporter: str = "bot.trace_export") -> Traces:
    """Traces that go to the OTLP collector at ``endpoint`` (over HTTP, under ``/v1/traces``); None: off.

    Everything else that OpenTelemetry's SDK may be told, it reads from OTEL_* variables itself. ``exporter`` is the
    module that knows the SDK; it is imported here and only here. Raises BadInput.
    """
    if endpoint is None:
        return Traces()
    try:
        provider: TracerProvider = import_module(exporter).exporting(endpoint)
    except ImportError as missing:
        raise BadInput(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but what exports traces is not installed ({missing.name}): "
            "install requirements/serving.txt again, or unset it."
        ) from missing
    except ValueError as wrong:
        raise BadInput(f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but another OTEL_* cannot be used: {wrong}") from wrong
    return Traces(provider)
