"""What may never be rewritten, and what can be taken back: recalls of versions and successive calendars (laws 7, 8)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars, Edition
from chalicelib.core.case import Case, CaseId
from chalicelib.core.clocks import Reading
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.rules import EarlierOf, LaterOf, Moment, Point, Rule
from chalicelib.core.settle import Terms, settle
from chalicelib.core.versions import Activation, Policies
from chalicelib.core.words import ENDED, ActionState, Group, Mode
from tests.properties import histories as h

CASE = Case(CaseId("main", "shop-1", h.SUBJECT))
ACTING = Terms(
    modes=dict.fromkeys(Group, Mode.ACT), levers=frozenset(["tag"]), undo={"tag": "untag"}, looks=frozenset(["order"])
)
END = h.hours(2000)
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
looks_at = st.lists(st.integers(0, 120), max_size=6).map(sorted)


def advance(case: Case, policies: Policies, calendars: Calendars, now: datetime, *events: Event) -> Case:
    case = Case(case.id, merge_all(case.evidence, events), case.ledger, case.wake_at, case.version + 1)
    return settle(case, evaluate(case, policies, calendars, now), ACTING)


def done(case: Case) -> Case:
    """As though every action that waits had been carried out."""
    actions = {
        key: replace(one, state=ActionState.DONE) if one.state is ActionState.PLANNED else one
        for key, one in case.ledger.actions.items()
    }
    return replace(case, ledger=replace(case.ledger, actions=actions))


def standing(case: Case) -> set[tuple[str, str]]:
    return {key for key, state in case.ledger.steps.items() if not state.withdrawn}


def of_backtest(events: list[Event], policies: Policies, calendars: Calendars, now: datetime) -> set[tuple[str, str]]:
    verdict = evaluate(Case(CASE.id, merge_all(NOTHING, events)), policies, calendars, now)
    return {(one.clock, one.step) for one in verdict.taken}


@slow
@given(h.histories, h.rules, h.rules, st.integers(0, 80), st.integers(0, 60), st.booleans(), looks_at)
def test_after_a_recall_only_those_steps_stand_that_would_without_the_version(
    events: list[Event], good: Rule, bad: Rule, activated: int, later: int, retroactive: bool, looks: list[int]
) -> None:
    recall = h.hours(activated + later)
    first = Activation(h.policy(good))
    second = Activation(h.policy(bad, number=2), h.hours(activated), retroactive, recall)
    policies, case = Policies((first, second)), CASE
    for hour in looks:
        case = done(advance(case, policies, h.CALENDARS, h.hours(hour), *events))
    case = done(advance(case, policies, h.CALENDARS, max(END, recall), *events))
    assert standing(case) == of_backtest(events, Policies((first,)), h.CALENDARS, END)
    untagged = {key for key, one in case.ledger.actions.items() if one.name == "untag"}
    for key, one in case.ledger.actions.items():
        clock, step, generation, _ = key.removesuffix("|undo").split("|")
        state = case.ledger.steps.get((clock, step))
        gone = state is not None and state.withdrawn and int(generation) == state.generation
        if gone and one.name == "tag" and one.state is ActionState.DONE:
            assert f"{key}|undo" in untagged, "what a lever can take back is taken back"


@slow
@given(h.histories, h.rules, h.rules, st.integers(0, 80), st.booleans())
def test_a_recalled_plan_never_comes_into_force(
    events: list[Event], good: Rule, bad: Rule, activated: int, retroactive: bool
) -> None:
    second = Activation(h.policy(bad, number=2), h.hours(activated + 1), retroactive, h.hours(activated))
    case = advance(CASE, Policies((Activation(h.policy(good)), second)), h.CALENDARS, END, *events)
    assert standing(case) == of_backtest(events, h.always(good), h.CALENDARS, END)


def changed(code: str, off: list[int]) -> Calendar:
    """The calendar of a code with other days off, as a notice would have it."""
    days: list[date] = [h.T0.date() + timedelta(days=one) for one in off]
    zone = (shipped(code) or h.OFFICE).zone
    return Calendar(code, zone, {"mon-fri": ["09:00-17:00"]}, days)


def calendars(*given_: tuple[datetime | None, Calendar]) -> Calendars:
    editions = [Edition(at, one.digest, lambda one=one: one) for at, one in given_]  # type: ignore[misc]
    known = {"OFFICE": h.OFFICE, "SHORT": h.SHORT}
    return Calendars(known, shipped, {"CN": editions})


def points(moment: Moment) -> list[Point]:
    inner = moment.moments if isinstance(moment, (EarlierOf, LaterOf)) else (moment,)
    return [one for one in inner if isinstance(one, Point)]


def origin(clock: Reading) -> datetime | None:
    return clock.rounds[0] if clock.rounds else clock.start


days_off = st.lists(st.integers(0, 12), max_size=6)


@slow
@given(h.histories, h.rules, days_off, days_off, st.integers(0, 120), looks_at)
def test_an_ended_clock_keeps_its_due_and_a_running_one_follows_the_newest_calendar(
    events: list[Event], rule: Rule, old: list[int], new: list[int], hour: int, looks: list[int]
) -> None:
    # What an offset sets before its mark began in hindsight alone.
    assume(all(one.offset >= 0 for one in points(rule.start)))
    policies = h.always(replace(rule, calendar="CN", again=None))
    before, after, turn = changed("CN", old), changed("CN", new), h.hours(hour)
    both = calendars((None, before), (turn, after))
    case = Case(CASE.id, merge_all(NOTHING, events))
    at_turn = {one.clock: one for one in evaluate(case, policies, calendars((None, before)), turn).clocks}
    for look in (*looks, 2000):
        now = max(turn, h.hours(look))
        only_new = {one.clock: one for one in evaluate(case, policies, calendars((None, after)), now).clocks}
        only_old = {one.clock: one for one in evaluate(case, policies, calendars((None, before)), now).clocks}
        for one in evaluate(case, policies, both, now).clocks:
            was = at_turn.get(one.clock)
            # A clock that began anew since, by a later mark, had not ended.
            kept = was is not None and was.status in ENDED and origin(was) == origin(one)
            assert one == (only_old if kept else only_new)[one.clock]


@slow
@given(h.histories, h.rules, days_off, days_off, st.integers(0, 120), looks_at)
def test_with_successive_calendars_what_stands_does_not_depend_on_when_we_looked(
    events: list[Event], rule: Rule, old: list[int], new: list[int], hour: int, looks: list[int]
) -> None:
    policies = h.always(replace(rule, calendar="CN"))
    both = calendars((None, changed("CN", old)), (h.hours(hour), changed("CN", new)))
    case = CASE
    for number, look in enumerate(looks):
        case = advance(case, policies, both, h.hours(look), *events[number::2])
    case = advance(case, policies, both, END, *events)
    assert standing(case) == of_backtest(events, policies, both, END)


@slow
@given(h.histories, h.rules, h.rules, st.integers(0, 80), st.integers(0, 200))
def test_a_clock_is_judged_by_the_version_in_force_at_its_start(
    events: list[Event], old: Rule, new: Rule, activated: int, looked: int
) -> None:
    turn, now = h.hours(activated), h.hours(looked)
    case = Case(CASE.id, merge_all(NOTHING, events))
    versions = (Activation(h.policy(old)), Activation(h.policy(new, number=2), turn))
    by_old, by_new = (
        {one.clock: one for one in evaluate(case, Policies((replace(version, at=None),)), h.CALENDARS, now).clocks}
        for version in versions
    )
    told = evaluate(case, Policies(versions), h.CALENDARS, now).clocks
    assert len({one.clock for one in told}) == len(told)
    for one in told:
        begun = one.rounds[0] if one.rounds else one.start
        older = now < turn if begun is None else begun < turn or now < turn
        assert one == (by_old if older else by_new)[one.clock]
    if now >= turn:
        # None is left out that either version has, of those that start while it is in force.
        kept = {name for name, one in by_old.items() if one.start and (*one.rounds, one.start)[0] < turn}
        kept |= {name for name, one in by_new.items() if one.start and (*one.rounds, one.start)[0] >= turn}
        assert kept == {one.clock for one in told if one.start}
