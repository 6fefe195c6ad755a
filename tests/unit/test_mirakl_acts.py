"""The operator's levers on a Mirakl instance: complete, once, and back again."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Absent, Command, Done, Later, Refused, Session, Shop
from tests.fakes.driving import act, drive
from tests.fakes.mirakl import AFTER, BEFORE, DOWN, LOST, FakeMirakl
from tests.support.mirakl import KEY, MIRAKL, SELLER, command, do, session

LADDER = [
    ("restrict", "unrestrict", "premium_state", "NOT_PREMIUM"),
    ("hold_payout", "release_payout", "payment_blocked", True),
    ("close_shop", "reopen_shop", "closed_from_date", "2026-11-20T10:00:00Z"),
    ("suspend", "restore", "shop_state", "SUSPENDED"),
    ("blacklist", "unblacklist", "shop_state", "TERMINATED"),
]


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE, ""])
@pytest.mark.parametrize(("up", "down", "name", "value"), LADDER, ids=[row[0] for row in LADDER])
def test_each_rung_of_the_ladder_is_taken_and_taken_back(
    up: str, down: str, name: str, value: object, fault: str
) -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    before = dict(fake.shops[shop])
    fake.faults = [("PUT", fault)] if fault else []
    done = do(fake, up, shop)
    assert isinstance(done, Done) and fake.shops[shop][name] == value
    assert MIRAKL.levers[up].undo == down and MIRAKL.levers[up].reverse in ("exact", "offset")
    fake.faults = [("PUT", fault)] if fault else []
    assert isinstance(do(fake, down, shop, handle=done.handle), Done)
    after = {field: held for field, held in fake.shops[shop].items() if field != "immunity_date"}
    assert after == before


def test_a_restored_shop_is_spared_by_the_platform_s_own_suspensions() -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    do(fake, "restore", shop)
    assert fake.shops[shop]["immunity_date"] == "2026-12-04T10:00:00Z"


@pytest.mark.parametrize("action", sorted(SELLER))
def test_a_failure_under_200_is_a_failure(action: str) -> None:
    fake = FakeMirakl(stubborn=True)
    assert do(fake, action, fake.shop(), handle="PREMIUM") == Refused("rejected")


def test_termination_needs_the_address_that_the_operator_tells() -> None:
    fake = FakeMirakl()
    for path in ("", "https://evil.example/x", "api/../x", "api/shops?x"):
        bare = session(fake, state_change_path=path)
        outcome = act(MIRAKL.levers["blacklist"], bare, command("blacklist", fake.shop()), fake)
        assert outcome == Refused("no_state_change_path")
    assert not fake.calls


FAULTS = st.lists(
    st.tuples(st.sampled_from(["*", "GET", "PUT", "POST"]), st.sampled_from([*AFTER, *BEFORE])), max_size=5
)


@settings(deadline=None, max_examples=60)
@given(FAULTS)
def test_no_run_of_bad_luck_pays_twice_or_writes_twice(faults: list[tuple[str, str]]) -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    for action in ("refund", "warn_seller", "message_buyer"):
        fake.faults = list(faults)
        key = f"{KEY}|{action}"
        assert isinstance(do(fake, action, order, tries=18, key=key, amount=Decimal("20.00"), currency="EUR"), Done)
        fake.faults = []
    assert sum(fake.moved) == 20
    assert sorted(one["to"][0] for one in fake.threads.values()) == ["CUSTOMER", "SHOP"]


def test_a_refund_goes_over_the_lines_and_never_over_what_was_paid() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED", (30.0, 20.0))
    assert isinstance(do(fake, "refund", order, amount=Decimal("54.00"), currency="EUR"), Done)
    lines = fake.orders[order]["order_lines"]
    assert [(one["refunds"][0]["amount"], one["refunds"][0]["shipping_amount"]) for one in lines] == [(30, 5), (19, 0)]
    assert do(fake, "refund", order, key="other", amount=Decimal("1.01")) == Refused("more_than_is_left")
    assert isinstance(do(fake, "refund", order, key="other", amount=Decimal("1.00")), Done)


REFUNDS = [
    ({"amount": None}, {}, "no_amount"),
    ({"amount": Decimal("0")}, {}, "no_amount"),
    ({"amount": Decimal("5"), "currency": "USD"}, {}, "other_currency"),
    ({"amount": Decimal("55.01")}, {}, "more_than_is_left"),
    ({"amount": Decimal("5")}, {"order_tax_mode": "TAX_EXCLUDED"}, "taxes_apart"),
]


@pytest.mark.parametrize(("more", "order", "reason"), REFUNDS)
def test_a_refund_that_must_not_be(more: dict, order: dict, reason: str) -> None:
    fake = FakeMirakl()
    assert do(fake, "refund", fake.order("SHIPPED", **order), **more) == Refused(reason)
    assert not fake.moved


def test_a_second_equal_refund_of_ours_is_left_to_a_person() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    assert isinstance(do(fake, "refund", order, amount=Decimal("5")), Done)
    assert do(fake, "refund", order, key="another", amount=Decimal("5")) == Refused("equal_refund_is_there")
    assert fake.moved == [Decimal("5")]


def test_find_tells_whether_it_is_there_and_not_seen_is_not_absent() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED")
    for _ in range(7):
        fake.write(order, "CUSTOMER_USER")
    for action in ("refund", "warn_seller", "message_buyer", "remind_seller"):
        find, key = MIRAKL.levers[action].find, f"{KEY}|{action}"
        assert find is not None
        wanted = command(action, order, key=key, amount=Decimal("1"))
        assert drive(find(session(fake), wanted), fake.send) == Absent()
        done = do(fake, action, order, key=key, amount=Decimal("1"))
        assert drive(find(session(fake), wanted), fake.send) == done
        fake.faults = [("GET", DOWN)]
        assert isinstance(drive(find(session(fake), wanted), fake.send), Later)


def test_a_seller_is_written_to_where_there_is_no_order() -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    outcome = do(fake, "warn_seller", shop, subject=Subject("seller", str(shop)))
    assert isinstance(outcome, Done)
    assert fake.threads[outcome.handle]["entities"] == [{"type": "SELLER_OPERATOR", "id": str(shop)}]
    assert KEY not in repr(fake.threads), "sellers and buyers do not read the names of our rules"


def test_an_incident_is_opened_on_the_lines_that_can_have_one_and_closed_on_those() -> None:
    fake = FakeMirakl()
    order = fake.order("SHIPPED", (10.0, 20.0, 30.0))
    lines = fake.orders[order]["order_lines"]
    lines[2]["can_open_incident"] = False
    fake._incident(order, f"{order}-2", "open", {}, {"reason_code": "5"})
    done = do(fake, "open_incident", order)
    assert done == Done(f"{order}-1") and lines[0]["order_line_state"] == "INCIDENT_OPEN"
    assert do(fake, "close_incident", order, handle=f"{order}-1") == Done()
    assert [one["order_line_state"] for one in lines] == ["RECEIVED", "INCIDENT_OPEN", "SHIPPED"], "only ours"


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE])
def test_incidents_bear_repetition(fault: str) -> None:
    fake = FakeMirakl(faults=[("PUT", fault)])
    order = fake.order("SHIPPED")
    assert isinstance(do(fake, "open_incident", order), Done)
    fake.faults = [("PUT", fault)]
    assert do(fake, "close_incident", order) == Done()
    assert [one["order_line_state"] for one in fake.orders[order]["order_lines"]] == ["RECEIVED", "RECEIVED"]


def test_an_order_is_cancelled_only_before_it_was_sent() -> None:
    fake = FakeMirakl(faults=[("PUT", LOST)])
    order = fake.order()
    assert do(fake, "cancel", order) == Done() and fake.orders[order]["order_state"] == "CANCELED"
    sent = fake.order("SHIPPED")
    assert do(fake, "cancel", sent) == Refused("not_to_be_cancelled")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(["tag", "untag"]), min_size=1, max_size=5), FAULTS)
def test_a_tag_is_there_or_not(actions: list[str], faults: list[tuple[str, str]]) -> None:
    fake = FakeMirakl(faults=list(faults))
    order = fake.order(order_additional_fields=[{"code": "redress-tags", "value": "gift", "type": "STRING"}])
    for action in actions:
        assert do(fake, action, order, tries=16, params={"tag": "late"}) == Done("late")
    (held,) = fake.orders[order]["order_additional_fields"]
    assert held["value"] == ("gift,late" if actions[-1] == "tag" else "gift")


def test_a_note_stands_in_the_field_that_was_chosen() -> None:
    fake = FakeMirakl()
    order = fake.order()
    assert do(fake, "note", order) == Done()
    (held,) = fake.orders[order]["order_additional_fields"]
    assert held["code"] == "redress-note" and held["value"] == f"Please hurry. [redress:{KEY}]"


@pytest.mark.parametrize("action", sorted(MIRAKL.levers))
def test_a_lever_without_what_it_needs_is_refused_without_a_call(action: str) -> None:
    fake = FakeMirakl()
    bare = Session(Shop("m", "mirakl", fake.base), {"api_key": fake.key}, fake.now)
    nobody = Command("k", action, Subject("listing", "s"), note="x", params={"tag": "t"})
    assert isinstance(act(MIRAKL.levers[action], bare, nobody, fake), Refused) and not fake.calls
    needs_more = {"note", "tag", "untag", "open_incident", "close_incident", "refund", "blacklist", "unblacklist"}
    if action in needs_more:
        known = command(action, "2001", amount=Decimal("1"), params={"tag": "t"})
        assert isinstance(act(MIRAKL.levers[action], bare, known, fake), Refused) and not fake.calls
