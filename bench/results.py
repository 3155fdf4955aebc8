"""Keeps what a row gave: figures and goals as JSON beside the machine, and every sample in a file of its own."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.page import write_page
from bench.row import Row, Samples


def keep(row: Row, folder: Path, *, full: bool, seconds: float) -> Path:
    """Write ``<id>.json``, ``samples/<id>.json.gz`` and the page over all rows in ``folder``; returns the first."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {
        "id": row.id,
        "title": row.title,
        "full": full,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "figures": [asdict(figure) for figure in row.figures],
        "goals": [asdict(goal) for goal in row.goals],
        "samples": [_distribution(samples) for samples in row.samples],
        "notes": list(row.notes),
        "settings": row.settings,
        "machine": machine(),
    }
    file = folder / f"{row.id}.json"
    # In one step: another row's process may be reading it for the page.
    half = file.with_suffix(".half")
    half.write_text(json.dumps(_finite(told), ensure_ascii=False, indent=1) + "\n")
    half.replace(file)
    every = [asdict(samples) | {"values": [round(value, 4) for value in samples.values]} for samples in row.samples]
    # No time stamp in the file: the same samples give the same bytes.
    with gzip.GzipFile(folder / "samples" / f"{row.id}.json.gz", "wb", mtime=0) as packed:
        packed.write(json.dumps(_finite(every)).encode())
    write_page(folder)
    return file


def _distribution(samples: Samples) -> dict[str, Any]:
    """How many, how many lost, and the value at each of many shares: enough to draw it."""
    shares = [0, *(at / 100 for at in range(1, 100)), 0.995, 0.999, 1]
    return {
        "of": samples.of,
        "what": samples.what,
        "unit": samples.unit,
        "count": len(samples.values),
        "lost": samples.lost,
        "at": [[share, round(samples.percentile(share), 4)] for share in shares] if samples.values else [],
    }


def _finite(value: Any) -> Any:
    """``value`` with null for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
