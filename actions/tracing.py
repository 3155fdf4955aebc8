"""Traces of the actions in OpenTelemetry's form, below the turn that asked for them: off unless an address is set.

Only this module and `actions.trace_export` know OpenTelemetry here; the latter is imported when traces are on.
Spans hold ids, kinds, counts and seconds, never anybody's words, names, addresses or tokens.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from actions.settings import BadSetting, settings_from_env

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Fact = str | bool | int | float | tuple[str, ...]
Facts = Mapping[str, Fact | None]
Run = Callable[[Any, Any, Any, Any], Awaitable[list[Any]]]

_LAST_SECONDS = 2.0  # for what is not exported yet when the process ends
# Whose spans belong to the action under way; None outside of any, and always when traces are off.
_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


class Mark:
    """A span that is under way, as those see it who work inside it; without tracing it keeps nothing."""

    __slots__ = ("_span", "_told")

    def __init__(self, span: Span | None = None) -> None:
        self._span = span
        self._told = False

    def note(self, facts: Facts) -> None:
        """Attributes by name; None is left out."""
        if self._span is not None:
            self._span.set_attributes({name: value for name, value in facts.items() if value is not None})

    def failed(self, kind: str) -> None:
        """It went wrong, in one word; the first one counts. An exception's text is never kept: it may hold words."""
        if self._span is not None and not self._told:
            self._told = True
            self._span.set_attribute("error.type", kind)
            self._span.set_status(StatusCode.ERROR)


_NOTHING = Mark()


class Traces:
    """Spans of one process; without a ``provider`` all of it does nothing."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer("switchboard")

    @contextmanager
    def action(self, name: str, message: object) -> Iterator[Mark]:
        """One action, below the turn that the ``traceparent`` in the metadata of Rasa's ``message`` names.

        One that is missing or malformed is ignored: the action is then a trace of its own.
        """
        if self._tracer is None:
            yield _NOTHING
            return
        metadata = message.get("metadata") if isinstance(message, dict) else None
        metadata = metadata if isinstance(metadata, dict) else {}
        token = _tracer.set(self._tracer)
        try:
            with span(name, {"switchboard.turn": _id(metadata.get("turn"))}, below=_above(metadata)) as mark:
                yield mark
        finally:
            _tracer.reset(token)

    def close(self) -> None:
        """Export what is left, but do not wait long for it."""
        if self._provider is not None:
            last = threading.Thread(target=self._provider.shutdown, daemon=True)
            last.start()
            last.join(_LAST_SECONDS)


@contextmanager
def span(name: str, facts: Facts | None = None, *, asks: bool = False, below: Context | None = None) -> Iterator[Mark]:
    """The block as a span of the action under way; nothing outside of one. What the block raises passes through.

    ``asks``: another process is asked; such a span has none below it, so that generators may hold it open.
    """
    tracer = _tracer.get()
    if tracer is None:
        yield _NOTHING
        return
    under_way = tracer.start_span(name, below, SpanKind.CLIENT if asks else SpanKind.INTERNAL)
    mark = Mark(under_way)
    mark.note(facts or {})
    try:
        if asks:
            yield mark
        else:
            with use_span(under_way, record_exception=False, set_status_on_exception=False):
                yield mark
    except Exception as error:
        mark.failed(type(error).__name__)
        raise
    except (asyncio.CancelledError, GeneratorExit):
        mark.note({"switchboard.cancelled": True})
        raise
    finally:
        under_way.end()


def traced(run: Run) -> Run:
    """An action's ``run`` as a span with the action's name."""

    # rasa-sdk counts the arguments: it takes no action whose run has fewer than these three.
    @functools.wraps(run)
    async def traced_run(self: Any, dispatcher: Any, tracker: Any, domain: Any) -> list[Any]:
        with _of_this_process().action(self.name(), tracker.latest_message):
            return await run(self, dispatcher, tracker, domain)

    return traced_run


def open_traces(endpoint: str | None, *, exporter: str = "actions.trace_export") -> Traces:
    """Traces that go to the OTLP collector at ``endpoint`` (over HTTP, under ``/v1/traces``); None: off.

    Everything else that OpenTelemetry's SDK may be told, it reads from OTEL_* variables itself. Raises BadSetting.
    """
    if endpoint is None:
        return Traces()
    try:
        provider: TracerProvider = import_module(exporter).exporting(endpoint)
    except ImportError as missing:
        raise BadSetting(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but what exports traces is not installed ({missing.name}): "
            "install requirements/serving.txt again, or unset it"
        ) from missing
    except ValueError as wrong:
        raise BadSetting(f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but another OTEL_* cannot be used: {wrong}") from wrong
    return Traces(provider)


@functools.cache
def _of_this_process() -> Traces:
    traces = open_traces(settings_from_env().otlp_endpoint)
    atexit.register(traces.close)
    return traces


def begin_tracing() -> None:
    """Open this process's traces now instead of at its first turn. Raises BadSetting."""
    _of_this_process()


def _above(metadata: Mapping[str, Any]) -> Context:
    traceparent = metadata.get("traceparent")
    carrier = {"traceparent": traceparent} if isinstance(traceparent, str) else {}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _id(value: object) -> str | None:
    return value if isinstance(value, str) else None
