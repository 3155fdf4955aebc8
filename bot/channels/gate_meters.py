"""What is counted on the way in, for `/metrics`: webhooks by what became of them, and events by kind."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class GateMeters:
    """``outcome`` of a webhook: stored, bad_signature, too_large, cut_off, unavailable, handshake, bad_handshake.

    ``outcome`` of an event: applied, duplicate, waiting, failed, aside.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.webhooks = Counter(
            "switchboard_webhooks", "Webhooks of platforms, by what became of them.", ["channel", "outcome"],
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "switchboard_webhook_seconds", "From a webhook's first byte to its acknowledgement.", ["channel"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5), registry=registry,
        )  # fmt: skip
        self.events = Counter(
            "switchboard_channel_events", "Events in webhooks, by kind and by what became of them.",
            ["channel", "kind", "outcome"], registry=registry,
        )  # fmt: skip
        self.backlog = Gauge(
            "switchboard_intake_backlog", "Webhooks and events that wait to be read or applied.", registry=registry
        )
        self.lag = Gauge(
            "switchboard_intake_lag_seconds", "How long the oldest of them has waited, in seconds.", registry=registry
        )
