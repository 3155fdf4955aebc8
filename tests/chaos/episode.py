"""What an episode is, and what it came to: plain values; `tests.chaos.playing` plays it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.agent_life import Manner
from tests.chaos.checker import Violation
from tests.chaos.customer_life import Temper
from tests.chaos.link import Times
from tests.chaos.world import Topology


@dataclass(frozen=True, slots=True)
class Episode:
    """What happens.

    ``faults``: kinds and their weights; ``gap``: seconds between two, on average. ``capacity``: conversations an agent
    may have at once. ``storm``: the share of new customer sockets that are cut in the handshake or in the middle of a
    frame. ``until_drops``: over when so many sockets were dropped. ``each_once``: not over before each kind was
    done. ``push``: lines go to a pushing channel too. ``real_rasa``: with the trained model and the real actions.
    """

    name: str
    topology: Topology = "embedded"
    seconds: float = 30.0
    faults: dict[str, float] = field(default_factory=dict)
    gap: float = 1.0
    customers: int = 16
    agents: int = 3
    capacity: int = 3
    crash_share: float = 0.6
    storm: float = 0.0
    pause: float = 8.0
    bug: str | None = None
    replicas: int | None = None
    temper: Temper = field(default_factory=Temper)
    manner: Manner = field(default_factory=Manner)
    times: Times = field(default_factory=Times)
    settings: dict[str, str] = field(default_factory=dict)
    until_drops: int = 0
    each_once: bool = False
    push: bool = False
    real_rasa: bool = False


@dataclass
class Outcome:
    """What an episode came to."""

    episode: str
    seed: int
    violations: list[Violation]
    kills: Counter[str]
    crashes: Counter[str]
    faults: Counter[str]
    counts: Counter[str]
    seconds: float
