"""The shop behind the business actions, and the only place that chooses which one.

To use your own: write a module with a function ``open_shop() -> actions.shop.port.Shop`` over your order system
(five methods for orders, one for the catalogue) and set ``SHOP_PORT=your_package.your_module:open_shop``. Without
it the demo shop of `actions.shop.demo` answers, from a SQLite file of fiction at ``SHOP_DB`` (var/shop.db).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from actions.shop.demo import demo_shop
from actions.shop.port import Shop


class BadShopPort(Exception):
    """SHOP_PORT does not name a function that gives a Shop."""


def open_shop(env: Mapping[str, str]) -> Shop:
    """The shop the environment asks for; raises BadShopPort."""
    dotted = env.get("SHOP_PORT", "").strip()
    if not dotted:
        return demo_shop(Path(env.get("SHOP_DB") or "var/shop.db"))
    module, _, function = dotted.partition(":")
    try:
        shop = getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError, TypeError, ValueError) as wrong:
        raise BadShopPort(f"SHOP_PORT is '{dotted}'; it must be package.module:function") from wrong
    if not isinstance(shop, Shop):
        raise BadShopPort(f"SHOP_PORT '{dotted}' gave {type(shop).__name__}, not actions.shop.port.Shop")
    return shop


@cache
def the_shop() -> Shop:
    """The shop of this process, opened on first use."""
    return open_shop(os.environ)
