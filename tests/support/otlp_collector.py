"""A collector of traces on a real socket: takes OTLP over HTTP, decodes the protobuf, and is strict about the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """A span as it arrived; ids in hex, ``parent`` empty for a root. ``facts`` are its attributes."""

    name: str
    service: str
    trace: str
    id: str
    parent: str
    asks: bool
    error: bool
    facts: dict[str, Any]


@dataclass
class Collector:
    """``bodies`` are the requests as bytes: what stands in none of them was not sent."""

    url: str = ""
    spans: list[SeenSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, *names: str) -> None:
        """Until spans of all these names have come; as many of a name as it stands here."""
        wanted = {name: names.count(name) for name in names}

        def here() -> bool:
            seen = [span.name for span in self.spans]
            return all(seen.count(name) >= count for name, count in wanted.items())

        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(here)

    def named(self, name: str) -> list[SeenSpan]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: SeenSpan) -> list[str]:
        """The names of its children, in the order in which they ended."""
        return [span.name for span in self.spans if (span.trace, span.parent) == (parent.trace, parent.id)]

    def holds(self, *words: str) -> list[str]:
        """Which of ``words`` were sent."""
        return [word for word in words if any(word.encode() in body for body in self.bodies)]

    async def take(self, head: str, body: bytes) -> None:
        first, _, rest = head.partition("\r\n")
        if not first.startswith("POST /v1/traces ") or "application/x-protobuf" not in rest:
            self.surprises.append(first)
            return
        told = ExportTraceServiceRequest.FromString(body)
        async with self._news:
            self.bodies.append(body)
            for resource in told.resource_spans:
                service = _facts(resource.resource.attributes)["service.name"]
                self.spans += [_seen(span, service) for scope in resource.scope_spans for span in scope.spans]
            self._news.notify_all()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Raises AssertionError at the end when something came that is no trace."""
    collector = Collector()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await collector.take(head, await reader.readexactly(int(fields["content-length"])))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the exporter has closed its connection
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    collector.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield collector
    finally:
        server.close()
    assert not collector.surprises


def _seen(span: Span, service: str) -> SeenSpan:
    return SeenSpan(
        name=span.name,
        service=service,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        asks=span.kind == Span.SPAN_KIND_CLIENT,
        error=span.status.code == Status.STATUS_CODE_ERROR,
        facts=_facts(span.attributes),
    )


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind)
