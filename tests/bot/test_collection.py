"""Once the service has started, the collector leaves alone what is there. In a process of its own: that is for good."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc
from bot.collection import THRESHOLDS, settle_down

class Ring:
    def __init__(self):
        self.ring = self

kept = [Ring() for _ in range(1000)]
garbage = Ring()
del garbage
settle_down()
assert gc.get_threshold() == THRESHOLDS
frozen = gc.get_freeze_count()
assert frozen > 1000, frozen
assert not [one for one in gc.get_objects() if isinstance(one, Ring)]
later = Ring()
del later
assert gc.collect() >= 1, "what comes afterwards is collected as ever"
"""


def test_what_lives_as_long_as_the_process_is_looked_through_no_more() -> None:
    subprocess.run([sys.executable, "-c", _PROGRAM], check=True, timeout=50)
