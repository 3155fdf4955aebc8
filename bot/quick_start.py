"""Makes a start quick: called before the service's modules are imported, and again when the service is serving.

A third of a start's processor time went into what nobody needs: walks of the collector of garbage over modules that all
stay, and `rich` with its highlighter, which structlog imports when it finds it and the service never prints with.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

_UNUSED = "rich"


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

    A whole collection walks over everything that is not left alone: 80 ms of silence for everybody, measured with half
    a million objects of modules and 5,000 waiting.
    """
    gc.freeze()
    gc.enable()
