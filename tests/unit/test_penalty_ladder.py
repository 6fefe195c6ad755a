"""The ladder without its shell: which rung, who decides, what stands; and that its pack is the one that is compiled."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.calendars import Calendars
from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import merge_all
from chalicelib.core.instants import show
from chalicelib.core.ladder import Ladder, Rung
from chalicelib.core.scores import Decision
from chalicelib.core.versions import Policies
from chalicelib.core.words import Status
from chalicelib.sellers import pack, penalties
from chalicelib.sellers.ladder import AHEAD, Issued, State, Warned, choose
from chalicelib.sellers.penalties import Terms, penalty_of

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
NONE, WARN, ACT = Decision.NONE, Decision.WARN, Decision.ACT

CHOICES = [
    (0, 1, [], Issued(), True, "notice", "notice", "", "one point is only noted"),
    (40, 4, [], Issued(), True, "notice", "suspend", "", "without a score nothing but a notice is automatic"),
    (40, 4, [NONE, NONE], Issued(), True, "notice", "suspend", "", "points alone do not make it automatic"),
    (40, 4, [NONE, WARN], Issued(), True, "warning", "suspend", "", "P from 0.5 warns and no more"),
    (2, 1, [ACT], Issued(), True, "notice", "notice", "", "a bad score without points asks for nothing"),
    (10, 2, [ACT], Issued(), True, "restrict", "restrict", "", "P from 0.9 and enough buyers restrict"),
    (16, 2, [ACT], Issued(), True, "hold_payout", "hold_payout", "", "and hold payouts"),
    (22, 2, [ACT], Issued(), True, "delist", "delist", "", "and take the listing down"),
    (22, 2, [ACT], Issued(), False, "hold_payout", "hold_payout", "", "where there is a listing"),
    (34, 2, [ACT], Issued(), True, "suspend", "suspend", "rung", "a person decides on a suspension"),
    (46, 2, [ACT], Issued(), True, "blacklist", "blacklist", "rung", "and on the end of the service"),
    (0, 13, [NONE], Issued(), True, "restrict", "restrict", "weight", "one heavy entry goes to a person"),
    (10, 2, [ACT], Issued(21, 21), True, "restrict", "restrict", "many", "many in an hour wait for a person"),
    (10, 2, [ACT], Issued(1, 101), True, "restrict", "restrict", "many", "many on a day wait for a person"),
    (0, 1, [ACT], Issued(21, 101), True, "notice", "notice", "", "a notice is never too many"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "weight", "decisions", "issued", "listing", "rung", "called", "needs", "why"), CHOICES,
    ids=[row[-1] for row in CHOICES],
)  # fmt: skip
def test_which_rung_and_who_decides(
    before: int, weight: int, decisions: list[Decision], issued: Issued, listing: bool, rung: str, called: str,
    needs: str, why: str,
) -> None:  # fmt: skip
    found = choose(Ladder(), before, weight, decisions, issued, listing)
    assert (found.rung, found.called, found.needs) == (rung, called, needs)


WARNINGS = [
    (10, 2, Warned.NO, Issued(), Ladder(), "warning", "", True, "the warning comes first"),
    (10, 2, Warned.YES, Issued(), Ladder(), "restrict", "", False, "it came"),
    (10, 2, Warned.UNTOLD, Issued(), Ladder(), "restrict", "untold", False, "it never arrived"),
    (10, 2, Warned.NO, Issued(), Ladder(warned_days=0), "restrict", "", False, "none is asked for"),
    (10, 2, Warned.UNTOLD, Issued(), Ladder(warned_days=0), "restrict", "", False, "nor missed"),
    (2, 2, Warned.UNTOLD, Issued(), Ladder(), "warning", "", False, "a warning needs none"),
    (0, 1, Warned.NO, Issued(), Ladder(), "notice", "", False, "nor does a notice"),
    (10, 2, Warned.NO, Issued(21, 21), Ladder(), "warning", "many", True, "many warnings wait too"),
    (0, 13, Warned.NO, Issued(), Ladder(), "restrict", "weight", False, "a person decides without one"),
    (34, 2, Warned.NO, Issued(), Ladder(), "suspend", "rung", False, "on what is severe too"),
]


@pytest.mark.parametrize(
    ("before", "weight", "warned", "issued", "ladder", "rung", "needs", "first", "why"), WARNINGS,
    ids=[row[-1] for row in WARNINGS],
)  # fmt: skip
def test_a_warning_comes_before_a_measure_that_no_person_decides(
    before: int, weight: int, warned: Warned, issued: Issued, ladder: Ladder, rung: str, needs: str, first: bool,
    why: str,
) -> None:  # fmt: skip
    found = choose(ladder, before, weight, [ACT], issued, True, warned)
    assert (found.rung, found.needs, found.first) == (rung, needs, first)


def row(rung: str, told: int | None, state: str = "imposed", imposed: int = 0, until: int = 300) -> dict[str, Any]:
    """A row of the ledger; instants in days after T0."""
    return {
        "rung": rung, "state": state, "points": 4, "penalty": f"{rung}-{told}",
        "imposed_at": show(T0 + imposed * DAY), "points_until": show(T0 + until * DAY),
        "told_at": None if told is None else show(T0 + told * DAY),
    }  # fmt: skip


HELD = [
    ([], "no", "nothing stands"),
    ([row("notice", 0)], "no", "a notice is no warning"),
    ([row("warning", 6)], "yes", "fourteen days ago"),
    ([row("warning", 7)], "no", "not quite"),
    ([row("warning", 7), row("warning", 1)], "yes", "the first counts"),
    ([row("restrict", 3)], "yes", "a measure of a person's warned too"),
    ([row("warning", 6, "appealed")], "yes", "it stands until it is decided"),
    ([row("warning", 6, "reversed")], "no", "it was taken back"),
    ([row("warning", None, "proposed")], "no", "nobody said yes"),
    ([row("warning", 6, until=20)], "no", "its points have ended"),
    ([row("warning", None)], "untold", "it stands, and nobody told the seller"),
    ([row("warning", None, imposed=7)], "no", "it may still be on its way"),
    ([row("warning", None), row("warning", 10)], "no", "a later one arrived: it is waited for"),
]


@pytest.mark.parametrize(("rows", "wanted", "why"), HELD, ids=[one[-1] for one in HELD])
def test_which_entries_have_warned_a_seller(rows: list[dict[str, Any]], wanted: str, why: str) -> None:
    assert penalties.warned_by(rows, T0 + 20 * DAY, 14)[0] == wanted
    assert penalties.warned_by(rows[::-1], T0 + 20 * DAY, 14)[0] == wanted


def terms(rung: Rung = Rung.RESTRICT, weight: int = 4) -> Terms:
    return Terms("s-1", "late-ship", weight, rung, "shop-1:order/7", "ship-1d", "house@1", True, "p-1")


def case_of(*events: Event) -> Case:
    ident = CaseId("main", "shop-1", Subject("penalty", "x"))
    return Case(ident, merge_all(Case(ident).evidence, events))


IMPOSED = penalties.imposed("x", terms(), T0, Ladder())
PROPOSED = penalties.proposed("x", terms(), T0 - DAY)
APPROVED = penalties.imposed("x", terms(), T0, Ladder(), approved=True)
APPEALED, UPHELD = penalties.told("x", "appealed", T0 + DAY), penalties.told("x", "upheld", T0 + 2 * DAY)
REVERSED = penalties.reversed_("x", T0 + 3 * DAY)

LIVES = [
    ([PROPOSED], 0, "proposed", False),
    ([PROPOSED, APPROVED], 0, "imposed", True),
    ([IMPOSED], 364, "imposed", True),
    ([IMPOSED], 365, "expired", False),
    ([IMPOSED, APPEALED], 1, "appealed", True),
    ([IMPOSED, APPEALED], 400, "appealed", False),
    ([IMPOSED, APPEALED, UPHELD], 2, "upheld", True),
    ([IMPOSED, APPEALED, UPHELD], 366, "expired", False),
    ([IMPOSED, REVERSED], 3, "reversed", False),
    ([IMPOSED, REVERSED], 400, "reversed", False),
    ([IMPOSED, APPEALED, UPHELD, REVERSED], 4, "reversed", False),
    ([PROPOSED, REVERSED, APPROVED], 4, "reversed", False),
]


@pytest.mark.parametrize(("events", "day", "state", "in_force"), LIVES)
def test_the_life_of_a_penalty_in_any_order_and_repeated(
    events: list[Event], day: int, state: str, in_force: bool
) -> None:
    now = T0 + day * DAY
    for told in (events, events[::-1], events + events):
        one = penalty_of(case_of(*told), now)
        assert (one.state, one.in_force) == (state, in_force)


def test_the_appeal_window_is_a_clock_and_ends_in_silence() -> None:
    policies, calendars = Policies.always(pack.penalties()), Calendars()
    last = penalties.appeal_until(T0)
    assert last == datetime(2026, 9, 3, tzinfo=UTC), "the end of 2 September"
    for at, wanted in ((T0, Status.RUNNING), (last - DAY / 24, Status.RUNNING), (last, Status.VOID)):
        reading = evaluate(case_of(IMPOSED), policies, calendars, at).clock("penalty-appeal-window")
        assert reading is not None and reading.status is wanted
        assert reading.due == last
    met = evaluate(case_of(IMPOSED, APPEALED), policies, calendars, T0 + 2 * DAY).clock("penalty-appeal-window")
    assert met is not None and met.status is Status.MET


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ((2026, 8, 31), (2027, 3, 1)),
        ((2026, 3, 30), (2026, 10, 1)),
        ((2027, 8, 30), (2028, 3, 1)),
        ((2026, 12, 31), (2027, 7, 1)),
    ],
)
def test_six_months_end_with_the_day_of_the_same_number_or_the_last(
    day: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    at = datetime(*day, 12, tzinfo=UTC)
    assert penalties.appeal_until(at) == datetime(*until, tzinfo=UTC)
    told = penalties.imposed("x", terms(), at, Ladder())
    found = evaluate(case_of(told), Policies.always(pack.penalties()), Calendars(), at).clock("penalty-appeal-window")
    assert found is not None and found.due == penalties.appeal_until(at), "the clock and the mark agree"


STEPS = [
    (Rung.NOTICE, 0, {"publish"}),
    (Rung.RESTRICT, 0, {"publish", "measure"}),
    (Rung.RESTRICT, 7, {"publish", "measure", "end"}),
    (Rung.BLACKLIST, 29, {"publish"}),
    (Rung.BLACKLIST, 30, {"publish", "terminate"}),
]


@pytest.mark.parametrize(("rung", "day", "wanted"), STEPS)
def test_what_a_penalty_in_force_does_and_when(rung: Rung, day: int, wanted: set[str]) -> None:
    told = penalties.imposed("x", terms(rung), T0, Ladder())
    verdict = evaluate(case_of(told), Policies.always(pack.penalties()), Calendars(), T0 + day * DAY)
    assert {one.step for one in verdict.taken if one.clock == "penalty-in-force"} == wanted
    assert penalty_of(case_of(told), T0 + day * DAY).measure_on(T0 + day * DAY) == bool(
        wanted & {"measure", "terminate"} and "end" not in wanted
    )
    assert AHEAD.days == 30


def test_nothing_of_a_reversed_penalty_stands() -> None:
    policies = Policies.always(pack.penalties())
    verdict = evaluate(case_of(IMPOSED, APPEALED, REVERSED), policies, Calendars(), T0 + 4 * DAY)
    stands = verdict.clock("penalty-in-force")
    assert stands is not None and stands.status is Status.WAITING and stands.steps == ()
    window = verdict.clock("penalty-appeal-decision")
    assert window is not None and window.status is Status.MET


def test_no_clock_of_a_penalty_ends_by_being_missed_but_those_that_a_person_owes() -> None:
    """A storm of ended windows would make penalties of others wait."""
    policies = Policies.always(pack.penalties())
    verdict = evaluate(case_of(IMPOSED), policies, Calendars(), T0 + 4000 * DAY)
    assert {one.rule.id for one in verdict.clocks if one.status is Status.BREACHED} == set()


def test_the_compiled_pack_is_the_one_that_people_read() -> None:
    assert pack.COMPILED.read_text(encoding="utf-8") == pack.written(), "python -m chalicelib.sellers.pack"
    assert State.PROPOSED.value == "proposed"
