"""`make up`: from a fresh clone to a running Switchboard, and nothing left behind when it stops."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from tools.commands import say
from tools.disk import NEED_RUNNING_GB, need
from tools.embedder import make_embedder
from tools.environments import Environments
from tools.places import Places
from tools.ports import must_be_free
from tools.process_env import process_env, settings_of, write_endpoints
from tools.readiness import ask_ready, wait_until_ready
from tools.stack import Stack, honcho
from tools.training import train
from tools.trouble import Trouble, explained

# Rasa loads TensorFlow at its start: 15 to 25 s on two cores, several times that on a busy or slow machine.
READY_SECONDS = 240.0
# How a process ends that is asked to, itself or the shell around it.
_STOPPED = (-signal.SIGTERM, 128 + signal.SIGTERM, 0)
# Lines of the end of the log: the others say much while they are stopped.
LOOKED_AT = 400


class Stopped(Exception):
    """Somebody asked us to stop: Ctrl-C, SIGTERM, a closed terminal, or the `make` above us is gone."""


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _on_signal(number: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C must not cut the stopping short.
    for later in SIGNALS:
        signal.signal(later, signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)


def prepare(places: Places, settings: Mapping[str, str]) -> dict[str, str]:
    """Everything before the start, each part only if needed. Returns the processes' environment."""
    must_be_free(settings)
    Environments(places).make()
    make_embedder(places)
    model = train(places)
    need(NEED_RUNNING_GB, "running", places.root)
    env = process_env(places, settings, str(model.relative_to(places.root)))
    write_endpoints(places, env["ACTIONS_URL"])
    return env


def who_ended(lines: Sequence[str]) -> str:
    """The process that ended by itself and how, by the manager's words; the others were then stopped."""
    said = re.findall(r"system +\| (\w+)\.\d+ stopped \(rc=(-?\d+)\)", "\n".join(lines))
    ends = [(name, int(code)) for name, code in said]
    # The manager stops the others with SIGTERM, and may note their end before it notes the first one's.
    for name, code in [end for end in ends if end[1] not in _STOPPED] or ends:
        return f"{name} ({f'killed by signal {-code}' if code < 0 else f'exit code {code}'})"
    return "One of the processes"


Prepare = Callable[[Places, Mapping[str, str]], dict[str, str]]


def greet(url: str, env: Mapping[str, str], seconds: float, operate: str = "bin/switchboard") -> None:
    """Where to go, how to sign in, and by which command it is operated."""
    say(f"\nSwitchboard is ready ({seconds:.0f} s).")
    say(f"  the shop with the widget   {url}/")
    say(f"  the agents' console        {url}/console")
    if env.get("DEMO", "").lower() in {"1", "true", "yes", "on"}:
        say(f"  sign in as                 agent1@example.com or agent2@example.com, password {env['DEMO_PASSWORD']}")
    say(f"  operate it                 {operate} --help")
    say("Ctrl-C stops everything.")


def watch(stack: Stack, parent: int) -> None:
    """Return when one of the processes has died; raise Stopped when the process that started us is gone."""
    while stack.alive:
        if os.getppid() != parent:
            raise Stopped("make is gone")
        time.sleep(0.5)


def up(places: Places, parent: int, prepared: Prepare = prepare) -> int:
    """The whole of `make up`; ends by Stopped or Trouble only."""
    started = time.monotonic()
    settings = settings_of(places)
    env = prepared(places, settings)
    say(f"  starting service, actions and rasa (their words are in {places.log.relative_to(places.root)})")
    manager = honcho(places.service_python, places.procfile)
    show = bool(settings.get("LOGS"))
    with Stack(places.service_python, manager, places.root, env, places.log, show=show) as stack:
        answer = wait_until_ready(
            lambda: ask_ready(env["SERVICE_URL"]),
            alive=lambda: stack.alive and os.getppid() == parent,
            seconds=float(settings.get("READY_SECONDS") or READY_SECONDS),
            say=say,
        )
        if answer.ready:
            greet(env["SERVICE_URL"], env, time.monotonic() - started)
            watch(stack, parent)
        elif stack.alive:
            raise Trouble(
                f"Not ready in time; everything is stopped again. The last word of /readyz was: {answer.text[:500]}"
            )
    lines = stack.last_lines(LOOKED_AT)
    last = "\n".join(lines[-25:])
    raise Trouble(f"{who_ended(lines)} ended, so all were stopped. Their last lines:\n{last}")


def calmly(run: Callable[[int], int]) -> int:
    """Run something that is stopped from outside, given our parent's id; says goodbye. Returns the exit code."""
    parent = os.getppid()
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    try:
        return run(parent)
    except Stopped as why:
        say(f"\nStopped ({why}); nothing is left running.")
        return 0 if str(why) == "SIGINT" else 143


def main(places: Places | None = None, prepared: Prepare = prepare) -> int:
    """`make up`. Returns the exit code."""
    return calmly(lambda parent: up(places or Places(), parent, prepared))


if __name__ == "__main__":
    sys.exit(explained(main))
