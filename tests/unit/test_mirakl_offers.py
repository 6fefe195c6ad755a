"""The operator's levers on the offers of a Mirakl shop: off sale and back, with the stock of before."""

import json

import pytest

from chalicelib.platforms.base import Done, Later, Refused
from tests.fakes.driving import drive
from tests.fakes.mirakl import AFTER, BEFORE, HTML, FakeMirakl
from tests.support.mirakl import MIRAKL, command, do, look, of, session


@pytest.mark.parametrize("stock", [{}, {"W-1": 5, "W, 2=|": 2}], ids=["one stock", "warehouses"])
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("fault", [*AFTER, *BEFORE, HTML, ""])
def test_an_offer_is_taken_off_sale_and_put_back_with_the_stock_it_had(
    fault: str, method: str, stock: dict[str, int]
) -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7, **stock)
    other = fake.offer(next(iter(fake.shops)), 3)
    before = {number: json.dumps(one) for number, one in fake.offers.items()}
    fake.faults = [(method, fault)] * 2 if fault else []
    done = do(fake, "delist", offer, tries=20)
    assert isinstance(done, Done) and fake.offers[offer]["quantity"] == 0
    assert of(look(fake, "listing", offer), f"listing/{offer}").facts["status"] == "inactive"
    fake.faults = [(method, fault)] * 2 if fault else []
    assert isinstance(do(fake, "relist", offer, tries=20, handle=done.handle), Done)
    while any(one["status"] != "COMPLETE" for one in fake.imports.values()):
        # What was sent twice, because an answer was lost, comes twice.
        fake._work_off()
    assert {number: json.dumps(one) for number, one in fake.offers.items()} == before, "nothing else is touched"
    assert fake.offers[other]["quantity"] == 3


def test_a_second_try_takes_its_own_zero_for_no_stock_of_before() -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    lever, now = MIRAKL.levers["delist"], session(fake)
    first = drive(lever.run(now, command("delist", offer)), fake.send)
    assert isinstance(first, Later) and (first.handle, first.begun) == ("7", False) and not fake.imports
    second = drive(lever.run(now, command("delist", offer, handle="7")), fake.send)
    assert isinstance(second, Later) and second.handle.startswith("7|down:") and second.begun
    fake.patience = 0
    while fake.offers[offer]["quantity"]:
        fake._work_off()
    for handle in ("7", second.handle):
        assert drive(lever.run(now, command("delist", offer, handle=handle)), fake.send) == Done("7")


def test_an_import_that_nobody_knows_any_more_is_judged_by_the_offer() -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    assert do(fake, "delist", offer, tries=20, handle="7|down:gone") == Done("7")
    assert fake.offers[offer]["quantity"] == 0 and len(fake.imports) == 1


def test_what_had_no_stock_is_left_so_and_what_somebody_filled_up_is_left_too() -> None:
    fake = FakeMirakl()
    empty, offer = fake.offer(fake.shop(), 0), fake.offer(next(iter(fake.shops)), 7)
    done = do(fake, "delist", empty)
    assert isinstance(done, Done) and do(fake, "relist", empty, handle=done.handle) == done
    done = do(fake, "delist", offer)
    assert isinstance(done, Done)
    fake.offers[offer]["quantity"] = 40
    assert do(fake, "relist", offer, handle=done.handle) == Done() and fake.offers[offer]["quantity"] == 40


def test_a_line_in_error_is_a_failure_in_its_own_words() -> None:
    fake = FakeMirakl(stubborn=True)
    offer = fake.offer(fake.shop(), 7)
    for action, handle in (("delist", ""), ("relist", "7")):
        outcome = do(fake, action, offer, handle=handle)
        assert isinstance(outcome, Refused) and outcome.reason == "import_failed: The offer tea does not exist"
    assert fake.offers[offer]["quantity"] == 7


def test_what_was_taken_in_part_is_put_back() -> None:
    fake = FakeMirakl(spoilt={"W2"})
    offer = fake.offer(fake.shop(), W1=5, W2=2)
    outcome = do(fake, "delist", offer)
    assert isinstance(outcome, Refused) and outcome.reason.startswith("import_failed")
    for _ in range(5):
        fake._work_off()
    assert fake.offers[offer]["quantity"] == 7


def test_what_takes_back_a_delisting_under_way_waits_for_it() -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    lever = MIRAKL.levers["delist"]
    begun = drive(lever.run(session(fake), command("delist", offer, handle="7")), fake.send)
    assert isinstance(begun, Later)
    assert do(fake, "relist", offer, tries=20, handle=begun.handle) == Done()
    assert fake.offers[offer]["quantity"] == 7 and len(fake.imports) == 2
    lost = fake.offer(next(iter(fake.shops)), 4)
    drive(lever.run(session(fake), command("delist", lost, handle="4")), fake.send)
    assert do(fake, "relist", lost, tries=20, handle="4") == Done(), "its number was lost on the way"
    assert fake.offers[lost]["quantity"] == 4


OFFERS = [
    ({"shop_id": 9}, {"seller": "2001"}, "another_shop"),
    ({"shop_sku": "a\nb"}, {}, "no_sku"),
    ({"quantity": None}, {}, "unexpected"),
    ({"offer_id": 1}, {}, "unexpected"),
    ({"warehouses": [{"code": f"warehouse-{n}", "quantity": 1} for n in range(60)]}, {}, "too_many_warehouses"),
]


@pytest.mark.parametrize(("told", "more", "reason"), OFFERS, ids=[row[2] for row in OFFERS])
def test_an_offer_that_is_not_to_be_touched(told: dict, more: dict, reason: str) -> None:
    fake = FakeMirakl()
    offer = fake.offer(fake.shop(), 7)
    fake.offers[offer].update(told)
    for action in ("delist", "relist"):
        if (action, reason) != ("relist", "too_many_warehouses"):
            assert do(fake, action, offer, handle="" if action == "delist" else "7", **more) == Refused(reason)
    assert do(fake, "delist", 999) == Refused("not_found") and not fake.imports
