"""Whether a row is whole: figures of ours and of everybody who has samples, and every goal judged. Never how fast."""

from __future__ import annotations

import math

from bench.row import OURS, Row

# Rows without a peer to stand beside; the others name at least one control.
ALONE = frozenset({"P13", "P14", "P15"})


def lacks(row: Row) -> list[str]:
    """What is missing in ``row``, in words; empty when it is whole."""
    found = []
    named = {figure.of for figure in row.figures}
    if OURS not in named:
        found.append("no figure of ours")
    if row.id not in ALONE and not named - {OURS}:
        found.append("no figure of a control")
    found += [f"samples of {one}, but no figure" for one in sorted({s.of for s in row.samples} - named)]
    found += [f"{s.of}: {s.what}: no sample" for s in row.samples if not (s.values or s.lost)]
    # What never came took for ever: that is a number. A slow machine must not make a row incomplete.
    found += [f"{f.of}: {f.what}: no number" for f in row.figures if math.isnan(f.value)]
    if not row.goals:
        found.append("no goal")
    found += [f"not judged: {goal.words}" for goal in row.goals if math.isnan(goal.reached)]
    return found
