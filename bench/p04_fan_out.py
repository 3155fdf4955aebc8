"""P4: how soon 200 agents see that a customer waits for a person, beside broadcasts of two relays."""

from __future__ import annotations

from contextlib import AsyncExitStack

from bench.control import control
from bench.fan_out import Audience, Crowd, audience
from bench.open_loop import Heard
from bench.regulars import make_agents
from bench.row import OURS, Bench, Figure, Goal, Row, Samples, latencies
from bench.service import RAISED, embedded, record_in
from bench.targets import LOAD_CORE, SERVER_CORE, lateness, reached

PYTHON, NODE = "python-socketio broadcast", "Node socket.io broadcast"
_WARM = 4
_ROUNDS = 2


async def measure(bench: Bench) -> Row:
    """Rounds of all in turn; each event of ours is another customer who asks for a person."""
    agents, events, rate = bench.pick(200, 10), bench.pick(20, 3), bench.pick(4.0, 10.0)
    runs: dict[str, list[Heard]] = {OURS: [], PYTHON: [], NODE: []}
    async with AsyncExitStack() as stack:
        crowds = await _crowds(bench, stack, agents, _WARM + _ROUNDS * events)
        for crowd in crowds.values():
            await crowd.tell(_WARM, rate)
        for number in range(_ROUNDS):
            for of, crowd in crowds.items():
                runs[of].append(await crowd.tell(events, rate))
                bench.say(f"round {number + 1}, {of}: lost {runs[of][-1].lost} of {runs[of][-1].sent}")
    samples = {of: _samples(of, heard) for of, heard in runs.items()}
    figures = [one for each in samples.values() for one in latencies(each, (0.5, 0.99, 1.0))]
    figures += [Figure(of, "never arrived", each.lost, "messages") for of, each in samples.items()]
    return Row(
        id="P4",
        title=f"One queue event to {agents} agents",
        figures=figures,
        goals=[Goal.at_most("p99 at most 25 ms", reached(samples[OURS], 0.99), 25.0)],
        samples=list(samples.values()),
        notes=[
            lateness([run for heard in runs.values() for run in heard]),
            f"The first {_WARM} events of each were thrown away.",
            "Ours is a change of the record: the offer is written with its packet and matched to agents before anybody "
            "is told, and who it rings at gets a second frame that is not counted. The broadcasts store nothing.",
            "Every agent is an account of its own with one console open, at the desk; those who asked keep waiting, so "
            "that the queue grows with each event.",
        ],
        settings={"agents": agents, "events": _ROUNDS * events, "events per second": rate, **RAISED},
    )


async def _crowds(bench: Bench, stack: AsyncExitStack, agents: int, events: int) -> dict[str, Audience]:
    tokens = await make_agents(record_in(bench.folder), agents)
    service = await stack.enter_async_context(embedded(bench.folder, core=SERVER_CORE))
    ours = Crowd("switchboard", service.addresses[0], agents, events, tokens)
    crowds = {OURS: await stack.enter_async_context(audience(ours, LOAD_CORE))}
    for of, program in ((PYTHON, "relay_python"), (NODE, "relay_node.js")):
        relay = await stack.enter_async_context(control(program, bench.folder, SERVER_CORE))
        crowd = Crowd("socketio", relay.address, agents, events)
        crowds[of] = await stack.enter_async_context(audience(crowd, LOAD_CORE))
    return crowds


def _samples(of: str, runs: list[Heard]) -> Samples:
    values = [value for run in runs for value in run.arrived]
    return Samples(of, "event to each agent's frame", "ms", values, lost=sum(run.lost for run in runs))
