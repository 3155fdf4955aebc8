"""The single parts of `make up`, for those who want one of them: setup, embedder, train, ui, clean."""

from __future__ import annotations

import shutil
import sys

from tools.commands import must, run, say
from tools.embedder import make_embedder
from tools.environments import Environments
from tools.places import Places
from tools.training import train
from tools.trouble import Trouble, explained

# What is made by tools and made again by them. var/ is not among it: it holds the record and the secrets.
CLEANED = (".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache", ".rasa", "results")
CLEANED_TOO = ("models", "test-output", "node_modules")


def setup(places: Places) -> None:
    """Both environments, with what the checks need."""
    Environments(places).make(developing=True)
    say("Both Python environments are up to date.")


def embedder(places: Places) -> None:
    """The exported sentence embedder."""
    Environments(places).make()
    make_embedder(places)
    say("The sentence embedder is up to date.")


def trained(places: Places) -> None:
    """The Rasa model for today's data."""
    embedder(places)
    say(f"The model is {train(places).relative_to(places.root)}.")


def ui(places: Places) -> None:
    """Widget and console from their sources; the result is committed."""
    if shutil.which("npm") is None:
        raise Trouble(
            "Building the pages needs Node 20 or newer with npm: install it (Debian: apt-get install nodejs npm)."
        )
    must(run(["npm", "ci", "--no-audit", "--no-fund"], cwd=places.root, show=True), "npm ci", shown=True)
    must(run(["npm", "run", "build"], cwd=places.root, show=True), "npm run build", shown=True)


def clean(places: Places) -> None:
    """Remove what tools have made, but neither the record, nor the secrets, nor the environments."""
    for name in (*CLEANED, *CLEANED_TOO):
        shutil.rmtree(places.root / name, ignore_errors=True)
    say("Removed caches, models and results; kept var/ (record, secrets, embedder), .venv and .venv-rasa.")


PARTS = {"setup": setup, "embedder": embedder, "train": trained, "ui": ui, "clean": clean}


def main() -> int:
    """Do the part that the first argument names."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in PARTS:
        raise Trouble(f"Say which part to do: one of {', '.join(PARTS)}.")
    PARTS[name](Places())
    return 0


if __name__ == "__main__":
    sys.exit(explained(main))
