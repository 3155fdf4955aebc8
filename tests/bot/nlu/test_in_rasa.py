"""Our components inside Rasa's own environment and classes, by way of tests/support/nlu_probe.py."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedder import RASA_PYTHON, ROOT, exported_embedder

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(900)]
# Below what was measured on the day it was set (docs/nlu.md), above what a broken pipeline reaches.
LOWEST_ACCURACY = 0.80
LOWEST_MACRO_F1 = 0.80
LOWEST_ENTITY_F1 = 0.97


def in_rasa(*arguments: str) -> str:
    quiet = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
        "EMBEDDER_DIR": "",
    }
    ran = subprocess.run(
        [str(RASA_PYTHON), *arguments], cwd=ROOT, env=quiet, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    other = tmp_path_factory.mktemp("embedder") / "other"
    shutil.copytree(exported_embedder(), other)
    with (other / "manifest.json").open("a") as manifest:
        manifest.write("\n")
    output = in_rasa(str(ROOT / "tests" / "support" / "nlu_probe.py"), str(exported_embedder()), str(other))
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report


def test_a_message_in_rasa_carries_the_encoders_own_vector(probed: dict[str, Any]) -> None:
    assert probed["shape"] == [1, 768]
    assert probed["same_as_encoder"]


def test_all_training_messages_with_words_are_featurised_and_bare_intents_left_alone(probed: dict[str, Any]) -> None:
    assert probed["featurised"] == 12


def test_changed_embedder_files_change_the_cache_key_and_same_files_do_not(probed: dict[str, Any]) -> None:
    same, again, other = probed["fingerprints"]
    assert same == again
    assert same != other


def test_a_model_trained_with_another_embedder_refuses_to_load(probed: dict[str, Any]) -> None:
    assert probed["refused"]


def test_the_classifier_survives_storage_and_answers_an_empty_message_with_no_intent(probed: dict[str, Any]) -> None:
    assert probed["intent"] == "greet"
    assert probed["ranked"] == 2
    assert probed["empty"] == {"name": None, "confidence": 0.0}


def test_the_pipeline_keeps_its_floor_on_messages_in_another_voice(tmp_path: Path) -> None:
    in_rasa("-m", "bot.nlu.evaluate", "--judge", "tests/nlu/heldout.yml", "--to", str(tmp_path))
    report = json.loads((tmp_path / "config.json").read_text())
    assert report["messages"] >= 300
    assert report["accuracy"] >= LOWEST_ACCURACY
    assert report["macro_f1"] >= LOWEST_MACRO_F1
    assert report["entities"]["f1"] >= LOWEST_ENTITY_F1
