"""How the bench is run: what is unknown, breaks or lacks something is named, and the other rows are measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bench.__main__ import ROWS, run
from bench.complete import lacks
from bench.row import OURS, Bench, Figure, Goal, Row, Samples

HERE = "tests.bench.test_main"


async def measure(bench: Bench) -> Row:
    """A row that works, for tests."""
    bench.say("measuring")
    assert bench.folder.is_dir()
    taken = Samples(OURS, "x", "ms", [1.0])
    return Row("P13", "a row", [Figure(OURS, "x", 1.0, "ms")], [Goal.at_most("x at most 2 ms", 1.0, 2.0)], [taken])


@pytest.fixture
def breaking(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Rows of which the first raises and the second works."""
    (tmp_path / "row_that_breaks.py").write_text("async def measure(bench):\n    raise OSError('no such thing')\n")
    sys.path.insert(0, str(tmp_path))
    try:
        yield {"P2": "row_that_breaks", "P13": HERE}
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("row_that_breaks", None)


def test_an_unknown_row_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--only", "P1,P99"], ROWS)
    assert ended.value.code == 2
    assert "no such row: P99; there are P1, P2" in capsys.readouterr().err


def test_a_row_that_raises_is_named_and_the_others_are_measured(
    tmp_path: Path, breaking: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--smoke", "--out", str(tmp_path / "out")], breaking) == 1
    said = capsys.readouterr()
    assert "OSError: no such thing" in said.err
    assert "could not be measured: P2\n" in said.err
    assert "holds   x at most 2 ms" in said.out
    told = json.loads((tmp_path / "out" / "P13.json").read_text())
    assert told["full"] is False
    assert not (tmp_path / "out" / "P2.json").exists()


def test_a_row_that_cannot_be_imported_is_named_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--out", str(tmp_path)], {"P4": "bench.no_such_row"}) == 1
    assert "could not be measured: P4\n" in capsys.readouterr().err


def test_a_row_under_another_name_is_not_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--out", str(tmp_path)], {"P14": HERE}) == 1
    assert "P14 is not whole: it calls itself P13" in capsys.readouterr().err


def test_a_whole_row_ends_well(tmp_path: Path) -> None:
    assert run(["--only", "P13", "--out", str(tmp_path)], {"P13": HERE}) == 0
    assert (tmp_path / "index.html").exists()


def test_what_a_row_lacks_is_said() -> None:
    empty = Samples("peer", "x", "ms", [])
    row = Row("P1", "t", [Figure(OURS, "x", float("inf"), "ms")], [Goal.at_most("x", float("nan"), 1)], [empty])
    assert lacks(row) == [
        "no figure of a control",
        "samples of peer, but no figure",
        "peer: x: no sample",
        "not judged: x",
    ]
    assert lacks(Row("P14", "t", [], [])) == ["no figure of ours", "no goal"]
