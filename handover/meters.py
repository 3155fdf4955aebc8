"""What the service counts about its network edge, for `/metrics`. One `Meters` per app, so that tests do not share."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from handover.ports import LiveFeed


class Meters:
    """Counters and gauges, each with its unit in the name. ``side`` is "customer" or "agent"."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = Gauge(
            "switchboard_sockets", "Sockets that have said hello and are open.", ["side"], registry=self.registry
        )
        self.frames = Counter(
            "switchboard_frames", "Frames received and understood, by type.", ["side", "type"], registry=self.registry
        )
        self.refusals = Counter(
            "switchboard_refusals", "Error frames sent, by code.", ["side", "code"], registry=self.registry
        )
        self.fell_behind = Counter(
            "switchboard_fell_behind", "Sockets closed because they read too slowly.", ["side"], registry=self.registry
        )
        self.logins = Counter(
            "switchboard_logins",
            "Tries to sign in: ok, wrong or limited.",
            ["outcome"],
            registry=self.registry,
        )
        self.customer_messages = Counter(
            "switchboard_customer_messages", "Customer messages recorded from the web.", registry=self.registry
        )
        self.responses = Counter(
            "switchboard_http_responses", "HTTP answers, by status class.", ["status"], registry=self.registry
        )
        self.background_failures = Counter(
            "switchboard_background_failures", "Times a background task failed and was restarted.", ["task"],
            registry=self.registry,
        )  # fmt: skip

        self.outbox_sends = Counter(
            "switchboard_outbox_sends", "Sends to platforms, one for each try of a part of a line, by what came of it.",
            ["channel", "outcome"], registry=self.registry,
        )  # fmt: skip

    def watch_live_feed(self, live: LiveFeed) -> None:
        """Show what ``live`` counts."""
        self.registry.register(_LiveFeedMeters(live))


class _LiveFeedMeters(Collector):
    """Reads the feed's own counts whenever somebody looks."""

    def __init__(self, live: LiveFeed) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        counts = self._live.counts
        for name, what, value in (
            ("publish_failures", "Things other processes were not told of; their screens asked the record.",
             counts.publish_failures),
            ("resyncs", "Times all screens here were sent to the record.", counts.resyncs),
            ("not_understood", "Messages that made no sense and were left alone.", counts.not_understood),
        ):  # fmt: skip
            yield CounterMetricFamily(f"switchboard_live_feed_{name}", what, value=value)
        lost = CounterMetricFamily("switchboard_live_feed_lost", "Lost or refused connections.", labels=["way"])
        lost.add_metric(["out"], counts.publisher_lost)
        lost.add_metric(["in"], counts.listener_lost)
        yield lost
        yield GaugeMetricFamily(
            "switchboard_live_feed_lag_seconds", "From publishing to hearing, at the latest beat.", value=counts.lag
        )
        yield GaugeMetricFamily(
            "switchboard_live_feed_healthy", "1 while the processes hear each other.", value=float(self._live.healthy)
        )
