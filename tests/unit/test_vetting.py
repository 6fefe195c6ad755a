"""Sellers' documents: what is missing or expires reminds, restricts and suspends; proof takes that back."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.rules.reader import PACKS
from chalicelib.sellers import vetting
from tests.support.ladder import DAY, Market
from tests.support.world import T0, event


def market() -> Market:
    made = Market()
    made.ops.must("POST", "/policies", {"yaml": (PACKS / "seller-vetting.yaml").read_text(encoding="utf-8")})
    # The sweep knows from now on since when it owes its rounds.
    made.world.pass_time(timedelta(minutes=2))
    return made


def at(made: Market, day: int) -> None:
    made.world.clock.set(T0 + day * DAY)
    made.world.pass_time(timedelta(minutes=20))


def test_a_document_that_is_missing_restricts_then_suspends_and_proof_restores() -> None:
    made = market()
    made.world.deliver(event("s-1", T0, {"seller.joined": T0}, "seller"))
    made.world.run()
    for document in ("tax", "identity"):
        made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": document, "until": "2030-01-01"})
    at(made, 7)
    assert made.sellers == {}
    at(made, 8)
    assert made.sellers == {"s-1": {"restrict"}}
    at(made, 15)
    assert made.sellers == {"s-1": {"restrict", "suspend"}}
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "licence", "until": "2030-01-01"})
    made.world.run()
    assert made.sellers == {"s-1": set()}


def test_a_document_that_expires_does_so_until_it_is_renewed() -> None:
    made = market()
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "licence", "until": "2026-05-01"})
    made.world.run()
    assert [one["action"] for one in made.world.shop.actions()] == []
    made.world.clock.set(datetime(2026, 4, 1, 23, 55, tzinfo=UTC))
    made.world.pass_time(timedelta(minutes=20))
    assert [one["action"] for one in made.world.shop.actions()] == ["remind_seller"], "a month ahead"
    at(made, 61)
    assert made.sellers == {"s-1": {"restrict"}}
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "licence", "until": "2027-05-01"})
    made.world.run()
    assert made.sellers == {"s-1": set()}


def test_a_penalty_and_a_missing_document_hold_the_same_lever_apart() -> None:
    made = market()
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "licence", "until": "2026-03-03"})
    at(made, 10)
    path = made.penalise()
    assert made.sellers == {"s-1": {"restrict", "suspend"}}
    made.word(path, "reverse")
    assert made.sellers == {"s-1": {"restrict", "suspend"}}, "the licence is still missing"
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "licence", "until": "2027-05-01"})
    made.world.run()
    assert made.sellers == {"s-1": set()}


def test_what_a_category_does_not_need_is_not_asked_for() -> None:
    made = market()
    made.world.deliver(event("s-1", T0, {"seller.joined": T0}, "seller"))
    made.world.run()
    assert not {clock for clock in made.world.case("seller/s-1").ledger.clocks if "production" in clock}
    made.world.deliver(event("s-1", T0, {"seller.joined": T0}, "seller", needs_production=True))
    made.world.run()
    assert "vet-production-missing" in made.world.case("seller/s-1").ledger.clocks


def test_a_file_is_checked_again_every_six_months() -> None:
    made = market()
    made.ops.must("POST", "/sellers/shop-1/s-1/verified", {})
    made.world.run()
    (due,) = [state.due for state in made.world.case("seller/s-1").ledger.clocks.values()]
    assert due is not None and due.date().isoformat() == "2026-09-03"


@pytest.mark.parametrize(
    ("document", "until"), [("passport", "2027-01-01"), ("licence", "soon"), ("licence", "2027-13-01")]
)
def test_what_cannot_be_is_refused_with_what_was_wanted(document: str, until: str) -> None:
    made = market()
    status, told = made.ops.ask("POST", "/sellers/shop-1/s-1/documents", {"document": document, "until": until})
    assert status == 400 and told["problems"][0]["wanted"]
    with pytest.raises(ValueError, match="one of"):
        vetting.checked("s-1", "passport", T0, T0)


def test_what_was_told_of_a_check_can_be_corrected() -> None:
    made = market()
    path, told = "/sellers/shop-1/s-1/documents", {"document": "licence", "at": "2026-03-01T00:00:00Z"}

    def due() -> str:
        (clock,) = [
            one for one in made.ops.must("GET", "/cases/shop-1/seller/s-1")["clocks"] if "expires" in one["clock"]
        ]
        return str(clock["due_day"])

    for until in ("2027-01-01", "2026-06-01", "2027-03-01", "2026-05-01"):
        made.ops.must("POST", path, {**told, "until": until})
        assert due() == until, "who says it last, of one check, is right"
    made.ops.must("POST", path, {**told, "until": None})
    assert "licence_until" not in {
        one["name"] for one in made.ops.must("GET", "/cases/shop-1/seller/s-1")["facts"] if one["value"] is not None
    }  # fmt: skip
    made.ops.must("POST", path, {**told, "until": "2028-01-01"})
    assert due() == "2028-01-01"
    made.ops.must("POST", path, {**told, "at": "2026-02-01T00:00:00Z", "until": "2029-01-01"})
    assert due() == "2028-01-01", "an older check gives way, whenever it is told"


@pytest.mark.parametrize(
    ("what", "said"), [("documents", {"document": "licence", "until": "2027-01-01"}), ("verified", {})]
)
def test_nothing_was_checked_in_the_future(what: str, said: dict[str, str]) -> None:
    """It would hold against whatever is truly checked until then: a slip that nobody could correct."""
    made = market()
    later = (made.world.clock.now() + timedelta(minutes=6)).isoformat()
    status, told = made.ops.ask("POST", f"/sellers/shop-1/s-1/{what}", {**said, "at": later})
    assert status == 400 and told["problems"][0]["field"] == "at"
    soon = (made.world.clock.now() + timedelta(minutes=4)).isoformat()
    assert made.ops.ask("POST", f"/sellers/shop-1/s-1/{what}", {**said, "at": soon})[0] == 200, "clocks differ a little"


def test_a_category_s_document_is_asked_for_once_somebody_said_that_it_is_needed() -> None:
    made = market()
    made.world.deliver(event("s-1", T0, {"seller.joined": T0}, "seller"))
    made.world.run()
    for document in ("licence", "tax", "identity"):
        made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": document, "until": "2030-01-01"})
    at(made, 8)
    assert made.sellers == {}
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "report", "needed": True})
    made.world.run()
    at(made, 9)
    assert made.sellers == {"s-1": {"restrict"}}
    made.ops.must("POST", "/sellers/shop-1/s-1/documents", {"document": "report", "needed": False})
    made.world.run()
    assert made.sellers == {"s-1": set()}
    for said in (
        {"document": "licence", "needed": True},
        {"document": "report", "needed": True, "until": "2030-01-01"},
    ):
        assert made.ops.ask("POST", "/sellers/shop-1/s-1/documents", said)[0] == 400
