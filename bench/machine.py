"""What a result was measured on: the machine, how busy it was, and the versions of everything that took part."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    "uvicorn", "fastapi", "starlette", "websockets", "uvloop", "sqlalchemy", "aiosqlite", "psycopg", "redis",
    "openai", "pydantic", "python-socketio", "rasa-sdk",
)  # fmt: skip


def machine() -> dict[str, Any]:
    """Cores, memory, processor, kernel, load, Python and the packages' versions."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": [round(one, 2) for one in os.getloadavg()],
        "versions": {name: _version(name) for name in _PACKAGES} | {"node": _said("node", "--version")},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _said(*command: str) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout.strip()
