"""Which episodes a run has, and what it promises to do: the closing run and the short one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.chaos.agent_life import Manner
from tests.chaos.customer_life import REAL, Temper
from tests.chaos.episode import Episode
from tests.chaos.link import Times
from tests.chaos.world import Topology

_NET = {
    "delay": 1,
    "stall": 1,
    "reset": 1,
    "refuse": 1,
    "garbage": 1,
    "cut": 1,
    "slow line": 1,
    "drop all customers": 1,
}
_PROCESSES = {"kill service": 4.0, "kill rasa": 2.0}
_SERVERS = {"kill redis": 3.0, "kill postgres": 2.0, "flush redis": 1.0, "stop redis": 0.5, "restart postgres": 1.0}
_FEW = {"kill service": 1.0, "kill rasa": 1.0}  # just enough that lives with a crash point begin
_HASTY = Times(quiet=4.0, answer=3.0, first=0.02, longest=0.3)
_BUSY = Temper(pace=1.0, drops=0.1)


@dataclass(frozen=True, slots=True)
class Promise:
    """The least a run must have done; a run that did less has failed, whatever it found."""

    kills: int
    drops: int
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Episodes in order; ``bugs`` are runs that must be caught. ``side_by_side``: so many at a time."""

    episodes: tuple[Episode, ...]
    bugs: tuple[Episode, ...] = ()
    promise: Promise = field(default_factory=lambda: Promise(0, 0, frozenset()))
    side_by_side: int = 2


# Each takes one guard away and brings about what the guard is for: the checker must see it.
SEEDED = (
    Episode(
        "bug: no epoch check", bug="no_epoch_check", seconds=10, customers=30, agents=6, crash_share=0,
        manner=Manner(pace=0.3, takes=0.5), temper=Temper(pace=0.8),
    ),
    Episode(
        "bug: unique key dropped", bug="unique_key_dropped", seconds=8, crash_share=0, temper=Temper(0.5, drops=0.3)
    ),
    Episode(
        "bug: lease ignored", bug="lease_ignored", seconds=10, replicas=2, crash_share=0, agents=1,
        manner=Manner(pace=5.0, takes=0.0), temper=Temper(pace=1.5, people=0.0),
    ),
    Episode("bug: resume garbled", bug="resume_garbled", seconds=6, crash_share=0, temper=Temper(0.5, drops=0.4)),
    Episode(
        "bug: capacity ignored", bug="capacity_ignored", seconds=10, crash_share=0, agents=2, capacity=1,
        manner=Manner(pace=0.3, takes=0.5), temper=Temper(pace=0.8, people=0.3),
    ),
)  # fmt: skip


# Real Rasa with the trained model and the real actions: slow to start, hence few kills and much patience.
REAL_RASA = Episode(
    "real: Rasa and actions", seconds=90, real_rasa=True, customers=6, agents=2, crash_share=0.3, gap=12.0,
    faults={"kill rasa": 1.0, "kill actions": 1.0, "kill service": 1.0, "cut": 1.0}, each_once=True,
    temper=Temper(pace=6.0, words=REAL), settings={"TURN_SECONDS": "15"},
)  # fmt: skip


def storm(topology: Topology, drops: int, seconds: float) -> Episode:
    """Nothing but lost sockets: in the handshake, in the middle of a frame, and while the service starts again."""
    return Episode(
        f"{topology}: dropped sockets", topology, seconds, customers=60, agents=4, gap=2.0, storm=0.97, crash_share=0.2,
        faults={"drop all customers": 8, "cut": 1, "kill service": 1}, temper=Temper(pace=1.5, drops=0.3),
        times=_HASTY, until_drops=drops,
    )  # fmt: skip


def short_plan(topologies: Sequence[str]) -> Plan:
    """Every kind of fault at least once, in both topologies, in under three minutes."""
    episodes: list[Episode] = []
    if "embedded" in topologies:
        once = {**_NET, **_PROCESSES, "pause service": 1.0, "disk full": 1.0}
        episodes += [
            Episode(
                "embedded: every fault",
                seconds=18,
                faults=once,
                gap=0.5,
                pause=3.0,
                each_once=True,
                customers=10,
                push=True,
            ),
            Episode("embedded: clock", seconds=4, faults={"clock jump": 1.0}, gap=1.0, each_once=True, customers=8),
            replace(storm("embedded", 150, 8), customers=20),
        ]
    if "distributed" in topologies:
        once = {**_NET, **_PROCESSES, **_SERVERS, "partition": 1.0, "pause service": 1.0}
        episodes += [
            Episode(
                "distributed: every fault", "distributed", seconds=22, faults=once, gap=0.4, pause=3.0, each_once=True,
                customers=10,
            ),
            Episode("distributed: clock", "distributed", 4, {"clock jump": 1.0}, gap=1.0, each_once=True, customers=8),
        ]  # fmt: skip
    kinds = frozenset(kind for episode in episodes if episode.each_once for kind in episode.faults)
    return Plan(tuple(episodes), SEEDED[:2], Promise(kills=4 * len(topologies), drops=100, kinds=kinds))


def closing_plan(topologies: Sequence[str]) -> Plan:
    """At least 500 kills and 10,000 dropped sockets over both topologies."""
    share = 1 if len(topologies) == 2 else 2
    each = [_closing_episodes(topology == "distributed", share) for topology in topologies]
    # One of each topology side by side: together they use the machine better than two of a kind.
    episodes = [episode for pair in zip(*each, strict=True) for episode in pair]
    episodes.append(REAL_RASA)
    promised = frozenset(kind for episode in episodes for kind in episode.faults)
    return Plan(tuple(episodes), SEEDED, Promise(kills=500, drops=10_000, kinds=promised))


def _closing_episodes(far: bool, share: int) -> list[Episode]:
    name: Topology = "distributed" if far else "embedded"
    kills = {**_PROCESSES, **(_SERVERS if far else {})}
    net = {**_NET, "pause service": 0.5, **({"partition": 0.7} if far else {"disk full": 0.7})}
    clock = {"clock jump": 2.0, "kill service": 1.0}
    plain = Episode("", name, seconds=75, temper=_BUSY)
    crashing = replace(plain, faults=_FEW, gap=4.0, crash_share=1.0)
    made = [
        *(replace(plain, name=f"kills {n + 1}", faults=kills, gap=0.9) for n in range(3 * share)),
        replace(crashing, name="crash points 1"),
        replace(crashing, name="crash points 2", push=True),
        *(replace(plain, name=f"net {n + 1}", seconds=60, faults=net, gap=0.7) for n in range(2)),
        replace(plain, name="all at once", seconds=60, faults={**kills, **net}, gap=0.6, push=True),
        replace(plain, name="a long stop", seconds=0, faults={"pause service": 1.0}, pause=60.0, each_once=True),
        replace(plain, name="clock", seconds=25, faults=clock, gap=2.0),
    ]
    named = [replace(episode, name=f"{name}: {episode.name}") for episode in made]
    return [*named, storm(name, 5_100 * share, 240 * share)]
