"""From a verdict to a ledger: in which state each action is planned, and what a withdrawal does to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import actions
from chalicelib.core.calendars import Calendars
from chalicelib.core.case import Case, CaseId, Ledger
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.evidence import merge
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Span, Step
from chalicelib.core.settle import MAX_OPEN_ACTIONS, Terms, settle
from chalicelib.core.versions import Policies
from chalicelib.core.words import ActionState, Group, Mode

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
DUE = T0 + timedelta(hours=1)
KEY = "r|s|0|0"
LEASE = timedelta(seconds=90)
EMPTY = Case(CaseId("main", "shop-1", Subject("order", "1")))
ALL = Terms(
    modes=dict.fromkeys(Group, Mode.ACT),
    levers=frozenset(["tag", "suspend", "refund", "remind_seller"]),
    undo={"tag": "untag", "suspend": "restore"},
    looks=frozenset(["order"]),
)


def policy(*do: Do, late_ok: int | None = None) -> Policies:
    step = Step("s", FromDue(0), do, late_ok)
    rule = Rule("r", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600), steps=(step,))
    return Policies.always(Policy("p", 1, "", (rule,)))


def event(**marks: datetime | None) -> Event:
    told = tuple(Mark(name.replace("_", "."), at) for name, at in marks.items())
    return Event("e", Subject("order", "1"), T0, len(marks), marks=told)


def judged(case: Case, policies: Policies, now: datetime, terms: Terms = ALL, **marks: datetime | None) -> Case:
    case = replace(case, evidence=merge(case.evidence, event(**marks))) if marks else case
    return settle(case, evaluate(case, policies, Calendars(), now), terms)


PLANS: list[tuple[str, Mapping[str, Any], timedelta, str, str]] = [
    ("tag", {}, timedelta(0), "planned", "it may go"),
    ("tag", {"modes": {}}, timedelta(0), "", "observe plans nothing"),
    ("tag", {"modes": {Group.SHOP: Mode.ADVISE}}, timedelta(0), "planned advise", "advise waits for a person"),
    ("tag", {"acts_from": DUE + timedelta(seconds=1)}, timedelta(0), "", "history does not act"),
    ("tag", {"acts_from": DUE}, timedelta(0), "planned", "from the very instant on it does"),
    ("tag", {"levers": frozenset()}, timedelta(0), "refused no_lever", "no lever is said, not hidden"),
    ("remind_seller", {"levers": frozenset(["note"])}, timedelta(0), "planned", "words that reach nobody are noted"),
    ("suspend", {"levers": frozenset(["note"])}, timedelta(0), "refused no_lever", "a measure is no word"),
    (
        "warn_seller",
        {"levers": frozenset(["note"]), "modes": {Group.SELLER: Mode.ACT}},
        timedelta(0),
        "refused no_lever",
        "where we may write no note either, it is told",
    ),
    ("tag", {"storm": frozenset(["r"])}, timedelta(0), "planned", "a storm holds penalties, not tags"),
    ("suspend", {}, timedelta(0), "planned", "a penalty that will look first"),
    ("suspend", {"looks": frozenset()}, timedelta(0), "planned no_look", "where nobody can look, a person decides"),
    ("suspend", {"storm": frozenset(["r"])}, timedelta(0), "planned storm", "penalties of a storm wait"),
    ("suspend", {"storm": frozenset(["q"])}, timedelta(0), "planned", "the storm of another rule"),
    ("refund", {"storm": frozenset(["r"])}, timedelta(0), "planned storm", "so does money"),
    ("remind_seller", {}, timedelta(hours=1), "planned", "an hour late still helps"),
    ("remind_seller", {}, timedelta(hours=1, seconds=1), "skipped late", "later it does not"),
    ("alert", {}, timedelta(0), "", "an alert is told, not sent to a shop"),
]


@pytest.mark.parametrize(("action", "terms", "late", "wanted", "why"), PLANS, ids=[row[-1] for row in PLANS])
def test_how_an_action_is_planned(
    action: str, terms: Mapping[str, Any], late: timedelta, wanted: str, why: str
) -> None:
    case = judged(EMPTY, policy(Do(action)), DUE + late, replace(ALL, **terms), order_placed=T0)
    found = " ".join(f"{one.state} {one.hold}{one.reason}".strip() for one in case.ledger.actions.values())
    assert found == wanted
    assert case.ledger.steps["r", "s"].observed is (wanted == "")


@pytest.mark.parametrize("action", ["remind_seller", "warn_seller", "message_buyer"])
def test_words_that_a_platform_cannot_carry_become_a_note_and_no_lever_is_passed_over(action: str) -> None:
    case = judged(EMPTY, policy(Do(action)), DUE, replace(ALL, levers=frozenset(["note", "tag"])), order_placed=T0)
    assert [one.name for one in case.ledger.actions.values()] == ["note"]
    there = judged(EMPTY, policy(Do(action)), DUE, replace(ALL, levers=frozenset(["note", action])), order_placed=T0)
    assert [one.name for one in there.ledger.actions.values()] == [action]


def test_a_reminder_about_what_has_ended_meanwhile_is_skipped_and_a_step_may_say_how_late_is_late() -> None:
    shipped = DUE + timedelta(minutes=1)
    now = DUE + timedelta(minutes=2)
    ended = judged(EMPTY, policy(Do("remind_seller")), now, order_placed=T0, order_shipped=shipped)
    assert [one.reason for one in ended.ledger.actions.values()] == ["ended"]
    late = judged(EMPTY, policy(Do("tag"), late_ok=60), DUE + timedelta(seconds=61), order_placed=T0)
    assert [one.reason for one in late.ledger.actions.values()] == ["late"]


WITHDRAWN: list[tuple[str, ActionState, str, str]] = [
    ("tag", ActionState.PLANNED, "tag:dropped", "what was not sent is dropped"),
    ("tag", ActionState.DONE, "tag:done untag:planned", "what was done is taken back"),
    ("tag", ActionState.UNKNOWN, "tag:unknown untag:planned", "what may have been done is taken back too"),
    ("tag", ActionState.REFUSED, "tag:refused", "what was refused left nothing"),
    ("tag", ActionState.SENDING, "tag:sending", "what is under way is settled when its outcome is known"),
    ("remind_seller", ActionState.DONE, "remind_seller:done", "mail cannot be unsent"),
    ("penalise", ActionState.DONE, "penalise:done penalise:planned", "an entry of ours is taken back"),
]


@pytest.mark.parametrize(("action", "state", "wanted", "why"), WITHDRAWN, ids=[row[-1] for row in WITHDRAWN])
def test_what_a_late_fact_does_to_a_step_that_was_not_due(
    action: str, state: ActionState, wanted: str, why: str
) -> None:
    policies = policy(Do(action))
    case = judged(EMPTY, policies, DUE, order_placed=T0)
    key = "r|s|0|0"
    case = replace(case, ledger=actions.with_action(case.ledger, key, replace(case.ledger.actions[key], state=state)))
    shipped = DUE - timedelta(minutes=1)
    healed = judged(case, policies, DUE + timedelta(minutes=5), order_placed=T0, order_shipped=shipped)
    found = " ".join(f"{one.name}:{one.state.value}" for _, one in sorted(healed.ledger.actions.items()))
    assert found == wanted
    assert healed.ledger.steps["r", "s"].withdrawn
    again = judged(healed, policies, DUE + timedelta(minutes=6))
    assert again.ledger == healed.ledger, "healing is done once"


def test_a_step_that_is_due_again_after_it_was_withdrawn_is_taken_under_a_new_key() -> None:
    policies = policy(Do("tag"))
    case = judged(EMPTY, policies, DUE, order_placed=T0)
    case = judged(case, policies, DUE, order_placed=T0, order_shipped=DUE - timedelta(minutes=1))
    again = Event("e2", Subject("order", "1"), T0, 9, marks=(Mark("order.shipped", None),))
    case = replace(case, evidence=merge(case.evidence, again))
    case = settle(case, evaluate(case, policies, Calendars(), DUE), ALL)
    assert sorted(case.ledger.actions) == ["r|s|0|0", "r|s|1|0"]
    assert case.ledger.steps["r", "s"].generation == 1


@pytest.mark.parametrize(
    ("unsure", "wanted", "why"),
    [
        (False, "tag:dropped", "nothing was sent, so nothing is"),
        (True, "tag:planned", "a try that timed out may have had its effect: found out first, then taken back"),
    ],
    ids=["throttled", "uncertain"],
)
def test_what_comes_back_to_be_tried_again_after_its_step_was_withdrawn_is_settled(
    unsure: bool, wanted: str, why: str
) -> None:
    policies = policy(Do("tag"))
    case = judged(EMPTY, policies, DUE, order_placed=T0)
    claimed = actions.claim(case.ledger, KEY, DUE, LEASE)
    assert claimed is not None
    shipped = DUE - timedelta(minutes=1)
    healed = judged(replace(case, ledger=claimed), policies, DUE, order_placed=T0, order_shipped=shipped)
    back = actions.postpone(healed.ledger, KEY, DUE + timedelta(seconds=5), "later", unsure)
    case = judged(replace(healed, ledger=back), policies, DUE)
    assert " ".join(f"{one.name}:{one.state.value}" for _, one in sorted(case.ledger.actions.items())) == wanted


def test_what_an_older_taking_did_after_its_step_was_taken_anew_is_taken_back() -> None:
    policies = policy(Do("tag"))
    case = judged(EMPTY, policies, DUE, order_placed=T0)
    claimed = actions.claim(case.ledger, KEY, DUE, LEASE)
    assert claimed is not None
    case = replace(case, ledger=claimed)
    case = judged(case, policies, DUE, order_placed=T0, order_shipped=DUE - timedelta(minutes=1))
    again = Event("e2", Subject("order", "1"), T0, 9, marks=(Mark("order.shipped", None),))
    case = replace(case, evidence=merge(case.evidence, again))
    case = settle(case, evaluate(case, policies, Calendars(), DUE), ALL)
    assert case.ledger.steps["r", "s"].generation == 1
    case = judged(replace(case, ledger=actions.finish(case.ledger, KEY, ActionState.DONE)), policies, DUE)
    found = [f"{key} {one.name}:{one.state.value}" for key, one in sorted(case.ledger.actions.items())]
    assert found == ["r|s|0|0 tag:done", "r|s|0|0|undo untag:planned", "r|s|1|0 tag:planned"]
    assert actions.ready(case.ledger, DUE) == ["r|s|0|0|undo"], "the later one waits for the undo of the earlier"


def test_the_wake_is_the_least_of_the_next_step_and_the_next_try() -> None:
    case = judged(EMPTY, policy(Do("tag")), T0, order_placed=T0)
    assert case.wake_at == DUE, "the step"
    case = judged(case, policy(Do("tag")), DUE)
    assert case.wake_at == DUE + actions.RESEND, "handed to the queue now, and again in a minute if nothing comes of it"
    later = actions.postpone(case.ledger, "r|s|0|0", DUE + timedelta(minutes=5), "throttled")
    case = judged(replace(case, ledger=later), policy(Do("tag")), DUE)
    assert case.wake_at == DUE + timedelta(minutes=5), "throttled"
    held = actions.put_on_hold(case.ledger, "r|s|0|0", "storm")
    assert judged(replace(case, ledger=held), policy(Do("tag")), DUE).wake_at is None, "a person is waited for"


def test_a_case_that_would_hold_too_many_open_actions_is_full_and_loses_none() -> None:
    many = policy(*[Do("tag", {"tag": f"t{n}"}) for n in range(MAX_OPEN_ACTIONS + 1)])
    case = judged(EMPTY, many, DUE, order_placed=T0)
    assert case.ledger.full and not case.ledger.actions


# ---- the life of one action ----


def planned() -> Ledger:
    return judged(EMPTY, policy(Do("tag")), DUE, order_placed=T0).ledger


def test_a_claim_has_one_winner_until_its_lease_ends_and_then_says_that_nobody_knows() -> None:
    first = actions.claim(planned(), KEY, DUE, LEASE)
    assert first is not None and not first.actions[KEY].unsure
    assert actions.claim(first, KEY, DUE + LEASE - timedelta(milliseconds=1), LEASE) is None
    second = actions.claim(first, KEY, DUE + LEASE, LEASE)
    assert second is not None and second.actions[KEY].unsure and second.actions[KEY].attempts == 2


def test_putting_off_leaves_whoever_is_sending_alone_and_forgets_no_doubt() -> None:
    later = DUE + timedelta(minutes=5)
    assert actions.put_off(planned(), KEY, DUE, later, "stopped").actions[KEY].try_at == later
    sending = actions.claim(planned(), KEY, DUE, LEASE)
    assert sending is not None
    assert actions.put_off(sending, KEY, DUE, later, "stopped") is sending, "its outcome is still to come"
    lost = actions.put_off(sending, KEY, DUE + LEASE, later, "stopped").actions[KEY]
    assert (lost.state, lost.unsure) == (ActionState.PLANNED, True), "nobody knows how far the dead one came"
    assert actions.put_off(sending, "r|s|9|9", DUE, later, "stopped") is sending, "what is gone stays gone"


def test_doubt_stays_through_throttling_until_there_is_an_outcome() -> None:
    claimed = actions.claim(planned(), KEY, DUE, LEASE)
    assert claimed is not None
    ledger = actions.postpone(claimed, KEY, DUE, "time-out", unsure=True)
    ledger = actions.postpone(ledger, KEY, DUE, "throttled")
    assert ledger.actions[KEY].unsure
    claimed = actions.claim(ledger, KEY, DUE, LEASE)
    assert claimed is not None and claimed.actions[KEY].unsure


def test_the_first_outcome_stays() -> None:
    done = actions.finish(planned(), KEY, ActionState.DONE, handle="h")
    assert actions.finish(done, KEY, ActionState.REFUSED, "later") is done
    assert actions.postpone(done, KEY, DUE, "later") is done
    assert actions.claim(done, KEY, DUE, LEASE) is None


@pytest.mark.parametrize("clock", ["ship-by", "ship-by#a|b.c", "r#100%", "r#%7C"])
def test_a_key_reads_back_whatever_an_occurrence_is_called(clock: str) -> None:
    key = actions.ActionKey(clock, "due + 1d", 3, 2, undo=True)
    assert actions.ActionKey.parse(str(key)) == key
    assert "." not in str(key), "signed message ids are joined with full stops"
