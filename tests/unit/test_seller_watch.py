"""The daily look after measures: what each platform shows of a measure is compared with what should stand."""

from datetime import timedelta

import pytest

from chalicelib.core.case import Action, Case, CaseId, Ledger
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.evidence import NOTHING, merge
from chalicelib.core.words import ActionState
from chalicelib.platforms.base import Command, Done, Read
from chalicelib.rules.reader import PACKS
from chalicelib.sellers.watch import differences
from tests.fakes.driving import act, drive
from tests.fakes.mirakl import FakeMirakl
from tests.support.ladder import Market
from tests.support.mirakl import KEY, MIRAKL, session
from tests.support.world import T0, event

DAY = timedelta(days=1)
SELLER, LISTING = Subject("seller", "2001"), Subject("listing", "p-9")


def case_of(told: Event, asked: str, stands: bool, at: object = T0) -> Case:
    """A case on which `asked` was once put (and is still wanted, where it `stands`), and what a look told."""
    evidence = merge(NOTHING, told)
    rule = f"measure-{asked.replace('_', '-')}"
    if stands:
        mark = Mark(f"measure.{asked}", T0, "p-1", 2)
        evidence = merge(evidence, Event("put", told.subject, T0, 2, "decision", marks=(mark,)))
    done = Action(asked, ActionState.DONE, "penalties@0", T0)
    ledger = Ledger(actions={f"{rule}|begin|0|0": done})
    return Case(CaseId("main", "shop-1", told.subject), evidence, ledger)


def look(subject: Subject, **facts: object) -> Event:
    return Event("look", subject, T0 + DAY, T0 + DAY, look=True, facts=dict(facts))  # type: ignore[arg-type]


TABLE = [
    (SELLER, "suspend", {"status": "open"}, "undone", "Mirakl's word for a shop that sells"),
    (SELLER, "suspend", {"status": "active"}, "undone", "Dokan's"),
    (SELLER, "suspend", {"status": "suspended"}, "", "it stands"),
    (SELLER, "suspend", {"status": "inactive"}, "", "it stands"),
    (SELLER, "suspend", {"status": "close"}, "", "a shop on holiday does not sell either"),
    (SELLER, "suspend", {"status": "whatever"}, "", "nobody knows what it says"),
    (SELLER, "blacklist", {"status": "open"}, "undone", "the service was to end"),
    (SELLER, "blacklist", {"status": "terminated"}, "", "it stands"),
    (SELLER, "hold_payout", {"payout_held": False}, "undone", "money goes out again"),
    (SELLER, "hold_payout", {"payout_held": True}, "", "it stands"),
    (SELLER, "hold_payout", {"status": "open"}, "", "nothing is said of payouts"),
    (SELLER, "restrict", {"restricted": False}, "undone", "it is promoted again"),
    (LISTING, "delist", {"status": "publish"}, "undone", "it is for sale again"),
    (LISTING, "delist", {"status": "draft"}, "", "it stands"),
]


@pytest.mark.parametrize(("subject", "measure", "facts", "wanted", "why"), TABLE)
def test_what_should_stand_and_does_not(
    subject: Subject, measure: str, facts: dict[str, object], wanted: str, why: str
) -> None:
    found = differences(case_of(look(subject, **facts), measure, True), T0 + 2 * DAY)
    assert [(one.name, one.measure) for one in found] == ([(wanted, measure)] if wanted else []), why


LIFTED = [
    (SELLER, "suspend", {"status": "suspended"}, "repeated", "the platform's own nightly job, or a person"),
    (SELLER, "suspend", {"status": "close"}, "", "the seller closed its own shop"),
    (SELLER, "suspend", {"status": "open"}, "", "as it should be"),
    (SELLER, "blacklist", {"status": "terminated"}, "repeated", "somebody ended it again"),
    (SELLER, "hold_payout", {"payout_held": True}, "repeated", "nothing asks for it"),
    (SELLER, "restrict", {"restricted": True}, "repeated", "nothing asks for it"),
    (LISTING, "delist", {"status": "draft"}, "", "a seller may take its own listing down"),
]


@pytest.mark.parametrize(("subject", "measure", "facts", "wanted", "why"), LIFTED)
def test_what_should_not_stand_any_more_and_does(
    subject: Subject, measure: str, facts: dict[str, object], wanted: str, why: str
) -> None:
    found = differences(case_of(look(subject, **facts), measure, False), T0 + 2 * DAY)
    assert [(one.name, one.measure) for one in found] == ([(wanted, measure)] if wanted else []), why


@pytest.mark.parametrize(
    ("before", "latest", "stands", "wanted", "why"),
    [
        (ActionState.REFUSED, ActionState.DONE, True, ["undone"], "what failed once says nothing of the next"),
        (ActionState.SKIPPED, ActionState.DONE, True, ["undone"], "nor does what was only observed then"),
        (ActionState.DONE, ActionState.REFUSED, True, [], "it never stood there"),
        (ActionState.DONE, ActionState.PLANNED, True, [], "it is under way"),
        (ActionState.DONE, ActionState.UNKNOWN, True, [], "nobody knows"),
    ],
)
def test_only_what_was_last_asked_of_a_platform_counts(
    before: ActionState, latest: ActionState, stands: bool, wanted: list[str], why: str
) -> None:
    case = case_of(look(SELLER, status="open"), "suspend", stands)
    actions = {
        "measure-suspend|begin|0|0": Action("suspend", before, "penalties@0", T0 - DAY),
        "measure-suspend|begin|1|0": Action("suspend", latest, "penalties@0", T0),
    }
    ledger = Ledger(actions=actions)
    found = differences(Case(case.id, case.evidence, ledger), T0 + DAY)
    assert [one.name for one in found] == wanted, why


def test_a_measure_that_could_not_be_lifted_is_not_somebody_else_s() -> None:
    case = case_of(look(SELLER, status="suspended"), "suspend", stands=False)
    actions = {
        "measure-suspend|begin|0|0": Action("suspend", ActionState.DONE, "penalties@0", T0 - DAY),
        "measure-suspend|begin|0|0|undo": Action("restore", ActionState.REFUSED, "penalties@0", T0),
    }
    assert differences(Case(case.id, case.evidence, Ledger(actions=actions)), T0 + DAY) == []


def test_a_platform_that_was_told_just_now_may_still_show_the_old() -> None:
    told = Event("look", SELLER, T0, T0, look=True, facts={"status": "open"})
    assert differences(case_of(told, "suspend", True), T0 + DAY) == []


def test_who_was_never_measured_is_nobody_s_business() -> None:
    told = merge(NOTHING, look(SELLER, status="suspended", payout_held=True))
    assert differences(Case(CaseId("main", "shop-1", SELLER), told), T0 + 2 * DAY) == []


@pytest.mark.parametrize(
    ("measure", "behind_our_back"),
    [("suspend", {"shop_state": "OPEN"}), ("hold_payout", {"payment_blocked": False}),
     ("restrict", {"premium_state": "PREMIUM"}), ("blacklist", {"shop_state": "OPEN"})],
)  # fmt: skip
def test_mirakl_shows_every_rung(measure: str, behind_our_back: dict[str, object]) -> None:
    fake = FakeMirakl()
    shop = fake.shop()
    subject = Subject("seller", str(shop))

    def seen() -> Event:
        found = drive(MIRAKL.look(subject, session(fake)), fake.send)
        assert isinstance(found, Read), found
        return found.events[0]._replace(occurred_at=T0 + DAY, version=T0 + DAY)

    put = act(MIRAKL.levers[measure], session(fake), Command(KEY, measure, subject), fake)
    assert isinstance(put, Done)
    assert differences(case_of(seen(), measure, True), T0 + 2 * DAY) == []
    assert [one.name for one in differences(case_of(seen(), measure, False), T0 + 2 * DAY)] == ["repeated"]
    fake.shops[shop].update(behind_our_back)
    assert [one.name for one in differences(case_of(seen(), measure, True), T0 + 2 * DAY)] == ["undone"]


def test_a_seller_suspended_for_a_missing_document_is_looked_after_too() -> None:
    market = Market()
    pack = (PACKS / "seller-vetting.yaml").read_text(encoding="utf-8")
    market.ops.must("POST", "/policies", {"yaml": pack})
    market.world.pass_time(timedelta(minutes=2))
    market.world.deliver(event("s-1", T0, {"seller.joined": T0}, kind="seller"))
    market.world.clock.set(T0 + 15 * DAY)
    market.world.pass_time(timedelta(minutes=20))
    assert market.sellers["s-1"] >= {"suspend"}
    assert market.ops.must("POST", "/sellers/watch", {})["looks"] == 1


def test_who_is_long_free_of_measures_is_asked_about_no_more_and_who_is_not_stays() -> None:
    market = Market()
    gone, stays = market.penalise("s-1", rung="suspend"), market.penalise("s-2", rung="blacklist")
    market.word(gone, "reverse")
    market.world.pass_time(timedelta(minutes=2))
    for day in (31, 300, 600):
        market.world.clock.set(T0 + day * DAY)
        market.world.pass_time(timedelta(minutes=20))
        looks = market.ops.must("POST", "/sellers/watch", {})["looks"]
    assert looks == 1, "the one whose service was ended"
    assert market.state(stays) == "imposed"
