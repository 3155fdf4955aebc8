"""What can go wrong before anything runs is said in one plain sentence, with the way out, and fails."""

from __future__ import annotations

import errno
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.commands import Finished, must, run
from tools.disk import need
from tools.environments import Environments
from tools.places import Places
from tools.ports import PORTS, chosen, in_use, must_be_free
from tools.pythons import NO_PYTHON_310, find_python_310, obtain_python_310
from tools.trouble import FULL_DISK, Trouble, explained

ROOT = Path(__file__).resolve().parents[2]


def test_a_port_in_use_names_the_port_and_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(Trouble, match=rf"Port {number} is in use.*make up RASA_PORT={number + 10}"):
            must_be_free({"RASA_PORT": str(number), "PORT": "1", "ACTIONS_PORT": "2"} | _free_two())


def _free_two() -> dict[str, str]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return {"PORT": str(one.getsockname()[1]), "ACTIONS_PORT": str(two.getsockname()[1])}


def test_a_free_port_is_not_called_in_use() -> None:
    assert not in_use(int(_free_two()["PORT"]))


def test_the_usual_ports_are_those_that_users_of_rasa_know() -> None:
    assert {port.process: chosen(port, {}) for port in PORTS} == {"service": 8000, "rasa": 5005, "actions": 5055}


@pytest.mark.parametrize("text", ["eighty", "0", "70000", "-1"])
def test_something_that_is_no_port_number_is_refused(text: str) -> None:
    with pytest.raises(Trouble, match="not a port number"):
        chosen(PORTS[0], {"PORT": text})


def test_the_same_port_twice_is_refused() -> None:
    with pytest.raises(Trouble, match="three different numbers"):
        must_be_free({"PORT": "9000", "RASA_PORT": "9000"})


def nothing_starts(command: Sequence[str | Path]) -> Finished:
    return Finished(127, "not found", 0.0)


def test_a_missing_python_310_says_how_to_get_one(tmp_path: Path) -> None:
    nowhere = {"PATH": "", "HOME": str(tmp_path)}
    with pytest.raises(Trouble) as trouble:
        obtain_python_310(nowhere, uv=("uv",), runner=nothing_starts)
    assert str(trouble.value) == NO_PYTHON_310
    assert "\n" not in NO_PYTHON_310


def test_a_python_310_in_pyenvs_folder_is_found_when_the_path_has_none(tmp_path: Path) -> None:
    python = tmp_path / "versions" / "3.10.13" / "bin" / "python3.10"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho '/real/python3.10|3.10.13'\n")
    python.chmod(0o755)
    found = find_python_310({"PATH": "/nowhere", "PYENV_ROOT": str(tmp_path)}, runner=run)
    assert found is not None
    assert found.version == "3.10.13"


def test_a_shim_that_does_not_start_is_passed_over(tmp_path: Path) -> None:
    shim = tmp_path / "python3.10"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert find_python_310({"PATH": str(tmp_path), "HOME": str(tmp_path)}) is None


def test_uv_is_asked_for_a_python_310_when_the_machine_has_none(tmp_path: Path) -> None:
    asked: list[str] = []

    def runner(command: Sequence[str | Path]) -> Finished:
        words = [str(word) for word in command]
        asked.append(" ".join(words[:3]))
        if words[:3] == ["uv", "python", "install"]:
            return Finished(0, "", 0.0)
        if words[:3] == ["uv", "python", "find"]:
            there = "uv python install" in asked
            return Finished(0 if there else 2, "/made/by/uv/python3.10\n" if there else "", 0.0)
        return Finished(0, "/made/by/uv/python3.10|3.10.19\n", 0.0)

    found = obtain_python_310({"PATH": "", "HOME": str(tmp_path)}, uv=("uv",), runner=runner)
    assert found.version == "3.10.19"
    assert "uv python install" in asked


def test_make_without_any_python_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "-i", "PATH=/nonexistent", "/usr/bin/make", "-C", str(ROOT), "up"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer (with venv) is not on the PATH: install python3" in done.stderr


def test_too_little_space_is_said_before_the_big_step_begins(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"0\.4 GB are free, 3\.2 GB are needed; free some space"):
        need(3.2, "Rasa's packages", tmp_path, lambda folder: 400_000_000)


def test_environments_are_not_begun_on_a_full_disk(tmp_path: Path) -> None:
    places = Places(tmp_path)
    (tmp_path / "requirements").mkdir()
    with pytest.raises(Trouble, match="disk is too full"):
        Environments(places, free=lambda folder: 1_000).make()
    assert not places.service_environment.exists()


def test_a_disk_that_fills_up_inside_a_step_is_recognised() -> None:
    with pytest.raises(Trouble) as trouble:
        must(Finished(1, "error: failed to write: No space left on device (os error 28)", 3.0), "installing")
    assert str(trouble.value) == FULL_DISK


def test_a_disk_that_fills_up_under_our_own_hands_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert explained(full) == 1
    assert capsys.readouterr().err == f"switchboard: {FULL_DISK}\n"


def test_a_step_that_fails_shows_the_last_lines_of_what_it_said() -> None:
    with pytest.raises(Trouble, match=r"(?s)training failed \(exit code 3\).*the reason"):
        must(run(["/bin/sh", "-c", "echo the reason; exit 3"]), "training")


def test_a_program_that_is_not_there_is_a_failed_step_and_no_crash() -> None:
    assert run(["/nowhere/at/all"]).code == 127
