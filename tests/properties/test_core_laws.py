"""The laws of DESIGN section 2 about evidence and verdicts, for any history and any rule of the strategies."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import evaluate, law_at
from chalicelib.core.events import Event
from chalicelib.core.evidence import NOTHING, join, merge, merge_all
from chalicelib.core.rules import EarlierOf, LaterOf, Moment, Point, Rule
from chalicelib.core.settle import Terms, settle
from chalicelib.core.transitions import journal
from chalicelib.core.versions import Policies
from chalicelib.core.words import Group, Mode
from tests.properties import histories as h

CALENDARS = h.CALENDARS
CASE = Case(CaseId("main", "shop-1", h.SUBJECT))
ACTING = Terms(
    modes=dict.fromkeys(Group, Mode.ACT),
    levers=frozenset(["tag"]),
    undo={"tag": "untag"},
    looks=frozenset(["order"]),
)
END = h.hours(1200)

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def advance(case: Case, policies: Policies, now: datetime, *events: Event) -> Case:
    case = Case(case.id, merge_all(case.evidence, events), case.ledger, case.wake_at, case.version + 1)
    after = settle(case, evaluate(case, policies, CALENDARS, now), ACTING)
    # Nobody sends anything here; a case with more open actions than it may have waits for a person, which is no matter.
    assume(not after.ledger.full)
    return after


def standing(case: Case) -> set[tuple[str, str]]:
    """Steps taken less withdrawn."""
    return {key for key, state in case.ledger.steps.items() if not state.withdrawn}


def backtest(events: list[Event], policies: Policies, now: datetime) -> set[tuple[str, str]]:
    verdict = evaluate(Case(CASE.id, merge_all(NOTHING, events)), policies, CALENDARS, now)
    return {(one.clock, one.step) for one in verdict.taken}


def wakes(case: Case, policies: Policies, after: datetime, until: datetime) -> Case:
    """Evaluate at each wake in turn, as the timers would."""
    for _ in range(500):
        # Nobody sends the actions here, so the case asks for them each minute; the clocks' own wake is what counts.
        verdict = evaluate(case, policies, CALENDARS, after)
        wake, law = verdict.wake_at, law_at(one._replace(rule=replace(one.rule, basis="law")) for one in verdict.clocks)
        assert law is None or (wake is not None and after < wake <= law), "a legal deadline that no wake comes before"
        if wake is None or wake > until:
            return advance(case, policies, until)
        assert wake > after, "a wake that does not move on would spin"
        case, after = advance(case, policies, wake), wake
    raise AssertionError("more wakes than a case can need")


@slow
@given(h.histories, st.randoms(use_true_random=False), st.data())
def test_any_permutation_duplication_and_regrouping_gives_equal_evidence(
    events: list[Event], rng: random.Random, data: st.DataObject
) -> None:
    shuffled = events + data.draw(st.lists(st.sampled_from(events), max_size=4) if events else st.just([]))
    rng.shuffle(shuffled)
    cut = data.draw(st.integers(0, len(shuffled)))
    one_by_one = NOTHING
    for event in events:
        one_by_one = merge(one_by_one, event)
    assert merge_all(NOTHING, events) == one_by_one
    assert join(merge_all(NOTHING, shuffled[:cut]), merge_all(NOTHING, shuffled[cut:])) == one_by_one


@slow
@given(h.histories, h.chained(), st.randoms(use_true_random=False), st.lists(st.integers(0, 80), max_size=8))
def test_what_stands_in_the_end_does_not_depend_on_arrival_or_on_when_we_looked(
    events: list[Event], rules: tuple[Rule, ...], rng: random.Random, looks: list[int]
) -> None:
    policies = h.always(*rules)
    arriving = list(events)
    rng.shuffle(arriving)
    case = CASE
    for step, event in enumerate(arriving):
        now = h.hours(looks[step % len(looks)]) if looks else h.hours(step)
        case = advance(case, policies, now, event)
    case = advance(case, policies, END)
    assert standing(case) == backtest(events, policies, END)


@slow
@given(h.histories, h.chained())
def test_evaluating_at_each_wake_takes_exactly_the_steps_of_a_backtest(
    events: list[Event], rules: tuple[Rule, ...]
) -> None:
    policies = h.always(*rules)
    case = advance(CASE, policies, h.T0 - timedelta(days=1), *events)
    case = wakes(case, policies, h.T0 - timedelta(days=1), END)
    assert standing(case) == backtest(events, policies, END)


def foretold(moment: Moment) -> bool:
    """Whether no later mark moves it: what picks the last mark, or is set before its mark, may be moved."""
    if isinstance(moment, Point):
        return moment.pick != "last" and moment.offset >= 0
    if isinstance(moment, (LaterOf, EarlierOf)):
        return all(foretold(one) for one in moment.moments)
    return True


@slow
@given(h.histories, h.chained())
def test_at_a_wake_in_time_no_step_of_timely_evidence_is_ever_withdrawn(
    events: list[Event], rules: tuple[Rule, ...]
) -> None:
    """All evidence is known beforehand and comes into sight when it is dated: nothing is late, so nothing heals."""
    assume(all(foretold(one) for rule in rules for one in (rule.start, *rule.stop, *rule.void)))
    policies = h.always(*rules)
    case = advance(CASE, policies, h.T0 - timedelta(days=1), *events)
    case = wakes(case, policies, h.T0 - timedelta(days=1), END)
    assert [key for key, state in case.ledger.steps.items() if state.withdrawn or state.generation] == []


@slow
@given(h.histories, h.rules, st.integers(0, 80))
def test_evaluating_twice_takes_nothing_twice(events: list[Event], rule: Rule, hour: int) -> None:
    policies, now = h.always(rule), h.hours(hour)
    once = advance(CASE, policies, now, *events)
    again = evaluate(once, policies, CALENDARS, now)
    assert (again.taken, again.withdrawn) == ((), ())
    assert settle(once, again, ACTING) == once


@slow
@given(h.histories, h.rules, h.rules, st.integers(0, 80), st.integers(0, 80))
def test_a_retroactive_version_takes_no_step_twice(
    events: list[Event], first: Rule, second: Rule, activated: int, looked: int
) -> None:
    policies = h.with_second(first, second, h.hours(activated))
    case = advance(CASE, policies, h.hours(looked), *events)
    generations = {key: state.generation for key, state in case.ledger.steps.items()}
    case = advance(case, policies, END)
    for key, generation in generations.items():
        state = case.ledger.steps[key]
        assert state.generation == generation, "a step that still stands, or was withdrawn, is not taken anew"
    assert standing(case) == backtest(events, policies, END)


@slow
@given(h.histories, h.rules, st.randoms(use_true_random=False))
def test_replaying_the_journal_in_any_order_rebuilds_the_evidence(
    events: list[Event], rule: Rule, rng: random.Random
) -> None:
    case = CASE
    told: list[Event] = []
    for event in events:
        after = advance(case, h.always(rule), h.hours(3), event)
        told.extend(journal(case, after, h.hours(3)))
        case = after
    rng.shuffle(told)
    assert merge_all(NOTHING, told) == case.evidence


@slow
@given(h.histories, h.chained(), st.integers(0, 100))
def test_what_is_dated_later_is_unseen(events: list[Event], rules: tuple[Rule, ...], hour: int) -> None:
    evidence, now, policies = merge_all(NOTHING, events), h.hours(hour), h.always(*rules)
    until = {key: one for key, one in evidence.marks.items() if one.at is None or one.at <= now}
    seen, all_of_it = (
        evaluate(Case(CASE.id, found), policies, CALENDARS, now).clocks
        for found in (replace(evidence, marks=until), evidence)
    )
    assert all_of_it == seen


@slow
@given(h.histories, h.chained(), st.integers(0, 100), st.integers(1, 6000))
def test_between_two_wakes_nothing_changes(
    events: list[Event], rules: tuple[Rule, ...], hour: int, minutes: int
) -> None:
    policies, now = h.always(*rules), h.hours(hour)
    case = Case(CASE.id, merge_all(NOTHING, events))
    verdict = evaluate(case, policies, CALENDARS, now)
    later = now + timedelta(minutes=minutes)
    if verdict.wake_at is not None:
        later = min(later, verdict.wake_at - timedelta(milliseconds=1))
    assert evaluate(case, policies, CALENDARS, later).clocks == verdict.clocks
