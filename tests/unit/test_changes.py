"""What changed since an instant: shops that are asked for it name the orders, page by page, and where to go on."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.platforms.base import Polled, Read, Refused, Session, Shop
from chalicelib.platforms.shopify import Shopify
from chalicelib.platforms.woocommerce import WooCommerce
from tests.fakes.driving import drive
from tests.fakes.woocommerce import FakeShop
from tests.fakes.wordpress import wp

SINCE = datetime(2026, 11, 20, 10, tzinfo=UTC)
SHOP = Session(Shop("s", "shopify", "demo.myshopify.com"), {"access_token": "t"}, SINCE)


def orders(page: int, size: int, last: int) -> bytes:
    nodes = [
        {"id": f"gid://shopify/Order/{page * 1000 + n}", "updatedAt": show(SINCE + timedelta(minutes=page, seconds=n))}
        for n in range(size)
    ]
    more = {"hasNextPage": page < last, "endCursor": f"c{page}" if page < last else None}
    return json.dumps({"data": {"orders": {"nodes": nodes, "pageInfo": more}}}).encode()


def shopify(subject: str, send: Callable[[Call], Reply]) -> object:
    return drive(Shopify().look(Subject("connection", subject), SHOP), send)


def pages(last: int) -> tuple[list[dict[str, object]], Callable[[Call], Reply]]:
    asked: list[dict[str, object]] = []

    def send(call: Call) -> Reply:
        asked.append(json.loads(call.body)["variables"])
        return Reply(200, {"date": "Fri, 20 Nov 2026 12:00:00 GMT"}, orders(len(asked), 2, last))

    return asked, send


def test_shopify_guarantees_no_delivery_so_it_is_asked_each_day() -> None:
    adapter = Shopify()
    assert isinstance(adapter, Polled) and adapter.every == timedelta(days=1)


def test_shopify_is_asked_page_by_page_from_a_little_earlier() -> None:
    asked, send = pages(last=3)
    found = shopify(show(SINCE), send)
    assert isinstance(found, Read)
    assert [str(one) for one in found.looks] == [f"order/{page}00{n}" for page in (1, 2, 3) for n in (0, 1)]
    assert [one["after"] for one in asked] == [None, "c1", "c2"]
    assert {one["filter"] for one in asked} == {"updated_at:>='2026-11-20T09:55:00Z'"}


def test_a_long_list_goes_on_where_it_ended() -> None:
    asked, send = pages(last=1000)
    found = shopify(show(SINCE), send)
    assert isinstance(found, Read) and len(asked) == 10
    assert str(found.looks[-1]) == f"connection/{show(SINCE + timedelta(minutes=10, seconds=1))}"


def test_what_is_no_instant_is_not_asked_for() -> None:
    assert shopify("hooks", lambda call: Reply(500)) == Refused("not-an-instant")


def test_woocommerce_names_what_changed_the_longest_unchanged_first() -> None:
    shop = FakeShop()
    shop.now = SINCE
    numbers = [shop.order() for _ in range(120)]
    for age, number in enumerate(numbers):
        shop.orders[number]["date_modified_gmt"] = wp(SINCE + timedelta(minutes=age - 60))
    session = Session(
        Shop("s", "woocommerce", "https://shop.example"), {"consumer_key": shop.key, "consumer_secret": shop.secret}
    )
    found = drive(WooCommerce().look(Subject("connection", show(SINCE)), session), shop.send)
    assert isinstance(found, Read)
    assert [one.id for one in found.looks] == [str(number) for number in numbers[56:]]
