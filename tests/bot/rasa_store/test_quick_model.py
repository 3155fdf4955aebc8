"""A model that runs quickly answers as it does in Rasa's own hands: asked inside Rasa's environment."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedder import RASA_PYTHON, ROOT

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def probed(tiny_folder: Path) -> dict[str, Any]:
    ran = subprocess.run(
        [RASA_PYTHON, ROOT / "tests" / "support" / "quick_model_probe.py", tiny_folder / "models" / "tiny.tar.gz"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "RASA_TELEMETRY_ENABLED": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    report: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return report


def test_every_next_step_of_random_dialogues_is_predicted_as_by_rasa(probed: dict[str, Any]) -> None:
    found = probed["predictions"]
    assert found["differing"] == 0
    assert found["asked"] > 200
    assert found["chosen"] >= 8, "the dialogues led to too few actions to tell"


def test_rasa_s_own_runner_is_taken_over_once(probed: dict[str, Any]) -> None:
    found = probed["predictions"]
    assert (found["stock"], found["kind"], found["kept"]) == ("DaskGraphRunner", "QuickGraphRunner", True)


def test_words_are_understood_as_by_rasa(probed: dict[str, Any]) -> None:
    assert probed["understood"] == [True] * 5


def test_the_rules_left_to_be_judged_are_all_that_rasa_finds_possible(probed: dict[str, Any]) -> None:
    assert probed["other_rules"] == 0


def test_events_are_read_as_by_rasa_and_unknown_ones_refused(probed: dict[str, Any]) -> None:
    assert probed["events"]
    assert "nobody knows" in probed["unknown"]


def test_rules_for_words_themselves_are_not_overlooked(probed: dict[str, Any]) -> None:
    assert probed["words"] == [False, True]
