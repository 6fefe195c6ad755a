"""Each lever against a shop that keeps state: what it does, twice, after lost answers, when refused, and taken back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Absent, Command, Done, Later, Outcome, Refused, Session, Shop
from chalicelib.platforms.shopify import Shopify
from chalicelib.platforms.shopify.documents import NOTES
from chalicelib.ports.http import Uncertain
from tests.fakes.shopify import (
    Connection,
    FakeShopify,
    empty_bucket,
    fulfillment_order,
    order,
    product,
    refund,
    run,
    transaction,
)

SHOP = Shop("shop-1", "shopify", "demo.myshopify.com")
SESSION = Session(SHOP, {"access_token": "shpat_of_the_test"})
ORDER = Subject("order", "1001")
LISTING = Subject("listing", "901")
KEY = "shop-1:order/1001|late-refund|breach|1|0"


def command(action: str, subject: Subject = ORDER, key: str = KEY, **more: Any) -> Command:
    return Command(key, action, subject, order="1001" if subject is ORDER else "", **more)


def pull(shop: FakeShopify, wish: Command, session: Session = SESSION) -> Outcome:
    return run(Shopify.levers[wish.action].run(session, wish), shop.send)


def insist(shop: FakeShopify, wish: Command, tries: int = 6) -> Outcome:
    """As the shell does: again after Later and, since these levers bear repetition, after an unknown outcome."""
    for _ in range(tries):
        try:
            told = pull(shop, wish)
        except Uncertain:
            continue
        if not isinstance(told, Later):
            return told
    raise AssertionError("no outcome")


def shop_of(*nodes: dict[str, Any]) -> FakeShopify:
    return FakeShopify().add(*(nodes or (order(),)))


FAULTS = [(), ("lost",), ("late",), ("late", "late"), ("503", "late"), ("late-500",), ("lost", "late-500", "429")]


def test_a_tag_is_added_beside_others_and_taken_back_alone() -> None:
    shop = shop_of(order(tags=["vip"]))
    assert pull(shop, command("tag", params={"tag": "sla-breached"})) == Done("sla-breached")
    assert shop.order()["tags"] == ["sla-breached", "vip"]
    assert pull(shop, command("untag", params={"tag": "sla-breached"})) == Done("sla-breached")
    assert shop.order()["tags"] == ["vip"]


@pytest.mark.parametrize("tag", ["", "two, tags", "x" * 41])
def test_what_is_no_tag_is_refused_before_anything_is_sent(tag: str) -> None:
    shop = shop_of()
    assert pull(shop, command("tag", params={"tag": tag})) == Refused("not-a-tag")
    assert shop.log == []


def test_a_listing_is_tagged_on_its_product() -> None:
    shop = shop_of(product())
    assert isinstance(pull(shop, command("tag", LISTING, params={"tag": "flagged"})), Done)
    assert shop.nodes["gid://shopify/Product/901"]["tags"] == ["flagged"]


def test_a_sellers_part_is_tagged_on_its_order() -> None:
    shop = shop_of()
    wish = Command(KEY, "tag", Subject("order", "1001:Bolt: & Co"), {"tag": "late"}, order="1001:Bolt: & Co")
    assert isinstance(pull(shop, wish), Done)
    assert shop.order()["tags"] == ["late"]


@pytest.mark.parametrize("faults", FAULTS)
def test_a_note_stands_once_beside_the_merchants_own(faults: tuple[str, ...]) -> None:
    shop = shop_of()
    shop.fail("metafieldsSet", *faults)
    told = insist(shop, command("note", note="Late since noon"))
    [((namespace, key), kept)] = shop.order()["metafields"].items()
    assert told == Done(key) and namespace == "$app:redress"
    assert kept["value"] == f"Late since noon [redress:{KEY}]"
    assert shop.order()["tags"] == ["redress"]
    assert "orderUpdate" not in shop.log


@pytest.mark.parametrize("faults", FAULTS)
def test_a_hold_is_placed_once_on_each_open_fulfilment_order(faults: tuple[str, ...]) -> None:
    parts = [fulfillment_order(31), fulfillment_order(32, status="SCHEDULED"), fulfillment_order(33, status="CLOSED")]
    shop = shop_of(order(fulfillmentOrders=Connection(parts)))
    shop.fail("fulfillmentOrderHold", *faults)
    told = insist(shop, command("hold"))
    assert isinstance(told, Done)
    assert [len(part["fulfillmentHolds"]) for part in parts] == [1, 1, 0]
    holds = [held for part in parts for held in part["fulfillmentHolds"]]
    assert told.handle == f"{holds[0]['handle']}:" + ",".join(held["id"].rsplit("/", 1)[1] for held in holds)
    assert holds[0]["handle"] == holds[1]["handle"]


def test_release_frees_ours_and_nobody_elses() -> None:
    foreign = {"id": "gid://shopify/FulfillmentHold/5", "handle": "", "heldByRequestingApp": False}
    part = fulfillment_order(31, status="ON_HOLD", fulfillmentHolds=[foreign])
    shop = shop_of(order(fulfillmentOrders=Connection([part])))
    first, second = pull(shop, command("hold")), pull(shop, command("hold", key="another"))
    assert isinstance(first, Done) and isinstance(second, Done)
    assert len(part["fulfillmentHolds"]) == 3
    shop.fail("fulfillmentOrderReleaseHold", "late")
    assert insist(shop, command("release", handle=first.handle, key="undo")) == first
    assert len(part["fulfillmentHolds"]) == 2 and foreign in part["fulfillmentHolds"]
    alike = foreign | {"id": "gid://shopify/FulfillmentHold/6", "handle": second.handle.partition(":")[0]}
    part["fulfillmentHolds"].append(alike)
    assert isinstance(pull(shop, command("release", handle=second.handle)), Done)
    assert part["fulfillmentHolds"].pop() == alike, "another app may use the same handle"
    assert part["fulfillmentHolds"] == [foreign]


def test_release_follows_a_hold_through_a_split() -> None:
    one, other = fulfillment_order(31), fulfillment_order(32, status="CLOSED")
    shop = shop_of(order(fulfillmentOrders=Connection([one, other])))
    told = pull(shop, command("hold"))
    assert isinstance(told, Done)
    moved = one["fulfillmentHolds"].pop() | {"id": "gid://shopify/FulfillmentHold/8"}
    other["fulfillmentHolds"].append(moved)
    assert isinstance(pull(shop, command("release", handle=told.handle)), Done)
    assert other["fulfillmentHolds"] == []


@pytest.mark.parametrize("handle", ["", "31:7001", "redress-short:1", "redress-" + "0" * 24])
def test_release_without_a_handle_of_ours_is_refused(handle: str) -> None:
    shop = shop_of()
    assert pull(shop, command("release", handle=handle)) == Refused("no-handle")
    assert shop.log == []


def test_nothing_left_to_hold_is_refused() -> None:
    shop = shop_of(order(fulfillmentOrders=Connection([fulfillment_order(31, status="CLOSED")])))
    assert pull(shop, command("hold")) == Refused("nothing-to-hold")
    taken = shop_of(order(fulfillmentOrders=Connection([fulfillment_order(31)])))
    taken.order()["fulfillmentOrders"][0]["fulfillmentHolds"] = [
        {"id": f"gid://shopify/FulfillmentHold/{n}", "handle": str(n), "heldByRequestingApp": True}
        for n in range(1, 11)
    ]
    assert pull(taken, command("hold")) == Refused("fulfillment-order-hold-limit-reached")


def test_a_sellers_part_holds_only_what_is_all_this_sellers() -> None:
    parts = [
        fulfillment_order(31, lineItems=Connection([{"vendor": "Acme"}])),
        fulfillment_order(32, lineItems=Connection([{"vendor": "Bolt"}])),
        fulfillment_order(33, lineItems=Connection([{"vendor": "Bolt"}, {"vendor": "Acme"}])),
    ]
    shop = shop_of(order(fulfillmentOrders=Connection(parts)))
    split = Session(Shop("shop-1", "shopify", "demo.myshopify.com", options={"split": "vendor"}), SESSION.credentials)
    wish = Command(KEY, "hold", Subject("order", "1001:Acme"), order="1001:Acme")
    assert isinstance(pull(shop, wish, split), Done)
    assert [len(part["fulfillmentHolds"]) for part in parts] == [1, 0, 0]


def pay(amount: str = "25.00", currency: str = "EUR", **more: Any) -> Command:
    return command("refund", amount=Decimal(amount), currency=currency, note="Late", **more)


def given_back(shop: FakeShopify) -> Decimal:
    paid = [one for made in shop.order()["refunds"] for one in made["transactions"]]
    return sum((Decimal(one["amountSet"]["shopMoney"]["amount"]) for one in paid), Decimal(0))


@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("day_later", [False, True], ids=["key known", "key forgotten"])
def test_money_goes_back_once_whatever_becomes_of_the_answers(faults: tuple[str, ...], day_later: bool) -> None:
    shop = shop_of()
    shop.fail("refundCreate", *faults)
    for attempt in range(8):
        if attempt and day_later:
            shop.forget_keys()
        try:
            told = pull(shop, pay())
        except Uncertain:
            continue
        if isinstance(told, Done):
            break
    assert isinstance(told, Done)
    [made] = shop.order()["refunds"]
    assert made["id"].endswith(f"/{told.handle}") and made["note"] == f"Late [redress:{KEY}]"
    assert given_back(shop) == Decimal("25.00")
    assert pull(shop, pay()) == told, "once more is still once"
    assert given_back(shop) == Decimal("25.00")


def test_each_action_is_a_refund_of_its_own() -> None:
    shop = shop_of()
    told = {pull(shop, pay("20.00", key=KEY + end)) for end in ("00", "0", "")}
    assert len(told) == 3, "a key that begins another is another"
    assert given_back(shop) == Decimal("60.00")


def test_never_more_than_is_refundable() -> None:
    shop = shop_of()
    assert pull(shop, pay("60.01")) == Refused("more-than-refundable")
    assert isinstance(pull(shop, pay("60.00")), Done)
    assert pull(shop, pay("0.01", key="next")) == Refused("more-than-refundable")


def test_a_refund_is_spread_over_the_payments() -> None:
    shop = shop_of(order(transactions=[transaction(1, "10.00"), transaction(2, "50.00", gateway="gift_card")]))
    assert isinstance(pull(shop, pay("55.00")), Done)
    [made] = shop.order()["refunds"]
    assert [one["amountSet"]["shopMoney"]["amount"] for one in made["transactions"]] == ["50.00", "5.00"]


@pytest.mark.parametrize(
    ("wish", "changes", "reason"),
    [
        (pay(currency="USD"), {}, "currency-differs"),
        (pay(), {"presentmentCurrencyCode": "CHF"}, "currency-differs"),
        (pay("0"), {}, "no-amount"),
        (pay("-1"), {}, "no-amount"),
        (command("refund", currency="EUR"), {}, "no-amount"),
        (pay(), {"refunds": [refund(n, []) for n in range(1, NOTES + 1)]}, "too-many-refunds"),
    ],
)
def test_refunds_that_need_a_person(wish: Command, changes: Mapping[str, Any], reason: str) -> None:
    shop = shop_of(order(**changes))
    before = len(shop.order()["refunds"])
    assert pull(shop, wish) == Refused(reason)
    assert len(shop.order()["refunds"]) == before


def test_what_the_platform_refuses_is_a_code_and_not_its_sentence() -> None:
    shop = shop_of()
    shop.order()["transactions"][0]["left"] = Decimal("60.00")
    steps = Shopify.levers["refund"].run(SESSION, pay("50.00"))
    reply = shop.send(next(steps))
    shop.order()["transactions"][0]["left"] = Decimal("1.00")
    try:
        steps.send(shop.send(steps.send(reply)))
    except StopIteration as stop:
        assert stop.value == Refused("rejected:transactions")
    else:
        raise AssertionError("one more call")


def test_another_refund_while_ours_was_under_way_is_settled_by_waiting() -> None:
    shop = shop_of(order(transactions=[transaction(1, "30.00"), transaction(2, "30.00")]))
    shop.fail("refundCreate", "late")
    with pytest.raises(Uncertain):
        pull(shop, pay("40.00"))
    [made] = shop.order()["refunds"]
    shop.order()["refunds"] = []
    assert pull(shop, pay("15.00")) == Later(60.0, "settling"), "the list lags behind: the key still guards"
    shop.order()["refunds"] = [made]
    assert isinstance(pull(shop, pay("15.00")), Done)


def test_find_tells_whether_our_refund_is_there() -> None:
    shop = shop_of()
    find = Shopify.levers["refund"].find
    assert find is not None
    assert run(find(SESSION, pay()), shop.send) == Absent()
    done = pull(shop, pay())
    assert run(find(SESSION, pay()), shop.send) == done
    shop.denied.add("order")
    assert isinstance(run(find(SESSION, pay()), shop.send), Later), "what was not seen is not absent"


@pytest.mark.parametrize("status", ["ACTIVE", "UNLISTED"])
@pytest.mark.parametrize("faults", FAULTS)
def test_taking_off_sale_remembers_what_was_and_is_taken_back_exactly(status: str, faults: tuple[str, ...]) -> None:
    shop = shop_of(product(status=status))
    shop.fail("productUpdate", *faults)
    told = insist(shop, command("delist", LISTING))
    node = shop.nodes["gid://shopify/Product/901"]
    assert (told, node["status"]) == (Done(status), "DRAFT")
    shop.fail("productUpdate", *faults)
    assert isinstance(insist(shop, command("relist", LISTING, handle=status, key="undo")), Done)
    assert node["status"] == status


@pytest.mark.parametrize("status", ["DRAFT", "ARCHIVED"])
def test_what_was_not_on_sale_stays_as_it_was(status: str) -> None:
    shop = shop_of(product(status=status))
    assert pull(shop, command("delist", LISTING)) == Done(status)
    assert isinstance(pull(shop, command("relist", LISTING, handle=status)), Done)
    assert shop.nodes["gid://shopify/Product/901"]["status"] == status
    assert "productUpdate" not in shop.log


def test_relisting_leaves_what_its_owner_did_since() -> None:
    shop = shop_of(product(status="ARCHIVED"))
    assert pull(shop, command("relist", LISTING, handle="ACTIVE")) == Done("ARCHIVED")
    assert shop.nodes["gid://shopify/Product/901"]["status"] == "ARCHIVED"


@pytest.mark.parametrize("status", ["ACTIVE", "UNLISTED"])
def test_a_product_whose_delisting_nobody_knows_of_comes_back_by_what_was_kept_with_it(status: str) -> None:
    shop = shop_of(product(status=status))
    undo = command("relist", LISTING, key=f"{KEY}|undo")
    assert pull(shop, undo) == Done(status) and "productUpdate" not in shop.log, "it never went"
    assert pull(shop, command("delist", LISTING)) == Done(status)
    assert isinstance(pull(shop, undo), Done) and shop.nodes["gid://shopify/Product/901"]["status"] == status


ALL = [
    command("tag", params={"tag": "t"}), command("untag", params={"tag": "t"}), command("note", note="n"),
    command("hold"), command("release", handle="redress-" + "0" * 24 + ":1"), pay(), command("delist", LISTING),
    command("relist", LISTING, handle="ACTIVE"),
]  # fmt: skip


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.action)
def test_every_lever_bears_throttling_outage_and_a_dead_token(wish: Command) -> None:
    shop = shop_of(order(), product(status="DRAFT"))
    with empty_bucket(shop, 10.0):
        assert pull(shop, wish) == Later(1.0, "throttled"), "30 points short at 100 a second, at least a second"
    with empty_bucket(shop, -460.0):
        assert pull(shop, wish) == Later(5.0, "throttled")
    first = shop.log[-1]
    for fault, told in (("429", Later(4.0)), ("503", Later(4.0)), ("502", Later(30.0, "http-502"))):
        shop.fail(first, fault)
        assert pull(shop, wish) == told
    for status, reason in (("402", "shop-frozen"), ("403", "token"), ("301", "redirected"), ("418", "http-418")):
        shop.fail(first, status)
        assert pull(shop, wish) == Refused(reason)
    assert pull(shop, wish, Session(SHOP, {"access_token": "revoked"})) == Refused("token")
    sent = len(shop.log)
    assert pull(shop, wish, Session(SHOP)) == Refused("token")
    assert len(shop.log) == sent, "nothing is sent without a token"
    shop.denied.add(first)
    assert isinstance(pull(shop, wish), Refused)


@pytest.mark.parametrize("wish", ALL, ids=lambda wish: wish.action)
def test_every_lever_refuses_a_case_without_its_target(wish: Command) -> None:
    lost = Command(wish.key, wish.action, Subject("complaint", "1"), wish.params, amount=wish.amount,
                   currency=wish.currency, handle=wish.handle, note=wish.note)  # fmt: skip
    shop = shop_of()
    if wish.action in ("hold", "release"):
        lost = Command(wish.key, wish.action, Subject("order", "no-number"), handle=wish.handle)
    assert isinstance(pull(shop, lost), Refused)
    assert shop.log == []


def test_a_query_that_can_never_pass_is_refused() -> None:
    shop = shop_of()
    shop.cost, shop.most, shop.available = 3000.0, 2000.0, 2000.0
    assert pull(shop, command("hold")) == Refused("query-too-costly")


def test_levers_are_declared_as_they_behave() -> None:
    levers = Shopify.levers
    assert set(levers) == {"tag", "untag", "note", "hold", "release", "refund", "delist", "relist"}
    for lever in levers.values():
        assert lever.needs and lever.effects, lever.action
        assert (lever.reverse == "exact") == bool(lever.undo)
        assert not lever.undo or lever.undo in levers
    assert levers["refund"].reverse == "none", "money already paid cannot be taken back"


def test_the_api_version_is_the_connections() -> None:
    shop = shop_of()
    shop.version = "2026-10"
    session = Session(
        Shop("shop-1", "shopify", "demo.myshopify.com", options={"api_version": "2026-10"}), SESSION.credentials
    )
    assert isinstance(pull(shop, command("tag", params={"tag": "t"}), session), Done)
    shop.version = "2026-07"
    odd = Session(
        Shop("shop-1", "shopify", "demo.myshopify.com", options={"api_version": "../../x"}), SESSION.credentials
    )
    assert isinstance(pull(shop, command("tag", params={"tag": "t"}), odd), Done)
