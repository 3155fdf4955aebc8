"""Makes a start quick, and the collector rare: called before modules are imported, and when the service is serving.

A third of a start's processor time went into what nobody needs: walks of the collector of garbage over modules that all
stay, and `rich` with its highlighter, which structlog imports when it finds it and the service never prints with.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

_UNUSED = "rich"
# Net allocations of containers, then how often the younger generation is collected before the next older one is.
# Python's own 700, 10 and 10 are for programs that hold a few objects.
THRESHOLDS = (10_000, 10, 20)


def begin() -> None:
    """No garbage is collected until `settle`; structlog finds no `rich`, others do afterwards."""
    gc.disable()
    modules: dict[str, Any] = sys.modules
    if _UNUSED in modules or "structlog" in modules:
        return
    modules[_UNUSED] = None  # the documented way to say that there is no such module
    try:
        __import__("structlog")
    finally:
        del modules[_UNUSED]


def settle() -> None:
    """What there is by now stays: the collector leaves it alone, and begins with what comes.

    A whole collection walks over everything that is not left alone, and everybody is silent meanwhile: 130 ms for the
    235,000 objects of a service that has just started, every few seconds at 1,000 messages a second.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
