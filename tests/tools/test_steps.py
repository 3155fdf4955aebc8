"""The runner of `make test`: a line per step, every failure named at the end, and a last line that can be counted."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tools.built_pages import differences
from tools.checks import Checks
from tools.debian import have_packages
from tools.doctor import BAD, LATER, Doctor
from tools.nlu_gate import failures
from tools.places import Places
from tools.readiness import Answer, missing, wait_until_ready
from tools.steps import Beside, Outcome, Step, each, run_steps
from tools.trouble import Trouble

ROOT = Path(__file__).resolve().parents[2]


def passes() -> Outcome:
    return Outcome(True, "fine")


def fails() -> Outcome:
    return Outcome(False, "expected 3, got 4")


def breaks() -> Outcome:
    raise Trouble("The checks need chromium.")


def test_the_last_line_counts_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_steps([Step("lint", passes), Step("types", passes)], tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "switchboard: 2 passed, 0 failed"


def test_a_failure_does_not_hide_the_steps_after_it_and_is_named_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_steps([Step("lint", fails), Step("types", passes), Step("programs", breaks)], tmp_path) == 1
    said = capsys.readouterr().out
    assert "expected 3, got 4" in said
    assert "failed: lint\nfailed: programs\nswitchboard: 1 passed, 2 failed" in said


def test_steps_after_a_failed_needed_one_count_as_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_steps([Step("environments", fails, needed=True), Step("lint", passes)], tmp_path)
    said = capsys.readouterr().out
    assert "lint: not run, because “environments” failed" in said
    assert said.endswith("switchboard: 0 passed, 2 failed\n")


def test_lanes_go_beside_each_other_and_what_follows_waits_for_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, there = threading.Event(), threading.Event()
    done: list[str] = []

    def meets(mine: threading.Event, other: threading.Event) -> Outcome:
        mine.set()
        done.append("met")
        return Outcome(other.wait(30), "nobody came")

    lanes = Beside([[Step("types", lambda: meets(here, there))], [Step("train", lambda: meets(there, here))]])
    after = Step("tests", lambda: Outcome(done == ["met", "met"]))
    assert run_steps([lanes, after], tmp_path) == 0
    said = capsys.readouterr().out
    assert [line.partition(" (")[0] for line in sorted(said.splitlines()[:2])] == [
        "[ 1/3] types … passed",
        "[ 2/3] train … passed",
    ]
    assert said.endswith("switchboard: 3 passed, 0 failed\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01.log", "02.log", "03.log"]


def test_a_failed_needed_step_stops_its_lane_and_what_follows_but_not_the_other_lane(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lanes = Beside([[Step("rasa", breaks, needed=True), Step("train", passes)], [Step("types", passes)]])
    assert run_steps([lanes, Step("tests", passes)], tmp_path) == 1
    said = capsys.readouterr().out
    assert "The checks need chromium." in said
    assert "[ 2/4] train: not run, because “rasa” failed" in said
    assert "[ 3/4] types … passed" in said
    assert said.endswith("failed: rasa\nfailed: train\nfailed: tests\nswitchboard: 1 passed, 3 failed\n")


def test_everything_covers_what_is_promised() -> None:
    names = " | ".join(step.name for step in each(Checks(Places(ROOT)).everything()))
    for part in ("ruff check", "ruff format", "mypy", "import contracts", "rasa data validate", "rasa train"):
        assert part in names
    for part in (
        "rasa test core",
        "rasa test nlu",
        "pytest",
        "vitest",
        "equals a rebuild",
        "size",
        "journeys",
        "PostgreSQL and Redis",
    ):
        assert part in names


def test_the_inner_loop_starts_no_service_and_needs_no_node() -> None:
    names = [step.name for step in each(Checks(Places(ROOT)).inner_loop())]
    assert not [name for name in names if "rasa" in name or "front-end" in name or "journeys" in name]


def test_missing_debian_packages_are_named_to_somebody_who_may_not_install_them() -> None:
    with pytest.raises(Trouble, match="apt-get install chromium nodejs npm"):
        have_packages(lambda program: None, root=False)


def test_nothing_is_installed_when_every_program_is_there() -> None:
    assert have_packages(lambda program: "/usr/bin/" + program, root=False) == []


def test_readiness_is_awaited_and_what_is_missing_is_said() -> None:
    answers = iter(
        [Answer(False, '{"parts": {"store": {"ok": true, "why": ""}, "rasa": {"ok": false, "why": "loading"}}}')] * 40
        + [Answer(True, "")]
    )
    said: list[str] = []
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    last = wait_until_ready(
        lambda: next(answers), alive=lambda: True, seconds=60, say=said.append, pause=pause, clock=lambda: now[0]
    )
    assert last.ready
    assert [line.split(":")[1] for line in said] == [" waiting for rasa (loading)"] * 2


def test_waiting_ends_with_the_last_answer_when_the_time_is_over_or_a_process_died() -> None:
    never = Answer(False, "no")
    clock = iter(range(100))
    assert (
        wait_until_ready(
            lambda: never,
            alive=lambda: True,
            seconds=5,
            say=print,
            pause=lambda s: None,
            clock=lambda: float(next(clock)),
        )
        == never
    )
    assert wait_until_ready(lambda: never, alive=lambda: False, seconds=5, say=print) == never


def test_an_answer_that_is_not_json_is_shown_as_it_is() -> None:
    assert missing(Answer(False, "the service to answer")) == "the service to answer"


def test_a_rebuilt_file_that_differs_is_named() -> None:
    assert differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == ["b", "c"]


def test_the_gate_on_language_understanding_names_every_floor_that_broke() -> None:
    good = {"precision": 0.97, "recall": 0.97, "f1-score": 0.97, "support": 60}
    report = {"accuracy": 0.95, "human_handoff": good, "greet": good, "macro avg": {"f1-score": 0.1, "support": 9}}
    assert failures(report) == []
    worse = {**report, "accuracy": 0.5, "human_handoff": {**good, "recall": 0.8}, "greet": {**good, "f1-score": 0.2}}
    assert len(failures(worse)) == 3


def test_the_doctor_says_what_make_up_will_do_and_what_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "service.txt").write_text("")
    nowhere = {"PATH": "", "HOME": str(tmp_path), "LLM_PROVIDER": "openai", "PORT": "http"}
    found = {one.what: one for one in Doctor(Places(tmp_path), nowhere, lambda folder: 10**9).findings()}
    assert found["Python 3.10 for Rasa"].state == BAD
    assert found["disk"].state == BAD
    assert found["port of service"].state == BAD
    assert "OPENAI_API_KEY" in found["language model"].detail
    assert found["sentence embedder"].state == LATER
