"""The exported graph agrees with sentence-transformers on short, long, odd, rude and foreign sentences."""

import json
import subprocess
import sys

import pytest

from tests.support.embedder import ROOT, exported_embedder

# In a process of its own: torch and its friends warn at import, and that is theirs to fix.
PROGRAM = (
    "import json, sys; from pathlib import Path; from bot.nlu.graph import agreement;"
    "from bot.nlu.export import weights_folder; print(json.dumps(agreement(Path(sys.argv[1]), weights_folder())))"
)


@pytest.mark.timeout(240)
def test_every_sentence_keeps_its_direction_in_int8() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(exported_embedder())], cwd=ROOT, check=True, capture_output=True, text=True
    )
    figures = json.loads(ran.stdout.splitlines()[-1])
    assert figures["count"] >= 50
    assert figures["mean"] >= 0.985
    assert figures["lowest"] >= 0.97
