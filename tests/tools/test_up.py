"""`make up` starts what the Procfile names, says when it is ready, and leaves nothing running however it is stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]

# A process with a child of its own, as Rasa and the action server have; both pids are written down.
WORKER = """
import os, pathlib, signal, subprocess, sys, time
name, stubborn = sys.argv[1], sys.argv[2] == "stubborn"
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(name + ".new").write_text(f"{os.getpid()} {child.pid}")
pathlib.Path(name + ".new").rename(name + ".pids")
time.sleep(600)
"""

SERVICE = """
import http.server, os, pathlib
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if len(list(pathlib.Path().glob("*.pids"))) == 2 else 503)
        self.end_headers()
        self.wfile.write(b'{"rasa": {"ok": false}}')
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""

DRIVER = """
import os, pathlib, sys
from tools.places import Places
from tools.trouble import explained
from tools.up import main
places = Places(pathlib.Path(sys.argv[1]))
port = sys.argv[2]
url = "http://127.0.0.1:" + port
env = {**os.environ, "PORT": port, "SERVICE_URL": url, "DEMO": "true", "DEMO_PASSWORD": "pass-word"}
sys.exit(explained(lambda: main(places, lambda places, settings: env)))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], bool], seconds: float = 30) -> bool:
    """Look again and again; for things that other processes do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


class Running:
    """A `make up` over a tiny Procfile in a folder of its own."""

    def __init__(self, folder: Path, *, workers: str = "polite") -> None:
        self.folder = folder
        (folder / "worker.py").write_text(WORKER)
        (folder / "service.py").write_text(SERVICE)
        (folder / "driver.py").write_text(DRIVER)
        (folder / ".venv").symlink_to(sys.prefix)
        python = sys.executable
        (folder / "Procfile").write_text(
            f"service: exec {python} service.py\n"
            f"actions: exec {python} worker.py actions {workers}\n"
            f"rasa: exec {python} worker.py rasa {workers}\n"
        )
        (folder / "Makefile").write_text(f"up:\n\t@exec {python} driver.py {folder} {free_port()}\n")
        self.make = subprocess.Popen(
            ["make", "up"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def hear(self, words: str) -> None:
        assert self.make.stdout is not None
        for line in self.make.stdout:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"never said {words!r}, but:\n{self.said}")

    def hear_the_rest(self) -> str:
        assert self.make.stdout is not None
        self.said += self.make.stdout.read()
        self.make.stdout.close()
        self.make.wait()
        return self.said

    def pids(self) -> list[int]:
        """The workers' pids and those of their children."""
        files = [self.folder / "actions.pids", self.folder / "rasa.pids"]
        return [int(pid) for file in files for pid in file.read_text().split()]

    def everything(self) -> list[psutil.Process]:
        """Every process below `make`, ours and theirs."""
        return psutil.Process(self.make.pid).children(recursive=True)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path)
    yield one
    one.make.kill()
    assert one.make.stdout is not None
    one.make.stdout.close()
    one.make.wait()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_it_says_where_to_go_and_how_to_sign_in_once_all_is_ready(running: Running) -> None:
    running.hear("Switchboard is ready")
    running.hear("Ctrl-C")
    assert re.search(r"http://127\.0\.0\.1:\d+/console", running.said)
    assert "agent1@example.com" in running.said
    assert "pass-word" in running.said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_its_relatives_stop_everything(running: Running, how: signal.Signals) -> None:
    running.hear("Ctrl-C")
    everything = running.everything()
    assert len(everything) >= 9  # up, keeper, honcho, its three watchers, service, two workers with a child each
    # A terminal sends Ctrl-C to the whole foreground group: make and up.
    os.killpg(running.make.pid, how)
    assert "nothing is left running" in running.hear_the_rest()
    assert gone(everything)


def test_nothing_is_left_when_make_is_killed_outright(running: Running) -> None:
    running.hear("Ctrl-C")
    everything = running.everything()
    running.make.kill()
    assert until(lambda: gone(everything))


def test_nothing_is_left_when_the_whole_foreground_group_is_killed_outright(running: Running) -> None:
    running.hear("Ctrl-C")
    everything = running.everything()
    os.killpg(running.make.pid, signal.SIGKILL)
    assert until(lambda: gone(everything))


def test_nothing_is_left_when_the_process_manager_is_killed_outright(running: Running) -> None:
    running.hear("Ctrl-C")
    everything = running.everything()
    keeper = next(one for one in everything if any("keeper" in word for word in one.cmdline()))
    keeper.children()[0].kill()
    assert "One of the processes ended" in running.hear_the_rest()
    assert gone(everything)


def test_nothing_is_left_when_the_keeper_is_killed_outright(running: Running) -> None:
    running.hear("Ctrl-C")
    everything = running.everything()
    next(one for one in everything if any("keeper" in word for word in one.cmdline())).kill()
    assert "One of the processes ended" in running.hear_the_rest()
    assert gone(everything)


def test_one_process_that_dies_takes_the_others_along_and_its_last_words_are_shown(running: Running) -> None:
    running.hear("Ctrl-C")
    everything = running.everything()
    os.kill(running.pids()[0], signal.SIGKILL)
    said = running.hear_the_rest()
    assert re.search(r"(service|actions|rasa) \(killed by signal 9\) ended, so all were stopped", said)
    assert "a process ended and left children behind" in said
    assert running.make.returncode != 0
    assert gone(everything)


def test_a_process_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    running = Running(tmp_path, workers="stubborn")
    running.hear("Ctrl-C")
    everything = running.everything()
    os.killpg(running.make.pid, signal.SIGINT)
    assert "nothing is left running" in running.hear_the_rest()
    assert gone(everything)
