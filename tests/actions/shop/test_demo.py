"""The invented shop: enough of everything for a demonstration, alive today, and replaceable."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from actions.shop import BadShopPort, fiction, open_shop
from actions.shop.port import Address, ReturnStatus, Shop, ShopDown, Status, TooLate
from actions.shop.tables import make
from tests.support.hand_shop import fresh_shop

TODAY = date(2026, 11, 21)


def test_there_is_enough_of_everything_and_every_state_occurs() -> None:
    orders = [order for _, order in fiction.orders(TODAY)]
    assert len(orders) >= 40
    assert len({order.number for order in orders}) == len(orders)
    assert set(Counter(order.status for order in orders)) == set(Status)
    assert len(fiction.products()) >= 25
    assert len(fiction.buyers()) >= 20
    assert {back.status for back in fiction.returns(TODAY)} == set(ReturnStatus)
    assert any(not any(product.stock.values()) for product in fiction.products())


def test_no_day_lies_in_the_future_except_what_is_expected() -> None:
    for _, order in fiction.orders(TODAY):
        assert order.placed <= TODAY
        assert (order.sent or TODAY) <= TODAY
        assert (order.delivered or TODAY) <= TODAY
        if order.status in (Status.RECEIVED, Status.PACKING, Status.SENT):
            assert order.expected is not None
            assert TODAY - timedelta(days=1) <= order.expected
    assert all((back.refunded or TODAY) <= TODAY for back in fiction.returns(TODAY))


def test_the_fiction_is_the_same_every_time() -> None:
    assert fiction.orders(TODAY) == fiction.orders(TODAY)
    assert all(email.endswith("@example.com") for email, _ in fiction.orders(TODAY))


def test_the_file_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "shop.db"
    assert make(file, TODAY)
    assert not make(file, TODAY)


async def test_the_same_key_again_has_no_second_effect(tmp_path: Path) -> None:
    shop = fresh_shop(tmp_path)
    first = await shop.orders.change_address("TT-500120", Address("9 High Street", "Leeds", "LS1 4AP"), "turn:address")
    again = await shop.orders.change_address("TT-500120", Address("1 Low Road", "Hull", "HU1 1AA"), "turn:address")
    assert again == first


async def test_what_is_past_its_state_is_refused(tmp_path: Path) -> None:
    shop = fresh_shop(tmp_path)
    with pytest.raises(TooLate):
        await shop.orders.cancel("TT-482913", None)
    with pytest.raises(TooLate):
        await shop.orders.change_address("TT-482913", Address("9 High Street", "Leeds", "LS1 4AP"), None)


async def test_a_file_that_cannot_be_used_is_a_shop_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("this is no database, " * 100)
    with pytest.raises(ShopDown):
        await fresh_shop(tmp_path).orders.find("TT-482913", "anna.berg@example.com")


def test_an_adopters_shop_is_named_in_the_environment(tmp_path: Path) -> None:
    assert isinstance(open_shop({"SHOP_DB": str(tmp_path / "x.db")}), Shop)
    assert isinstance(open_shop({"SHOP_PORT": "tests.support.hand_shop:broken_shop"}), Shop)
    for wrong in ("nowhere.at.all:shop", "tests.support.hand_shop:nothing", "tests.support.hand_shop:said_nothing"):
        with pytest.raises(BadShopPort):
            open_shop({"SHOP_PORT": wrong})
