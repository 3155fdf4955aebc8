"""`make up-distributed` starts servers and replicas, starts those again that die, and leaves nothing running.

PostgreSQL, Redis and nginx are Debian's; the replicas are tiny programs, so that every way to end can be tried.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.up_distributed import UpDistributed, up_distributed
from tools.places import Places
from tools.replicas import Counts, Topology, choose_ports, counts
from tools.supervisor import Job, read_plan, write_plan
from tools.trouble import Trouble

# Ready as a service is, alive as an action server is; says which process it is.
TINY = """
import http.server, os, signal, sys
class Tiny(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *words):
        pass
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if sys.argv[1] == "broken":
    sys.exit("this replica has a bad day")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Tiny).serve_forever()
"""

DRIVER = """
import os, pathlib, sys
from tools.places import Places
from tools.ports import PORTS, chosen
from tools.replicas import Commands, Topology, choose_ports, counts
from tools.trouble import explained
from tools.up_distributed import main
folder = pathlib.Path(sys.argv[1])
def prepared(places, settings):
    ports = choose_ports(chosen(PORTS[0], settings), counts(settings))
    tiny = [sys.executable, str(folder / "tiny.py")]
    parts = Commands([*tiny, os.environ["SERVICE"]], [*tiny, "polite"], [*tiny, "polite"])
    topology = Topology(places, ports, folder, parts)
    return topology, {**os.environ, **topology.environment(), "DEMO": "true"}
sys.exit(explained(lambda: main(prepared=prepared)))
"""

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    (tmp_path / "tiny.py").write_text(TINY)
    return tmp_path


@pytest.fixture
def running(tiny: Path) -> Iterator[UpDistributed]:
    with up_distributed(DRIVER, tiny, SERVICE="polite") as one:
        one.hear("Ctrl-C stops everything")
        yield one


def until(what: Callable[[], bool], seconds: float = 60) -> bool:
    """Look again and again; for things that other processes do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_it_says_where_to_go_and_both_replicas_are_behind_the_door(running: UpDistributed) -> None:
    assert f"{running.url}/console" in running.said
    assert "agent1@example.com" in running.said
    assert {read(running.url) for _ in range(12)} == {str(running.pid("service-1")), str(running.pid("service-2"))}


def test_a_replica_and_a_server_that_are_killed_are_started_again(running: UpDistributed) -> None:
    for job in ("service-2", "redis", "nginx", "postgres"):
        before = running.kill(job)
        assert until(lambda job=job, before=before: running.pid(job) != before), running.logs()
    second = running.addresses["services"][1]
    assert until(lambda: answers(second))
    assert until(lambda: answers(running.url))


def answers(url: str) -> bool:
    try:
        return bool(read(url))
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_stopped_nothing_is_left(running: UpDistributed, how: signal.Signals) -> None:
    everything = running.everything()
    names = {name for one in everything for name in [one.name()]}
    assert {"postgres", "redis-server", "nginx"} <= names
    running.process.send_signal(how)
    said = running.hear_the_rest()
    assert until(lambda: gone(everything))
    if how != signal.SIGKILL:
        assert "nothing is left running" in said
        assert "database system is shut down" in (running.folder / "log" / "postgres.log").read_text()


def test_nothing_is_left_when_a_supervisor_is_killed_outright(running: UpDistributed) -> None:
    everything = running.everything()
    supervisors = [one for one in everything if one.cmdline()[1:2] and one.cmdline()[1].endswith("supervisor.py")]
    assert len(supervisors) == 2
    supervisors[-1].kill()
    assert "Something did not stay up" in running.hear_the_rest()
    assert until(lambda: gone(everything)), [one.cmdline() for one in everything if not gone([one])]


def test_a_replica_that_cannot_stay_up_ends_everything_with_its_last_words(tiny: Path) -> None:
    with up_distributed(DRIVER, tiny, SERVICE="broken", REPLICAS="1") as one:
        said = one.hear_the_rest()
    assert "service-1 does not stay up" in said
    assert "this replica has a bad day" in said
    assert one.process.returncode == 1


def test_the_second_start_finds_what_the_first_one_wrote(tiny: Path) -> None:
    def psql(one: UpDistributed, sql: str) -> str:
        address = one.addresses["postgres"].replace("+psycopg", "")
        done = subprocess.run(["psql", address, "-qAtc", sql], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with up_distributed(DRIVER, tiny, SERVICE="polite", REPLICAS="1") as one:
        one.hear("Ctrl-C stops everything")
        psql(one, "CREATE TABLE kept AS SELECT 42 AS answer")
    with up_distributed(DRIVER, tiny, SERVICE="polite", REPLICAS="1") as one:
        one.hear("Ctrl-C stops everything")
        assert psql(one, "SELECT answer FROM kept") == "42"


# --- the plan ---


def test_a_taken_door_is_one_plain_sentence_with_the_way_out() -> None:
    with pytest.raises(Trouble, match=r"Port 8000 is in use.*make up-distributed PORT=8010"):
        choose_ports(8000, Counts(2, 2, 2), lambda port: port == 8000)


def test_inner_ports_that_are_taken_are_left_out() -> None:
    ports = choose_ports(8000, Counts(2, 2, 1), lambda port: port in {8020, 8023})
    doors = ports.doors
    chosen = [ports.postgres, ports.redis, doors.inner_service, doors.inner_rasa, doors.inner_actions,
              *doors.services, *doors.actions, *doors.rasas]  # fmt: skip
    assert sorted(chosen) == [8021, 8022, *range(8024, 8032)]


def test_no_room_for_ports_is_said() -> None:
    with pytest.raises(Trouble, match="choose a smaller PORT"):
        choose_ports(65_500, Counts(8, 8, 8), lambda port: False)


@pytest.mark.parametrize("text", ["0", "-1", "nine", "99"])
def test_something_that_is_no_number_of_replicas_is_refused(text: str) -> None:
    with pytest.raises(Trouble, match="not a number of replicas"):
        counts({"REPLICAS": text})


def test_one_number_is_for_all_and_rasa_may_have_its_own() -> None:
    assert counts({}) == Counts(2, 2, 2)
    assert counts({"REPLICAS": "1"}) == Counts(1, 1, 1)
    assert counts({"RASA_REPLICAS": "1"}) == Counts(2, 2, 1)


def test_no_secret_is_in_a_plan(tmp_path: Path) -> None:
    topology = Topology(Places(), choose_ports(30_000, Counts(2, 2, 2), lambda port: False), tmp_path)
    jobs = topology.replica_jobs()
    write_plan(tmp_path / "plan.json", jobs, tmp_path)
    assert read_plan(tmp_path / "plan.json")[0] == [Job(job.name, list(job.command), dict(job.env)) for job in jobs]
    assert set().union(*(job.env for job in jobs)) == {"PORT"}
    assert os.environ.get("RASA_TOKEN", "no-token") not in (tmp_path / "plan.json").read_text()


def test_every_name_that_rasas_endpoints_ask_for_is_given(tmp_path: Path) -> None:
    topology = Topology(Places(), choose_ports(30_000, Counts(1, 1, 1), lambda port: False), tmp_path)
    text = (Places().root / "endpoints.distributed.yml").read_text(encoding="utf-8")
    asked = {part.split("}")[0] for line in text.splitlines() if "#" not in line for part in line.split("${")[1:]}
    assert asked
    assert asked <= set(topology.environment())
