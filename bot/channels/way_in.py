"""Puts the way in together: the gate and the intake of one process, over the partners the service has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from bot.channels.applying import Applying, ApplyParts, Files, Words
from bot.channels.arrivals import Arrivals
from bot.channels.channel import Channel
from bot.channels.gate import Gate, GateSettings
from bot.channels.gate_meters import GateMeters
from bot.channels.intake import Intake, IntakeSettings
from bot.channels.partners import InboxBook, Reports
from bot.channels.people_here import PeopleHere
from bot.settings import Settings
from handover.backends import Backends
from handover.desk import Desk

_ALL_PER_SECOND, _ALL_AT_ONCE = 5.0, 50  # handshakes of everybody, by channel


@dataclass(frozen=True, slots=True)
class WayIn:
    """``gate`` has the routes, ``intake`` the background work, ``arrivals`` is to be closed at the end."""

    gate: Gate
    intake: Intake
    arrivals: Arrivals


def open_way_in(
    settings: Settings,
    backends: Backends,
    desk: Desk,
    *,
    channels: Mapping[str, Channel],
    book: InboxBook,
    relay: Words,
    reports: Reports,
    files: Files,
    registry: CollectorRegistry,
) -> WayIn:
    """The way in of ``channels``, whose inboxes are in ``book``."""
    meters = GateMeters(registry)
    arrivals = Arrivals(backends.records)
    gate = _gate(settings, backends, desk, channels, book, arrivals, meters)
    parts = ApplyParts(
        records=backends.records,
        desk=desk,
        relay=relay,
        marks=desk.channels,
        reports=reports,
        files=files,
        people=PeopleHere(backends.records, desk, channels, settings.greeting_text()),
        channels=channels,
        secret=settings.signing_secret(),
    )
    intake = Intake(
        backends.records,
        channels,
        book,
        Applying(parts),
        settings=IntakeSettings(settings.channel_hold_seconds),
        clock=desk.clock,
        meters=meters,
        heard=arrivals.heard,
        alone=backends.alone,
    )
    return WayIn(gate, intake, arrivals)


def _gate(
    settings: Settings,
    backends: Backends,
    desk: Desk,
    channels: Mapping[str, Channel],
    book: InboxBook,
    arrivals: Arrivals,
    meters: GateMeters,
) -> Gate:
    now, limits, each = desk.clock.monotonic, backends.limits, settings.handshakes_per_minute
    return Gate(
        channels,
        book,
        arrivals,
        settings=GateSettings(settings.public_address(), settings.webhook_max_bytes),
        clock=desk.clock,
        meters=meters,
        handshakes=limits.limit("handshakes", now, per_second=each / 60, burst=max(1.0, each)),
        all_handshakes=limits.limit("all_handshakes", now, per_second=_ALL_PER_SECOND, burst=_ALL_AT_ONCE),
    )
