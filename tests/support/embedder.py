"""The exported embedder for tests: the one in var/minilm, made first when it is missing or out of date."""

import subprocess
import sys
from pathlib import Path

from bot.nlu.export import up_to_date

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "minilm"
RASA_PYTHON = ROOT / ".venv-rasa" / "bin" / "python"


def exported_embedder() -> Path:
    """The folder with an embedder that fits the installed weights."""
    if not up_to_date(FOLDER):
        subprocess.run([sys.executable, "-m", "bot.nlu.export", "--to", str(FOLDER)], cwd=ROOT, check=True)
    return FOLDER
