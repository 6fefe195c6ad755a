"""What levers do to a shop: once, even where answers get lost; and exactly back again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Subject
from chalicelib.core.words import ACTIONS
from chalicelib.platforms.base import Absent, Adapter, Command, Done, Later, Refused, Session, Shop
from chalicelib.platforms.dokan import Dokan
from chalicelib.platforms.woocommerce import WooCommerce
from chalicelib.platforms.woocommerce.marker import carries, marker
from tests.fakes.driving import act, drive
from tests.fakes.woocommerce import (
    DOWN,
    FIREWALL,
    HTML,
    LOST,
    LOST_500,
    LOST_HTML,
    NOTICES,
    THROTTLED,
    UNSENT,
    VETO,
    FakeShop,
)
from tests.fakes.woocommerce_run import served

WOO: Adapter = WooCommerce()
KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1"}
KEY = "order/5120|ship-by|breach|0|1"
AFTER = [LOST, LOST_HTML, LOST_500]
BEFORE = [THROTTLED, FIREWALL, DOWN, HTML, UNSENT]


def session(base: str = "https://shop.example", **options: str) -> Session:
    return Session(Shop("s", "woocommerce", base, options=options), KEYS, FakeShop.now)


def command(action: str, number: int, **more: object) -> Command:
    kind = "listing" if action in ("delist", "relist") else "order"
    defaults: dict = {"key": KEY, "action": action, "subject": Subject(kind, str(number)), "note": "Please hurry."}
    return Command(**{**defaults, **more})


def do(shop: FakeShop, action: str, number: int, tries: int = 8, **more: object) -> object:
    return act(WOO.levers[action], session(), command(action, number, **more), shop, tries)


def meta(thing: dict, key: str) -> object:
    return next((row["value"] for row in thing["meta_data"] if row["key"] == key), None)


def test_levers_are_what_they_are_declared_to_be() -> None:
    for adapter in (WOO, Dokan()):
        for name, lever in adapter.levers.items():
            assert name == lever.action and name in ACTIONS
            assert (lever.find is not None) == (lever.repeat == "findable")
            assert (lever.reverse == "none") == (lever.undo == "")
            assert lever.undo == "" or lever.undo in adapter.levers
            assert lever.needs


# -- once, whatever happens -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", AFTER + BEFORE + [NOTICES])
@pytest.mark.parametrize("action", ["note", "message_buyer", "refund"])
def test_a_findable_lever_acts_once_whatever_becomes_of_the_answer(action: str, fault: str) -> None:
    shop = FakeShop()
    number = shop.order()
    shop.faults = [("POST", fault)]
    outcome = do(shop, action, number, amount=Decimal("9.90"), currency="EUR")
    assert isinstance(outcome, Done) and outcome.handle
    assert len(shop.refunds[number]) == len(shop.moved) == (action == "refund")
    assert len(shop.notes[number]) == (action != "refund")
    assert len(shop.mails) == (action == "message_buyer")
    assert shop.faults == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["*", "POST", "GET"]), st.sampled_from(AFTER + BEFORE)), max_size=6),
    st.sampled_from(["note", "message_buyer", "refund"]),
)
def test_no_run_of_bad_luck_doubles_an_effect(faults: list[tuple[str, str]], action: str) -> None:
    shop = FakeShop()
    number = shop.order()
    shop.faults = list(faults)
    outcome = do(shop, action, number, tries=12, amount=Decimal("20.00"))
    again = do(shop, action, number, amount=Decimal("20.00"))
    assert isinstance(outcome, Done)
    assert again == outcome
    assert len(shop.refunds[number]) + len(shop.notes[number]) == 1


@pytest.mark.parametrize("action", ["note", "message_buyer", "refund"])
def test_find_tells_whether_the_effect_is_there(action: str) -> None:
    shop = FakeShop()
    number = shop.order()
    wanted = command(action, number, amount=Decimal("5.00"))
    find = WOO.levers[action].find
    assert find is not None
    assert drive(find(session(), wanted), shop.send) == Absent()
    done = do(shop, action, number, amount=Decimal("5.00"))
    assert drive(find(session(), wanted), shop.send) == done
    other = command(action, number, key=f"{KEY}0", amount=Decimal("5.00"))
    assert drive(find(session(), other), shop.send) == Absent(), "a key that ours begins with is another"
    shop.faults = [("GET", DOWN)]
    assert isinstance(drive(find(session(), wanted), shop.send), Later), "not seen is not absent"


def test_two_commands_are_two_effects() -> None:
    shop = FakeShop()
    number = shop.order()
    for key in (KEY, f"{KEY}0", "k|2"):
        assert isinstance(do(shop, "refund", number, key=key, amount=Decimal("10.00")), Done)
    assert shop.moved == [Decimal("10.00")] * 3


# -- texts ------------------------------------------------------------------------------------------------------------


def test_a_private_note_carries_our_key_and_a_message_to_the_buyer_only_a_digest() -> None:
    shop = FakeShop()
    number = shop.order()
    do(shop, "note", number)
    do(shop, "message_buyer", number)
    message, note = shop.notes[number]
    assert f"redress:{KEY}" in note["note"] and not note["customer_note"]
    assert "Please hurry." in message["note"] and message["customer_note"]
    assert "redress:" in message["note"] and "ship-by" not in message["note"]


@pytest.mark.parametrize("key", ["a|b", "订单|x", "a<b>&c", "x" * 400])
def test_any_key_is_found_again_as_wordpress_may_have_escaped_it(key: str) -> None:
    assert carries(f"text {marker(key)} text", marker(key))
    assert carries(f"text {marker(key)}".replace("|", "&#124;"), marker(key))
    assert not carries(f"text {marker(key + '1')}", marker(key))
    assert "<" not in marker(key) and len(marker(key)) < 350


def test_nothing_to_say_or_nobody_to_say_it_about_is_refused() -> None:
    shop = FakeShop()
    assert do(shop, "note", shop.order(), note="") == Refused("no_text")
    assert do(shop, "note", 0, subject=Subject("seller", "9")) == Refused("no_order")
    assert shop.notes[shop.next_id] == []


def test_a_refund_case_knows_its_order() -> None:
    shop = FakeShop()
    number = shop.order()
    basket = shop.order()
    about: dict = {"subject": Subject("refund", f"{number}:9"), "order": str(basket)}
    assert isinstance(do(shop, "note", number, **about), Done), "its own id beats a link that the shell picked"
    assert isinstance(do(shop, "note", number, subject=Subject("complaint", "4"), order=str(number), key="k"), Done)
    assert len(shop.notes[number]) == 2


# -- refunds ----------------------------------------------------------------------------------------------------------


def test_a_refund_names_its_key_and_moves_money_unless_told_not_to() -> None:
    shop = FakeShop()
    number = shop.order()
    do(shop, "refund", number, amount=Decimal("9.90"), currency="EUR")
    assert f"redress:{KEY}" in shop.refunds[number][0]["reason"]
    assert shop.refunds[number][0]["amount"] == "9.90"
    quiet = act(
        WOO.levers["refund"], session(api_refund="false"), command("refund", number, key="k", amount=Decimal(1)), shop
    )
    assert isinstance(quiet, Done)
    assert shop.moved == [Decimal("9.90")]


REFUSALS = [
    ({"amount": Decimal("50.01")}, "more_than_is_left", "more than was paid"),
    ({"amount": Decimal("0")}, "nothing_to_refund", "nothing"),
    ({"amount": Decimal("-5")}, "nothing_to_refund", "less than nothing"),
    ({"amount": Decimal("5"), "currency": "USD"}, "other_currency", "another currency"),
]


@pytest.mark.parametrize(("more", "reason", "why"), REFUSALS, ids=[row[-1] for row in REFUSALS])
def test_refunds_that_cannot_be_are_refused_before_they_are_sent(more: dict, reason: str, why: str) -> None:
    shop = FakeShop()
    assert do(shop, "refund", shop.order(), **more) == Refused(reason)
    assert not any(call.method == "POST" for call in shop.calls)


def test_without_an_amount_what_is_left_is_given_back() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.refund(number, "20.00")
    do(shop, "refund", number)
    assert shop.moved == [Decimal("20.00"), Decimal("30.00")]
    assert shop.orders[number]["status"] == "refunded"


def test_a_refusal_that_woocommerce_sends_as_500_is_a_refusal() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.orders[number]["total"] = "50.00"
    shop.refund(number, "50.00")
    shop.orders[number]["refunds"] = []
    assert do(shop, "refund", number, amount=Decimal("5.00")) == Refused("woocommerce_rest_cannot_create_order_refund")


# -- tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", AFTER + BEFORE)
def test_tags_are_added_to_those_that_are_there_and_taken_off_again(fault: str) -> None:
    shop = FakeShop()
    number = shop.order()
    shop.orders[number]["meta_data"] = [{"id": 1, "key": "_other", "value": "kept"}]
    shop.faults = [("PUT", fault)]
    assert do(shop, "tag", number, params={"tag": "sla-breached"}) == Done("sla-breached")
    assert do(shop, "tag", number, params={"tag": "late"}) == Done("late")
    assert do(shop, "tag", number, params={"tag": "late"}) == Done("late")
    assert meta(shop.orders[number], "_redress_tags") == "sla-breached,late"
    assert do(shop, "untag", number, handle="sla-breached") == Done("sla-breached")
    assert do(shop, "untag", number, handle="sla-breached") == Done("sla-breached")
    assert meta(shop.orders[number], "_redress_tags") == "late"
    assert meta(shop.orders[number], "_other") == "kept"


@pytest.mark.parametrize("name", ["", "a,b", "a b", "<x>", "x" * 61])
def test_a_tag_that_would_spoil_the_list_is_refused(name: str) -> None:
    shop = FakeShop()
    assert do(shop, "tag", shop.order(), params={"tag": name}) == Refused("bad_tag")


# -- holds and listings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", AFTER + BEFORE)
@pytest.mark.parametrize("status", ["processing", "pending", "packing"])
def test_a_hold_is_taken_back_exactly_even_when_its_answer_was_lost(status: str, fault: str) -> None:
    shop = FakeShop()
    number = shop.order(status)
    shop.faults = [("PUT", fault)]
    held = do(shop, "hold", number)
    assert held == Done(status)
    assert shop.orders[number]["status"] == "on-hold"
    shop.faults = [("PUT", fault)]
    assert do(shop, "release", number, key="undo", handle=status) == Done()
    assert shop.orders[number]["status"] == status
    assert do(shop, "release", number, key="undo", handle=status) == Done()
    assert shop.orders[number]["status"] == status


def test_what_others_moved_on_is_not_released() -> None:
    shop = FakeShop()
    number = shop.order()
    do(shop, "hold", number)
    shop.set_status(number, "completed")
    assert do(shop, "release", number, key="undo", handle="processing") == Done()
    assert shop.orders[number]["status"] == "completed"


def test_a_hold_by_somebody_else_is_left_alone_both_ways() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.set_status(number, "on-hold")
    assert do(shop, "hold", number) == Done("on-hold")
    assert do(shop, "release", number, key="undo", handle="on-hold") == Done()
    assert shop.orders[number]["status"] == "on-hold"


def test_a_hold_of_the_shop_after_our_release_stays() -> None:
    shop = FakeShop()
    number = shop.order()
    do(shop, "hold", number)
    do(shop, "release", number, key="undo", handle="processing")
    shop.set_status(number, "on-hold")
    assert do(shop, "release", number, key="undo", handle="processing") == Done()
    assert shop.orders[number]["status"] == "on-hold"


@pytest.mark.parametrize("status", ["completed", "cancelled", "refunded", "failed", "trash"])
def test_a_finished_order_is_not_held(status: str) -> None:
    shop = FakeShop()
    assert do(shop, "hold", shop.order(status)) == Refused("order_is_finished")


def test_a_change_of_status_that_a_plugin_vetoes_is_not_called_done() -> None:
    shop = FakeShop()
    number = shop.order()
    shop.faults = [("veto", VETO)]
    assert do(shop, "hold", number) == Refused("not_taken")


def test_an_order_that_a_plugin_keeps_on_hold_is_not_called_released() -> None:
    shop = FakeShop()
    number = shop.order()
    held = do(shop, "hold", number)
    assert isinstance(held, Done)
    shop.faults = [("veto", VETO)]
    assert do(shop, "release", number, handle=held.handle) == Refused("not_taken")
    assert shop.orders[number]["status"] == "on-hold"


@pytest.mark.parametrize("fault", AFTER + BEFORE)
@pytest.mark.parametrize("status", ["publish", "private"])
def test_a_product_is_taken_down_and_put_back_as_it_was(status: str, fault: str) -> None:
    shop = FakeShop()
    number = shop.product(status)
    shop.faults = [("PUT", fault)]
    assert do(shop, "delist", number) == Done(status)
    assert shop.products[number]["status"] == "draft"
    assert do(shop, "relist", number, key="undo", handle=status) == Done()
    assert shop.products[number]["status"] == status


@pytest.mark.parametrize("status", ["publish", "private"])
def test_a_product_whose_taking_down_nobody_knows_of_is_put_back_by_what_was_kept_with_it(status: str) -> None:
    shop = FakeShop()
    number = shop.product(status)
    assert do(shop, "relist", number, key=f"{KEY}|undo") == Done() and shop.products[number]["status"] == status
    do(shop, "delist", number)
    assert do(shop, "relist", number, key="another|undo") == Done() and shop.products[number]["status"] == "draft"
    assert do(shop, "relist", number, key=f"{KEY}|undo") == Done() and shop.products[number]["status"] == status


def test_an_order_case_delists_the_product_it_names() -> None:
    shop = FakeShop()
    number = shop.product()
    named = Command(KEY, "delist", Subject("order", "1"), product=str(number))
    assert act(WOO.levers["delist"], session(), named, shop) == Done("publish")
    assert act(WOO.levers["delist"], session(), Command(KEY, "delist", Subject("order", "1")), shop) == Refused(
        "no_product"
    )


# -- rights and roads -------------------------------------------------------------------------------------------------

ROADS = [
    (session("http://shop.example"), "plain_http", "keys never cross the internet in the clear"),
    (Session(Shop("s", "woocommerce", "https://shop.example")), "no_api_keys", "no keys"),
    (Session(Shop("s", "woocommerce", "https://shop.example"), {**KEYS, "consumer_secret": "x"}), "token", "bad keys"),
    (session("https://shop.example/wp-json/wc/v3/?rest_route="), "rest_no_route", "an address that is none"),
]


@pytest.mark.parametrize(("where", "reason", "why"), ROADS, ids=[row[-1] for row in ROADS])
@pytest.mark.parametrize("action", ["note", "refund", "tag", "hold"])
def test_what_cannot_work_is_refused_for_good(action: str, where: Session, reason: str, why: str) -> None:
    shop = FakeShop()
    given = command(action, shop.order(), amount=Decimal(1), params={"tag": "x"})
    assert act(WOO.levers[action], where, given, shop) == Refused(reason), why


def test_every_call_goes_to_the_path_that_honours_the_keys() -> None:
    shop = FakeShop(base="https://shop.example")
    number = shop.order()
    for action in ("note", "refund", "tag", "hold", "release"):
        do(shop, action, number, params={"tag": "x"}, amount=Decimal(1), handle="processing")
    assert shop.calls
    assert all(call.url.startswith("https://shop.example/wp-json/wc/v3/") for call in shop.calls)


def test_over_a_real_socket_and_plain_http_the_calls_are_signed_with_oauth() -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    from chalicelib.core.calls import Call, Reply

    def send(call: Call) -> Reply:
        request = Request(call.url, call.body or None, dict(call.headers), method=call.method)
        try:
            with urlopen(request, timeout=10) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(answer.status, headers, answer.read())
        except HTTPError as error:
            headers = {name.lower(): value for name, value in error.headers.items()}
            return Reply(error.code, headers, error.read())

    shop = FakeShop()
    number = shop.order()
    with served(shop) as base:
        made = drive(WOO.levers["note"].run(session(base), command("note", number)), send)
        for credentials, now in (
            ({**KEYS, "consumer_secret": "cs_2"}, shop.now),
            (KEYS, shop.now - timedelta(hours=1)),
        ):
            wrong = Session(Shop("s", "woocommerce", base), credentials, now)
            assert drive(WOO.levers["note"].run(wrong, command("note", number, key="k")), send) == Refused("token")
    assert isinstance(made, Done)
    assert len(shop.notes[number]) == 1
    assert not any("cs_1" in call.url or "authorization" in call.headers for call in shop.calls)
