"""Says whether a product is in stock, in which sizes, and at what price: only what the catalogue says."""

from __future__ import annotations

from actions.asked import Asked, Done
from actions.order_tools import euros
from actions.shop.port import Catalogue, Product

_TOOL = "product_availability"


async def product_availability(catalogue: Catalogue, asked: Asked) -> Done:
    named = asked.slot("product")
    found = await catalogue.search(named) if named else []
    # The entity may be an old slot or a half word; the customer's sentence is the second source.
    found = found or await catalogue.search(asked.words)
    slots = {"last_topic": "product_availability", "product": None}
    if not found:
        words = "I couldn't find that product in our catalogue. What is it called, for example “Cairn rain jacket”?"
        return Done(_TOOL, words, facts={"product asked for": named or asked.words[:80]}, slots=slots)
    if len(found) > 2:
        names = ", ".join(product.name for product in found)
        return Done(_TOOL, f"Which one do you mean? I found: {names}.", slots=slots)
    words = " ".join(map(in_words, found))
    return Done(_TOOL, words, facts={product.name: _sizes(product) for product in found}, slots=slots)


def in_words(product: Product) -> str:
    start = f"The {product.name} costs {euros(product.cents)}"
    inside = [size for size, pieces in product.stock.items() if pieces > 0]
    gone = [size for size, pieces in product.stock.items() if pieces <= 0]
    if not inside:
        return f"{start} and is sold out at the moment. {product.url}"
    if inside == ["one size"]:
        return f"{start} and is in stock. {product.url}"
    out = f"; sold out: {', '.join(gone)}" if gone else ""
    return f"{start}. In stock: {', '.join(inside)}{out}. {product.url}"


def _sizes(product: Product) -> str:
    return ", ".join(f"{size}: {pieces}" for size, pieces in product.stock.items())
