"""docs/guarantees.md names tests that exist, at least one for each promise."""

from __future__ import annotations

import re

from tests.promises.test_layout import ROOT

GUARANTEES = ROOT / "docs" / "guarantees.md"


def test_every_test_that_a_guarantee_names_is_there() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    named = set(re.findall(r"`(test_\w+)`", GUARANTEES.read_text(encoding="utf-8")))
    assert named
    assert not named - there


def test_every_guarantee_names_a_test() -> None:
    parts = re.split(r"^## ", GUARANTEES.read_text(encoding="utf-8"), flags=re.M)
    promises = [part for part in parts if re.match(r"\d\. ", part)]
    assert len(promises) == 7
    assert all("`test_" in part for part in promises)
