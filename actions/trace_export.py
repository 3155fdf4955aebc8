"""Sends the actions' spans to a collector in batches, from a thread of its own; imported only when traces are on."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_MOST_CHARACTERS = 200  # of one attribute: the names and kinds we set are far shorter


def exporting(endpoint: str) -> TracerProvider:
    """Spans go to ``endpoint`` under ``/v1/traces``; a collector that is away costs nobody any time.

    Named ``switchboard-actions`` unless OTEL_SERVICE_NAME says otherwise. Raises ValueError for OTEL_* settings that
    the SDK refuses.
    """
    resource = Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "switchboard-actions"}))
    limits = SpanLimits(max_span_attribute_length=_MOST_CHARACTERS)
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    return provider
