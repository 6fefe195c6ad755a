"""Penalties as cases of our own: opened by a rule's `penalise` or by a person, approved, imposed, reversed.

A penalty is a case `penalty/ID` whose life is marks and facts of source `decision`; the pack `penalties` runs its
clocks, and what a measure does to the platform is a step of that engine, so a reversal takes it back as any wrong
verdict heals. No text of a person and nothing about a buyer is ever part of a case.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, FactValue, Link, Mark, Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.ladder import Ladder, Rung
from chalicelib.core.view import View
from chalicelib.core.words import ActionState
from chalicelib.sellers.ladder import Penalty, State, Warned, state_of

KIND = "penalty"
OPENED, TAKEN_BACK = 0, 1
"""Versions of what may be taken back: taking back beats, in whatever order the two are heard."""
APPEAL_MONTHS = 6
TOLD_BY = "warn_seller"
"""The lever that brings a seller the reasons of its penalty."""


def ident_of(case_id: CaseId, key: ActionKey) -> str:
    """The id of the penalty that an action opens; the same for the action that takes it back."""
    return "redress-" + hashlib.sha256(f"{case_id}|{replace(key, undo=False)}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a penalty says, from the first. `rule` and `version`: on which rule; empty for one of a person's own."""

    seller: str
    code: str
    points: int
    rung: Rung
    about: str = ""
    rule: str = ""
    version: str = ""
    automated: bool = False
    listing: str = ""

    def data(self) -> dict[str, Any]:
        return {
            "seller": self.seller, "code": self.code, "points": self.points, "rung": self.rung.value,
            "about": self.about, "rule": self.rule, "version": self.version, "automated": self.automated,
            "listing": self.listing,
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Terms":
        return cls(
            data["seller"], data["code"], int(data["points"]), Rung(data["rung"]), data["about"], data["rule"],
            data["version"], bool(data["automated"]), data["listing"],
        )  # fmt: skip


def _event(ident: str, what: str, at: datetime, marks: tuple[Mark, ...], **more: Any) -> Event:
    return Event(f"{ident}-{what}", Subject(KIND, ident), at, OPENED, "decision", marks=marks, **more)


def proposed(ident: str, terms: Terms, at: datetime) -> Event:
    """A penalty that waits for a person."""
    return _event(ident, "proposed", at, (Mark("penalty.proposed", at),), facts=_facts(terms), links=_links(terms))


def imposed(ident: str, terms: Terms, at: datetime, ladder: Ladder, approved: bool = False) -> Event:
    """A penalty that stands from `at` on; what ends it by time is said now and comes into sight then."""
    until = ladder.points_until(terms.rung, at)
    marks = [
        Mark("penalty.imposed", at),
        Mark("penalty.in_force", at, version=OPENED),
        Mark("penalty.expired", until, version=OPENED),
        Mark("penalty.appeal_closed", appeal_until(at)),
    ]
    if approved:
        marks.append(Mark("penalty.approved", at))
    facts: dict[str, FactValue | None] = {**_facts(terms), "points_until": until}
    if terms.rung.measure:
        facts |= {"measure": terms.rung.measure, "measure_until": ladder.measure_until(terms.rung, at)}
    return _event(ident, "imposed", at, tuple(marks), facts=facts, links=_links(terms))


def reversed_(ident: str, at: datetime) -> Event:
    """A penalty taken back, or a proposal turned down: whatever else is heard of it, it never stands."""
    marks = (
        Mark("penalty.reversed", at),
        Mark("penalty.in_force", None, version=TAKEN_BACK),
        Mark("penalty.expired", None, version=TAKEN_BACK),
    )
    return _event(ident, "reversed", at, marks)


def told(ident: str, name: str, at: datetime) -> Event:
    """One more mark of its life: `appealed`, `upheld`, `published`."""
    return _event(ident, name, at, (Mark(f"penalty.{name}", at),))


def appeal_until(imposed_at: datetime) -> datetime:
    """The end of the last day on which the seller may appeal, as the clock `penalty-appeal-window` has it (UTC)."""
    day = imposed_at.astimezone(UTC).date()
    year, month = divmod(day.year * 12 + day.month - 1 + APPEAL_MONTHS, 12)
    for number in (day.day, 30, 29, 28):
        try:
            last = datetime(year, month + 1, number, tzinfo=UTC)
        except ValueError:
            continue
        return last + timedelta(days=1)
    raise AssertionError("every month has 28 days")


def _facts(terms: Terms) -> dict[str, FactValue | None]:
    told: dict[str, FactValue | None] = {
        "code": terms.code, "points": Decimal(terms.points), "rung": terms.rung.value, "automated": terms.automated
    }  # fmt: skip
    named = {
        "seller": terms.seller, "about": terms.about, "rule": terms.rule, "policy": terms.version,
        "product": terms.listing,
    }  # fmt: skip
    # An id of 200 bytes with its connection may be longer than a fact can hold; the link has it in any case.
    return told | {name: value for name, value in named.items() if value and len(value.encode()) <= 200}


def _links(terms: Terms) -> tuple[Link, ...]:
    _, _, subject = terms.about.partition(":")
    kind, _, ident = subject.partition("/")
    return (Link("about", kind, ident),) if ident else ()


def penalty_of(case: Case, now: datetime) -> Penalty:
    """A penalty's case as of `now`."""
    view = View(case.evidence, now)

    def text(name: str) -> str:
        value = view.fact(name)
        return value if isinstance(value, str) else ""

    def instant(name: str) -> datetime | None:
        value = view.fact(name)
        return value if isinstance(value, datetime) else None

    def first(name: str) -> datetime | None:
        return next((one.at for one in view.marks(f"penalty.{name}")), None)

    weight, closes = view.fact("points"), case.evidence.marks.get(("penalty.appeal_closed", ""))
    return Penalty(
        case.id.local, state_of(view), text("seller"), text("about"), text("code"),
        int(weight) if isinstance(weight, Decimal) else 0, text("rung"), text("measure"), text("rule"), text("policy"),
        view.fact("automated") is True, first("imposed"), first("appealed"), closes.at if closes else None,
        instant("points_until"), instant("measure_until"),
        bool(view.marks("penalty.in_force")) and not view.marks("penalty.expired"),
    )  # fmt: skip


def told_at(case: Case, appealed_at: datetime | None) -> datetime | None:
    """Since when the seller knows of a penalty: when its reasons went out, or when it appealed, which it could not have
    done without; None where neither happened (yet)."""
    sent = [one.try_at for one in case.ledger.actions.values() if one.name == TOLD_BY and one.state is ActionState.DONE]
    return min([*sent, *([appealed_at] if appealed_at else [])], default=None)


def row_of(case: Case, now: datetime) -> tuple[str, dict[str, Any]]:
    """The penalty as a row of the seller's ledger, under its key; reversed ones stay."""
    one = penalty_of(case, now)
    shown = {
        name: show(at) if at else None
        for name, at in (
            ("imposed_at", one.imposed_at), ("points_until", one.points_until), ("measure_until", one.measure_until),
            ("appeal_until", one.appeal_until), ("told_at", told_at(case, one.appealed_at)),
        )
    }  # fmt: skip
    return f"{one.seller or 'unknown'}|{case.id.local}", {
        "seller": one.seller, "penalty": case.id.local, "case": one.about, "rule": one.rule, "version": one.version,
        "code": one.code, "points": one.points, "rung": one.rung, "measure": one.measure, "automated": one.automated,
        "state": one.state.value, **shown, "sequence": case.version,
    }  # fmt: skip


def row_now(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A row as of `now`: a row is written when its case changes, and time ends points by itself."""
    found = dict(row)
    until = row.get("points_until")
    if row["state"] in ("imposed", "upheld") and until and parse_instant(until) <= now:
        found["state"] = State.EXPIRED.value
    return found


def counts(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether the points of a row count as of `now`."""
    until = row.get("points_until")
    standing = row["state"] in ("imposed", "appealed", "upheld")
    return standing and until is not None and now < parse_instant(until)


def warned_by(rows: Iterable[Mapping[str, Any]], now: datetime, days: int) -> tuple[Warned, Mapping[str, Any] | None]:
    """Whether one of a seller's penalties is a warning, or more, that counts and of which the seller has known for so
    many days; and which one, the first."""
    long_ago = now - timedelta(days=days)
    held = [one for one in rows if counts(one, now) and Rung(one["rung"]).height >= Rung.WARNING.height]
    told = sorted((one for one in held if one.get("told_at")), key=lambda one: parse_instant(one["told_at"]))
    if told:
        known = parse_instant(told[0]["told_at"]) <= long_ago
        return (Warned.YES, told[0]) if known else (Warned.NO, None)
    stands = any(one.get("imposed_at") and parse_instant(one["imposed_at"]) <= long_ago for one in held)
    return Warned.UNTOLD if stands else Warned.NO, None
