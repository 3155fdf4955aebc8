"""Fiction: the invented customers, products and orders of the invented shop "Tarn & Trail". Nobody here exists.

Deterministic, with days counted back from the day it is made, so that a demo always looks alive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from actions.shop.port import Address, Item, Order, Product, Return, ReturnStatus, Status


@dataclass(frozen=True, slots=True)
class Buyer:
    name: str
    email: str
    address: Address


# name, place; e-mail addresses follow from the names and end in example.com, which belongs to nobody
_PEOPLE = (
    ("Anna Berg", "Lindenstraat 12", "Utrecht", "3511 AB"),
    ("Tom Hale", "4 Mill Lane", "Sheffield", "S11 8YL"),
    ("Marta Silva", "Rua das Flores 88", "Porto", "4050-262"),
    ("Jonas Weber", "Gartenweg 7", "Freiburg", "79098"),
    ("Elif Kaya", "Keizersgracht 301", "Amsterdam", "1016 EE"),
    ("Noah Lambert", "Rue du Lac 15", "Annecy", "74000"),
    ("Freya Lund", "Fjordvej 22", "Aarhus", "8000"),
    ("Liam Byrne", "9 Harbour Row", "Galway", "H91 E6K2"),
    ("Sofia Rossi", "Via Alpina 31", "Trento", "38122"),
    ("Mila Novak", "Lesní 14", "Brno", "602 00"),
    ("Oscar Lind", "Skogsgatan 3", "Gävle", "803 20"),
    ("Ines Moreau", "Avenue des Pins 6", "Grenoble", "38000"),
    ("Daan Visser", "Duinweg 45", "Haarlem", "2012 CK"),
    ("Greta Huber", "Bergstrasse 19", "Innsbruck", "6020"),
    ("Pavel Dvorak", "Dlouhá 5", "Prague", "110 00"),
    ("Aoife Nolan", "17 Abbey Street", "Cork", "T12 X8KN"),
    ("Hugo Peeters", "Kerkstraat 60", "Ghent", "9000"),
    ("Priya Nair", "28 Castle Road", "Edinburgh", "EH1 2NG"),
    ("Lucas Meyer", "Seeweg 2", "Zurich", "8001"),
    ("Emma Kowalska", "ul. Tatrzanska 11", "Krakow", "30-001"),
    ("Ben Carter", "51 Fell View", "Kendal", "LA9 4QD"),
    ("Clara Jansen", "Heuvelweg 8", "Maastricht", "6211 LK"),
)

# sku, name, cents, sizes ("" means one size), may it be returned
_GOODS = (
    ("JKT-101", "Cairn rain jacket", 14900, "XS S M L XL", True),
    ("JKT-102", "Ridge down jacket", 21900, "S M L XL", True),
    ("JKT-103", "Fell windshirt", 7900, "XS S M L", True),
    ("FLC-110", "Moor fleece pullover", 6900, "S M L XL XXL", True),
    ("TRS-120", "Scree trekking trousers", 8900, "36 38 40 42 44", True),
    ("BSL-130", "Merino base layer", 6400, "XS S M L XL", True),
    ("SCK-131", "Trail socks, two pairs", 1900, "35-38 39-42 43-46", True),
    ("BOT-201", "Ridgeway hiking boots", 17900, "37 38 39 40 41 42 43 44 45", True),
    ("BOT-202", "Tarn approach shoes", 12900, "37 38 39 40 41 42 43 44", True),
    ("GTR-203", "Bog gaiters", 3900, "S M L", True),
    ("TNT-301", "Lakeside tent for two", 32900, "", True),
    ("TNT-302", "Lakeside tent for four", 52900, "", True),
    ("TRP-303", "Larch tarp", 9900, "", True),
    ("SLB-310", "Nightfell sleeping bag", 18900, "regular long", True),
    ("MAT-311", "Drift sleeping mat", 8900, "regular wide", True),
    ("PCK-320", "Daybreak backpack 25 l", 8900, "", True),
    ("PCK-321", "Longway backpack 55 l", 18900, "M L", True),
    ("PCK-322", "Backpack rain cover", 2400, "", True),
    ("STV-401", "Ember gas stove", 5900, "", True),
    ("GAS-402", "Gas cartridge 230 g", 795, "", False),
    ("POT-403", "Titanium pot 0.9 l", 4900, "", True),
    ("FOD-404", "Trail meal: lentil curry", 850, "", False),
    ("BTL-405", "Steel bottle 0.75 l", 2900, "", True),
    ("WTR-406", "Clearspring water filter", 4400, "", True),
    ("LMP-501", "Lumen headlamp", 4900, "", True),
    ("POL-502", "Trekking poles, pair", 9400, "", True),
    ("KNF-503", "Pocket knife", 3400, "", True),
    ("GFT-900", "Gift card", 5000, "", False),
)

_STATES = (Status.DELIVERED, Status.SENT, Status.RECEIVED, Status.DELIVERED, Status.PACKING, Status.CANCELLED)
_REASONS = ("too small", "not as expected", "zip is stiff", "arrived too late", "wrong colour")


def buyers() -> list[Buyer]:
    return [
        Buyer(name, f"{name.lower().replace(' ', '.')}@example.com", Address(street, city, postcode))
        for name, street, city, postcode in _PEOPLE
    ]


def products() -> list[Product]:
    """Stock follows from the place in the list; every seventh size is sold out, the rain cover wholly."""
    made = []
    for place, (sku, name, cents, sizes, _) in enumerate(_GOODS):
        names = sizes.split() or ["one size"]
        stock = {size: 0 if (place + n) % 7 == 0 else 3 + (place * 5 + n * 3) % 17 for n, size in enumerate(names)}
        if sku == "PCK-322":
            stock = dict.fromkeys(names, 0)
        made.append(Product(sku, name, cents, f"https://shop.example/products/{sku.lower()}", stock))
    return made


def item(sku: str, quantity: int = 1) -> Item:
    name, cents, returnable = next((g[1], g[2], g[4]) for g in _GOODS if g[0] == sku)
    return Item(sku, name, quantity, cents * quantity, returnable)


def orders(today: date) -> list[tuple[str, Order]]:
    """(e-mail, order): five chosen for demonstrations and tests, then 43 spread over people, goods and states."""
    people = buyers()
    chosen = [
        (0, "TT-482913", Status.SENT, 3, ("BOT-201", "SCK-131")),
        (0, "TT-482914", Status.DELIVERED, 9, ("JKT-101", "GAS-402")),
        (1, "TT-500120", Status.RECEIVED, 0, ("TNT-301",)),
        (2, "TT-500233", Status.DELIVERED, 60, ("PCK-321",)),
        (3, "TT-500344", Status.DELIVERED, 14, ("SLB-310",)),
    ]
    for n in range(43):
        status = _STATES[n % len(_STATES)]
        age = {Status.RECEIVED: 0, Status.PACKING: 1, Status.SENT: 2 + n % 3}.get(status, 5 + (n * 3) % 55)
        goods = tuple(dict.fromkeys(_GOODS[(n * 7 + k * 11) % len(_GOODS)][0] for k in range(1 + n % 3)))
        chosen.append((n % len(people), f"TT-{510000 + n * 137:06d}", status, age, goods))
    return [(people[who].email, _order(people[who], number, status, today - timedelta(days=age), goods))
            for who, number, status, age, goods in chosen]  # fmt: skip


def _order(buyer: Buyer, number: str, status: Status, placed: date, goods: tuple[str, ...]) -> Order:
    sent = placed + timedelta(days=1) if status in (Status.SENT, Status.DELIVERED) else None
    return Order(
        number=number,
        status=status,
        placed=placed,
        address=buyer.address,
        items=tuple(item(sku) for sku in goods),
        expected=None if status is Status.CANCELLED else placed + timedelta(days=5),
        sent=sent,
        delivered=placed + timedelta(days=4) if status is Status.DELIVERED else None,
        carrier="Swift Parcel (invented)" if sent else None,
        tracking=f"https://shop.example/track/{number.lower()}" if sent else None,
    )


def returns(today: date) -> list[Return]:
    """One refunded, one arrived, one registered for the chosen orders, and some more of older deliveries."""
    made = [
        _return(0, "TT-500344", item("SLB-310"), ReturnStatus.REFUNDED, today - timedelta(days=6)),
        _return(1, "TT-500233", item("PCK-321"), ReturnStatus.ARRIVED, today - timedelta(days=5)),
    ]
    for _, order in orders(today)[5:]:
        first = order.items[0]
        if order.delivered and first.returnable and order.delivered <= today - timedelta(days=8):
            state = tuple(ReturnStatus)[len(made) % 3]
            made.append(_return(len(made), order.number, first, state, order.delivered + timedelta(days=3)))
    return made


def _return(n: int, order: str, what: Item, state: ReturnStatus, day: date) -> Return:
    refunded = day + timedelta(days=4) if state is ReturnStatus.REFUNDED else None
    return Return(
        f"RT-{700100 + n}", order, what.sku, what.name, state, _REASONS[n % len(_REASONS)], what.cents, day, refunded
    )
