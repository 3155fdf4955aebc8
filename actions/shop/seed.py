"""Makes the demo shop's SQLite file (fiction): ``python -m actions.shop.seed [--again]``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from actions.shop.tables import make


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo shop's database (fiction).")
    parser.add_argument("--again", action="store_true", help="throw the present one away first")
    file = Path(os.environ.get("SHOP_DB") or "var/shop.db")
    if parser.parse_args().again:
        file.unlink(missing_ok=True)
    print(f"{file}: {'made' if make(file) else 'already there'} (fiction)")


if __name__ == "__main__":
    main()
