"""What the service counts: the live feed's own counts are shown as they are whenever somebody looks."""

from __future__ import annotations

from prometheus_client import generate_latest

from handover.backends.live_in_process import InProcessFeed
from handover.meters import Meters


def test_the_live_feeds_counts_are_read_when_somebody_looks() -> None:
    live, meters = InProcessFeed(), Meters()
    meters.watch_live_feed(live)
    live.counts.publish_failures = 3
    live.counts.publisher_lost = 1
    live.counts.listener_lost = 2
    live.counts.lag = 0.25
    shown = generate_latest(meters.registry).decode()
    for line in (
        "switchboard_live_feed_publish_failures_total 3.0",
        'switchboard_live_feed_lost_total{way="out"} 1.0',
        'switchboard_live_feed_lost_total{way="in"} 2.0',
        "switchboard_live_feed_lag_seconds 0.25",
        "switchboard_live_feed_healthy 1.0",
    ):
        assert line in shown.splitlines()
    live.counts.publish_failures = 4
    assert "switchboard_live_feed_publish_failures_total 4.0" in generate_latest(meters.registry).decode()
