"""What stops the action server at its start: configuration that cannot be honoured, in a sentence, no traceback."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from actions.brand import BadBrand, read_brand
from actions.pages import BadPage, read_pages
from actions.settings import BadSetting, settings_from_env
from actions.shop import BadShopPort, open_shop
from actions.shop.tables import make
from actions.tracing import begin_tracing

NO_EMBEDDER = "none"  # as EMBEDDER_DIR: search and checks go by words alone, and that is meant


def must_start(env: Mapping[str, str] | None = None) -> None:
    """Ends the process with a sentence that names the option. Reads brand and pages, which the first turn reads again.

    The shop is opened, and so is the file of the demo shop when SHOP_DB names one. Raises SystemExit.
    """
    try:
        settings = settings_from_env(env)
        begin_tracing()
        read_brand(settings.brand)
        read_pages(settings.knowledge)
        _must_hold_embedder(settings.embedder_dir)
        _must_open_shop(os.environ if env is None else env)
    except (BadSetting, BadShopPort) as bad:
        raise SystemExit(f"{bad}.") from bad
    except BadBrand as bad:
        raise SystemExit(f"BRAND_FILE: {bad}.") from bad
    except BadPage as bad:
        raise SystemExit(f"KNOWLEDGE_DIR: {bad}.") from bad
    except UnicodeDecodeError as bad:
        raise SystemExit("BRAND_FILE, KNOWLEDGE_DIR: a file there is not text in UTF-8.") from bad


def _must_hold_embedder(folder: Path) -> None:
    """Without one everything goes by words; but who names a folder means what is in it. Raises BadSetting."""
    if str(folder) not in (NO_EMBEDDER, "var/minilm") and not (folder / "model.onnx").is_file():
        raise BadSetting(
            f"EMBEDDER_DIR: {folder} holds no exported embedder: run `make embedder`, or unset it;"
            f" EMBEDDER_DIR={NO_EMBEDDER} searches by words alone"
        )


def _must_open_shop(env: Mapping[str, str]) -> None:
    """Raises BadShopPort, BadSetting."""
    open_shop(env)
    file = env.get("SHOP_DB", "").strip()
    if file and not env.get("SHOP_PORT", "").strip():
        try:
            make(Path(file))
        except (sqlite3.Error, OSError) as wrong:
            raise BadSetting(
                f"SHOP_DB: {file} cannot be used as the demo shop ({wrong}); name a file that may be written"
            ) from wrong
