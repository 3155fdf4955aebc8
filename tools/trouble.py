"""Trouble a person can mend: one plain sentence that says what to do, and a non-zero exit."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

FULL_DISK = (
    "The disk is full: free some space (`make doctor` says how much is needed), then run the same command again."
)


class Trouble(Exception):
    """Something `make` cannot mend by itself. Its text is one sentence that says what to do."""


def explained(main: Callable[[], int]) -> int:
    """Run `main`; turn Trouble and a full disk into their sentence. Returns the exit code."""
    try:
        return main()
    except Trouble as trouble:
        print(f"switchboard: {trouble}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"switchboard: {FULL_DISK}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("switchboard: stopped before it was finished; run the same command again to go on.", file=sys.stderr)
        return 130
