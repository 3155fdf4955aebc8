"""What is kept of a row: figures and goals beside the machine, every sample apart, and numbers that JSON has."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.results import keep
from bench.row import OURS, Figure, Goal, Row, Samples


def row(**changes: Any) -> Row:
    taken = Samples(OURS, "answer", "ms", [3.0, 1.0, 2.00004], lost=1)
    parts: dict[str, Any] = {
        "id": "P1",
        "title": "a row",
        "figures": [Figure(OURS, "answer, p50", 2.0, "ms")],
        "goals": [Goal.at_most("p50 at most 2 ms", 2.0, 2.0)],
        "samples": [taken],
        "settings": {"pairs": 3},
    }
    return Row(**(parts | changes))


def test_a_row_is_kept_with_its_machine_and_all_its_samples(tmp_path: Path) -> None:
    told = json.loads(keep(row(), tmp_path, full=True, seconds=1.26).read_text())
    assert (told["id"], told["full"], told["seconds"], told["settings"]) == ("P1", True, 1.3, {"pairs": 3})
    assert told["figures"] == [{"of": OURS, "what": "answer, p50", "value": 2.0, "unit": "ms"}]
    assert told["goals"][0]["holds"] is True
    assert told["machine"].keys() == machine().keys()
    (taken,) = told["samples"]
    assert (taken["count"], taken["lost"]) == (3, 1)
    assert taken["at"][0] == [0, 1.0]
    assert taken["at"][-1] == [1, 3.0]
    (every,) = json.loads(gzip.decompress((tmp_path / "samples" / "P1.json.gz").read_bytes()))
    assert every["values"] == [3.0, 1.0, 2.0]  # in the order they were taken
    assert "P1" in (tmp_path / "index.html").read_text()


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        keep(row(), tmp_path / name, full=False, seconds=1)
    packed = [(tmp_path / name / "samples" / "P1.json.gz").read_bytes() for name in ("one", "other")]
    assert packed[0] == packed[1]


def test_what_was_never_measured_is_null_and_has_no_curve(tmp_path: Path) -> None:
    nothing = Samples(OURS, "answer", "ms", [], lost=9)
    endless = Figure(OURS, "answer, p50", nothing.percentile(0.5), "ms")
    file = keep(row(figures=[endless], samples=[nothing]), tmp_path, full=True, seconds=1)
    told = json.loads(file.read_text(), parse_constant=lambda name: 1 / 0)
    assert told["figures"][0]["value"] is None
    assert told["samples"][0]["at"] == []
    assert "9 lost" not in (tmp_path / "index.html").read_text()
    assert "–" in (tmp_path / "index.html").read_text()
