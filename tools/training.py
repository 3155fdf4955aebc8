"""Trains Rasa when what it learns from has changed. The model's name carries the fingerprint of its inputs."""

from __future__ import annotations

from pathlib import Path

from tools.commands import Command, must, run, say
from tools.disk import NEED_TRAINING_GB, FreeSpace, free_bytes, need
from tools.places import Places
from tools.process_env import QUIET_RASA
from tools.stamps import fingerprint

LEARNS_FROM = ("config.yml", "domain.yml", "data/nlu", "data/rules", "data/stories", "bot/nlu", "requirements/rasa.txt")
KEEP_MODELS = 3


def model_for_today(places: Places) -> Path:
    """The file that a model trained from today's data would have; whether it exists is another question."""
    inputs = [places.root / name for name in LEARNS_FROM]
    digest = fingerprint([*inputs, places.embedder / "manifest.json"], root=places.root)
    return places.models / f"switchboard-{digest[:16]}.tar.gz"


def train(places: Places, free: FreeSpace = free_bytes, *, show: bool = True) -> Path:
    """The up-to-date model, trained now if there is none; ``show`` shows Rasa's progress. Raises Trouble on failure."""
    model = model_for_today(places)
    if model.is_file():
        # Plain `rasa shell` and `rasa test` take the newest file.
        model.touch()
        return model
    need(NEED_TRAINING_GB, "training Rasa", places.root, free)
    say(f"  training Rasa{' (its own progress follows)' if show else ' …'}")
    name = model.name.removesuffix(".tar.gz")
    command: Command = [
        places.rasa_python,
        "-m",
        "rasa",
        "train",
        "--fixed-model-name",
        name,
        "--out",
        "models",
    ]
    surroundings = {**QUIET_RASA, "PYTHONUNBUFFERED": "1"}
    finished = must(run(command, cwd=places.root, env=surroundings, show=show), "training Rasa", shown=show)
    say(f"  training took {finished.seconds:.0f} s")
    _forget_old_models(places)
    return model


def _forget_old_models(places: Places) -> None:
    """Keep the newest few of our own models; those that somebody named differently are left alone."""
    ours = sorted(places.models.glob("switchboard-*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in ours[KEEP_MODELS:]:
        old.unlink()
