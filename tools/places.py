"""Where things are in a checkout; every other tool asks here."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment. Scripts in its bin/ are never called: they hold absolute paths."""
    return environment / "bin" / "python"


class Places:
    """The files and folders of one checkout, `root` being its top."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.service_environment = root / ".venv"
        self.rasa_environment = root / ".venv-rasa"
        self.requirements = root / "requirements"
        self.var = root / "var"
        self.embedder = self.var / "minilm"
        self.secrets = self.var / "secrets.env"
        self.log = self.var / "log" / "up.log"
        self.endpoints = self.var / "endpoints.yml"
        self.models = root / "models"
        self.procfile = root / "Procfile"

    @property
    def service_python(self) -> Path:
        return python_of(self.service_environment)

    @property
    def rasa_python(self) -> Path:
        return python_of(self.rasa_environment)
