"""`make up-distributed`: PostgreSQL, Redis, nginx and replicas of everything, as local processes; Ctrl-C stops all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.commands import must, run, say
from tools.debian import SERVERS, have_packages
from tools.disk import NEED_RUNNING_GB, need
from tools.embedder import make_embedder
from tools.environments import Environments
from tools.places import Places
from tools.ports import PORTS, chosen
from tools.process_env import process_env, settings_of
from tools.readiness import Answer, ask_ready, wait_until_ready
from tools.replicas import Topology, choose_ports, counts
from tools.stack import PATIENCE_GIVEN, Stack
from tools.supervisor import PATIENCE, Job, write_plan
from tools.training import train
from tools.trouble import Trouble, explained
from tools.up import READY_SECONDS, Stopped, calmly, greet

SERVER_SECONDS = 60.0


def prepare(places: Places, settings: Mapping[str, str], folder: Path | None = None) -> tuple[Topology, dict[str, str]]:
    """Everything before the start, each part only if needed: the topology, and the environment of its processes.

    What is written goes to ``folder``, var/distributed by default.
    """
    ports = choose_ports(chosen(PORTS[0], settings), counts(settings))
    have_packages(packages=SERVERS, who="More than one replica needs")
    Environments(places).make()
    make_embedder(places)
    model = train(places)
    need(NEED_RUNNING_GB, "running", places.root)
    topology = Topology(places, ports, folder or places.var / "distributed")
    env = process_env(places, settings, str(model.relative_to(places.root)))
    return topology, {**env, **topology.environment()}


Prepare = Callable[[Places, Mapping[str, str]], tuple[Topology, dict[str, str]]]


class Group:
    """Jobs that are started and stopped together, and what they say about themselves."""

    def __init__(self, name: str, places: Places, topology: Topology, env: Mapping[str, str]) -> None:
        self.name = name
        self._places = places
        self._folder = topology.folder
        self._env = {**env, PATIENCE_GIVEN: str(PATIENCE + 5)}

    @contextmanager
    def running(self, jobs: Sequence[Job]) -> Iterator[Stack]:
        """The jobs under the supervisor under the keeper, until the block is left."""
        plan = self._folder / f"{self.name}.json"
        write_plan(plan, jobs, self._folder / "log")
        python = self._places.service_python
        manager = [str(python), str(Path(__file__).with_name("supervisor.py")), str(plan)]
        log = self._folder / "log" / f"{self.name}.log"
        with Stack(python, manager, self._places.root, self._env, log) as stack:
            yield stack

    def trouble(self, stack: Stack) -> Trouble:
        """What to say when the group has ended by itself."""
        last = "\n".join(stack.last_lines(25))
        return Trouble(f"Something did not stay up, so everything was stopped. The last lines:\n{last}")


def up(places: Places, parent: int, prepared: Prepare = prepare) -> int:
    """The whole of `make up-distributed`; ends by Stopped or Trouble only."""
    started = time.monotonic()
    settings = settings_of(places)
    topology, env = prepared(places, settings)
    say(f"  starting PostgreSQL and Redis, then nginx and the replicas (their words are in {topology.folder / 'log'})")
    servers, replicas = (Group(name, places, topology, env) for name in ("servers", "replicas"))
    with servers.running(topology.server_jobs()) as below:
        _wait_for_servers(topology, below)
        command, here = topology.accounts()
        must(run(command, env=here), "making the databases")
        with replicas.running(topology.replica_jobs()) as above:
            topology.write_addresses()
            answer = _wait_for_replicas(topology, above, parent, settings)
            if not answer.ready and above.alive and os.getppid() == parent:
                raise Trouble(f"Not ready in time; everything is stopped again. The last word was: {answer.text[:500]}")
            if answer.ready:
                greet(topology.url, env, time.monotonic() - started, "bin/switchboard --distributed")
            _watch((below, above), parent)
        failed = (servers, below) if not below.alive else (replicas, above)
    raise failed[0].trouble(failed[1])


def _wait_for_servers(topology: Topology, stack: Stack) -> None:
    until = time.monotonic() + SERVER_SECONDS
    while not (topology.postgres.answers() and topology.redis.answers()):
        if not stack.alive or time.monotonic() > until:
            last = "\n".join(stack.last_lines(25))
            raise Trouble(f"PostgreSQL or Redis did not start. The last lines:\n{last}")
        time.sleep(0.1)


def _wait_for_replicas(topology: Topology, stack: Stack, parent: int, settings: Mapping[str, str]) -> Answer:
    """Ask each service for itself and then the door: the last answer, the first bad one if there is one."""
    addresses = [f"http://127.0.0.1:{port}" for port in (*topology.doors.services, topology.doors.public)]

    def ask() -> Answer:
        answer = Answer(False, "no replica")
        for address in addresses:
            answer = ask_ready(address)
            if not answer.ready:
                break
        return answer

    return wait_until_ready(
        ask,
        alive=lambda: stack.alive and os.getppid() == parent,
        seconds=float(settings.get("READY_SECONDS") or READY_SECONDS),
        say=say,
    )


def _watch(stacks: Sequence[Stack], parent: int) -> None:
    """Return when a group has ended; raise Stopped when the process that started us is gone."""
    while all(stack.alive for stack in stacks):
        if os.getppid() != parent:
            raise Stopped("make is gone")
        time.sleep(0.5)


def main(places: Places | None = None, prepared: Prepare = prepare) -> int:
    """`make up-distributed`. Returns the exit code."""
    return calmly(lambda parent: up(places or Places(), parent, prepared))


if __name__ == "__main__":
    sys.exit(explained(main))
