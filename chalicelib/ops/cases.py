"""A case as ops, reviewers and auditors see it: evidence, clocks, steps, actions. Never the buyer, nor any other fact
that is personal."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Action, Case, CaseId, ClockState
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import FactValue, Subject
from chalicelib.core.evidence import Order
from chalicelib.core.explain import explanation, sentences
from chalicelib.core.instants import from_ms, show
from chalicelib.core.judge import calendar_of
from chalicelib.core.versions import Policies
from chalicelib.core.view import View
from chalicelib.core.words import KINDS, Status, Vocabulary
from chalicelib.ops.desk import Desk
from chalicelib.ops.wrong import Absent, wrong
from chalicelib.ports.keys import check_name

MAX_ID = 200
"""Bytes of a subject's id (DESIGN section 5)."""


def find(desk: Desk, account: str, connection: str, kind: str, ident: str) -> Case:
    """The stored case. Raises Absent."""
    named = f"case {connection}:{kind}/{ident}"[:120]
    try:
        check_name(connection)
    except ValueError:
        raise Absent(named) from None
    if kind not in KINDS or not 0 < len(ident.encode()) <= MAX_ID:
        raise Absent(named)
    case = desk.ports.cases(account).get(CaseId(account, connection, Subject(kind, ident)))
    if not case.version:
        raise Absent(named)
    return case


def describe(desk: Desk, case: Case) -> dict[str, Any]:
    """The case as JSON."""
    book = desk.book(case.id.account)
    ledger = case.ledger
    return {
        "case": case.id.local,
        "version": case.version,
        "full": ledger.full,
        "wake_at": _instant(case.wake_at),
        "law_at": _instant(case.law_at),
        "clocks": [_clock(name, state, book.policies) for name, state in sorted(ledger.clocks.items())],
        "steps": [
            {
                "clock": clock, "step": step, "at": show(one.at), "generation": one.generation, "version": one.version,
                "observed": one.observed, "withdrawn": one.withdrawn,
            }
            for (clock, step), one in sorted(ledger.steps.items(), key=lambda item: (item[1].at, item[0]))
        ],
        "actions": [describe_action(key, one) for key, one in sorted(ledger.actions.items())],
        "marks": [
            {
                "name": name, "of": of, "at": _instant(one.at), "value": _value(one.value), "source": one.source,
                "version": _order(one.order), "live": one.at is not None and case.evidence.live(name, one),
            }
            for (name, of), one in sorted(case.evidence.marks.items())
        ],
        "facts": [
            {"name": name, "source": source, "value": _value(one.value), "version": _order(one.order)}
            for (name, source), one in sorted(case.evidence.facts.items())
            if not _personal(book.words, name)
        ],
        "links": [
            {"rel": one.rel, "kind": one.kind, "id": one.id}
            for one in sorted(case.evidence.links, key=lambda link: (link.rel, link.kind, link.id))
        ],
    }  # fmt: skip


def describe_action(key: str, one: Action) -> dict[str, Any]:
    parts = ActionKey.parse(key)
    return {
        "key": key, "action": one.name, "state": one.state.value, "clock": parts.clock, "step": parts.step,
        "undo": parts.undo, "hold": one.hold, "reason": one.reason, "version": one.version, "attempts": one.attempts,
        "try_at": show(one.try_at), "unsure": one.unsure, "waived": one.waived,
    }  # fmt: skip


def explain(desk: Desk, case: Case, clock: str, lang: str = "en") -> dict[str, Any]:
    """Why a clock of the case is due when it is. Raises Absent, or Wrong for another language."""
    if lang not in ("en", "zh"):
        raise wrong("lang", lang, "en or zh")
    now = desk.ports.clock.now()
    book = desk.book(case.id.account)
    reading = evaluate(case, book.policies, book.calendars, now).clock(clock)
    if reading is None:
        raise Absent(f"clock {clock[:80]} on {case.id.local}")
    calendars = book.calendars.as_of(now)
    # A clock that has ended is explained on the calendar that it ended under.
    calendar = calendars.edition(calendar_of(reading.rule, View(case.evidence, now), calendars).code, reading.calendar)
    told = explanation(case.id.local, reading, calendar, now, "zh" if lang == "zh" else "en")
    text = sentences(case.id.local, reading, calendar, now, "zh" if lang == "zh" else "en")
    return {**told, "text": text}


def _clock(name: str, state: ClockState, policies: Policies) -> dict[str, Any]:
    policy = policies.by_version(state.version)
    rule = policy.rule(name.partition("#")[0]) if policy else None
    ended = state.status in (Status.MET, Status.MET_LATE)
    return {
        "clock": name, "rule": name.partition("#")[0], "version": state.version, "status": state.status.value,
        "start": show(state.start), "due": _instant(state.due),
        "due_day": state.due_day.isoformat() if state.due_day else None,
        "stop": _instant(state.end) if ended else None,
        "since": _instant(state.end) if not ended else None,
        "zone": state.zone, "calendar": state.calendar, "title": dict(rule.title) if rule else {},
        "basis": rule.basis if rule else "", "cite": rule.cite if rule else "", "obliged": rule.obliged if rule else "",
    }  # fmt: skip


def _personal(words: Vocabulary, name: str) -> bool:
    word = words.facts.get(name)
    return word is None or word.personal


def _order(order: Order) -> str | int:
    kind, number, _, _ = order
    return show(from_ms(number)) if kind else number


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else show(moment)


def _value(value: FactValue | Decimal | None) -> str | bool | None:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return show(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
