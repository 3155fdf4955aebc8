"""What the service counts about its network edge, for `/metrics`. One `Meters` per app, so that tests do not share."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


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
