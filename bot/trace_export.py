"""Sends the service's spans to a collector in batches, from a thread of its own; imported only when traces are on."""

from __future__ import annotations

import os
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_RATIO = "traceidratio"
# https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/; of others the SDK takes no notice.
_SAMPLERS = frozenset(
    f"{parent}{name}" for parent in ("", "parentbased_") for name in ("always_on", "always_off", _RATIO)
)
_MOST_CHARACTERS = 200  # of one attribute: the names and kinds we set are far shorter


def exporting(endpoint: str) -> TracerProvider:
    """Spans go to ``endpoint`` under ``/v1/traces``; a collector that is away costs nobody any time.

    Named ``switchboard-service`` unless OTEL_SERVICE_NAME says otherwise. Raises ValueError for OTEL_* settings that
    the SDK refuses.
    """
    must_sample(os.environ)
    resource = Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "switchboard-service"}))
    limits = SpanLimits(max_span_attribute_length=_MOST_CHARACTERS)
    provider = TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    return provider


def must_sample(env: Mapping[str, str]) -> None:
    """Raises ValueError for a sampler, or a share of a ratio, that the SDK would pass over with a word in the log."""
    sampler = env.get("OTEL_TRACES_SAMPLER", "").strip().lower() or "parentbased_always_on"
    if sampler not in _SAMPLERS:
        raise ValueError(f"OTEL_TRACES_SAMPLER may be {', '.join(sorted(_SAMPLERS))}")
    share = env.get("OTEL_TRACES_SAMPLER_ARG", "")
    try:
        sound = not sampler.endswith(_RATIO) or not share or 0 <= float(share) <= 1
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("OTEL_TRACES_SAMPLER_ARG must be from 0 to 1, as in 0.1")
