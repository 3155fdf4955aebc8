"""When Python looks for garbage in the running service: seldom, and never again through what was there at the start.

A whole collection goes through every object there is and stops everybody meanwhile: 130 ms for the 235,000 of a service
that has just started, every few seconds at 1,000 messages a second. Nearly all of these live as long as the process.
"""

from __future__ import annotations

import gc

# Net allocations of containers, then how often the younger generation is collected before the next older one is.
# Python's own 700, 10 and 10 are for programs that hold a few objects.
THRESHOLDS = (10_000, 10, 20)


def settle_down() -> None:
    """Called once, when the service has started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
