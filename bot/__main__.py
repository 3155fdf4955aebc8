"""Starts the service: `python -m bot`. Everything else is imported here, when the start has been made quick."""

from __future__ import annotations

import sys

from bot.quick_start import begin

if __name__ == "__main__":
    begin()
    from bot.running import main

    sys.exit(main(sys.argv[1:]))
