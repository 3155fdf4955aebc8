"""Writes requirements/*.txt anew from requirements/*.in: the newest versions that fit together."""

from __future__ import annotations

import sys

from tools.commands import Command, say, step
from tools.installer import TORCH, pip_settings, uv_environment
from tools.places import Places
from tools.trouble import explained

# Python version for which each file is resolved; 3.11 also holds for newer ones.
FILES = {"installer": "3.11", "service": "3.11", "serving": "3.11", "dev": "3.11", "rasa": "3.10"}
# The image holds a part of what a checkout holds, in the same versions.
WITHIN = {"serving": "service"}


def main() -> int:
    """Resolve each file; no address of a registry and no hash of a local build gets into it."""
    places = Places()
    settings = pip_settings(places.service_python)
    env = uv_environment(settings)
    # As when installing: a CPU build in find-links, else the one that uv knows of.
    backend = [] if "find-links" in settings else ["--torch-backend", "cpu"]
    # The CPU build's own version number must not become a pin, and torch is installed before the rest.
    overrides = places.var / "torch-pin.txt"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(TORCH + "\n", encoding="utf-8")
    for name, version in FILES.items():
        command: Command = [places.service_python, "-m", "uv", "pip", "compile", f"requirements/{name}.in"]
        options: Command = [
            "--upgrade",
            "--no-header",
            "--no-annotate",
            "--no-emit-package",
            "torch",
            *backend,
        ]
        where: Command = [
            "--python-version",
            version,
            "--overrides",
            overrides,
            "--output-file",
            f"requirements/{name}.txt",
        ]
        within: Command = ["--constraints", f"requirements/{WITHIN[name]}.txt"] if name in WITHIN else []
        step(f"resolving requirements/{name}.in", [*command, *options, *where, *within], cwd=places.root, env=env)
    say("Look at the difference, then run `make test` before you commit it.")
    return 0


if __name__ == "__main__":
    sys.exit(explained(main))
