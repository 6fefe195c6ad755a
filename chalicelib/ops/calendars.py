"""Calendars as ops bring them into force: a compiled calendar, or an overlay over the one in force, as an immutable
numbered object and one conditional write (DESIGN law 8). Running clocks follow the newest; a clock that ended keeps the
one that it ended under.

What ships with a release is pinned as number 1 before anything takes its place, so that a later release, with other
days, does not change what has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.core import calendar_data
from chalicelib.core.calendar_data import shipped, shipped_codes
from chalicelib.core.calendars import BadCalendar, Calendar
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.overlays import apply
from chalicelib.core.rules import ByPlace, Policy
from chalicelib.flow.rulebook import ACTIVE, CALENDARS, Rulebook, calendar_key
from chalicelib.ops.audit import journalled
from chalicelib.ops.policies_store import Entry
from chalicelib.ops.wrong import Clash, Mistake, Wrong, wrong
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Record
from chalicelib.rules.lines import read_document
from chalicelib.rules.overlay import read_overlay
from chalicelib.rules.problems import Mistakes, Problem

NUMBERS = "calendar-numbers"
TRIES = 8


@dataclass(frozen=True, slots=True)
class Activated:
    """What an activation did. `at` None: always; `unchanged`: these days are in force already."""

    code: str
    number: int
    at: datetime | None
    digest: str
    known_until: str | None
    unchanged: bool


def activate(
    ports: Ports, account: str, compiled: str, overlay: str, at: datetime | None, actor: str, code: str = ""
) -> Activated:
    """Bring a compiled calendar, an overlay over the one in force, or what ships under `code`, into force from `at`
    on (now, if not said; a code that never had a calendar always had this one). Raises Mistakes, Wrong or Clash."""
    if sum(map(bool, (compiled, overlay, code))) != 1:
        raise wrong("calendar", "none or several", "one of calendar, overlay, shipped")
    named = code or ("overlay" if overlay else "calendar")
    with journalled(ports, account, actor, "calendar.activate", named[:40]) as learnt:
        for _ in range(TRIES):
            record, held = _held(ports, account)
            calendar = _calendar(ports, account, compiled, overlay, code, at, held)
            since = _since(ports.clock.now(), at, calendar.code, held)
            before, held = len(held), _pinned(ports, account, calendar.code, held)
            same = _in_force(held, calendar.code, since)
            if same is not None and same["digest"] == calendar.digest:
                if len(held) > before and not _write(ports, account, record, held):
                    continue
                return _activated(calendar, same["number"], since, True)
            number = ports.records(account).add(NUMBERS, calendar.code, "last", 1)
            ports.blobs.put(calendar_key(account, calendar.code, number), calendar_data.dump(calendar))
            if _write(ports, account, record, [*held, _entry(calendar, number, since)]):
                learnt |= {"code": calendar.code, "number": number, "digest": calendar.digest}
                return _activated(calendar, number, since, False)
    raise Clash("the calendars are being changed by somebody else")


def pin(ports: Ports, account: str, policy: Policy) -> None:
    """Keep what ships now of every calendar that the policy may count in. A later release changes none of them until
    somebody activates its days. Whoever loses the race has nothing to do: the winner pins as well."""
    places = [rule.calendar for rule in policy.rules]
    by_fact = any(isinstance(one, ByPlace) for one in places)
    named = [one.otherwise if isinstance(one, ByPlace) else one for one in places]
    for _ in range(TRIES):
        record, held = _held(ports, account)
        after = held
        for code in sorted({*(shipped_codes() if by_fact else ()), *named}):
            after = _pinned(ports, account, code, after)
        if len(after) == len(held) or _write(ports, account, record, after):
            return
    raise Clash("the calendars are being changed by somebody else")


def listed(ports: Ports, account: str) -> list[dict[str, Any]]:
    """Each activated calendar: its versions in order, and whether this release ships other days."""
    _, held = _held(ports, account)
    now = ports.clock.now()
    found = []
    for code in sorted({one["code"] for one in held}):
        current, ours = _in_force(held, code, now), shipped(code)
        found.append(
            {
                "code": code,
                "in_force": current["number"] if current else None,
                "shipped": None if ours is None else bool(current and current["digest"] == ours.digest),
                "activations": [{key: one[key] for key in ("number", "at", "digest")} for one in _of(held, code)],
            }
        )
    return found


def _calendar(
    ports: Ports, account: str, compiled: str, overlay: str, code: str, at: datetime | None, held: Sequence[Entry]
) -> Calendar:
    if code:
        found = shipped(code)
        if found is None:
            raise wrong("shipped", code, "the code of a calendar that ships with this release")
        return found
    if overlay:
        base = _base(ports, account, overlay, at or ports.clock.now(), held)
        return apply(base, read_overlay(overlay.encode(), "overlay", base))
    try:
        return calendar_data.load(compiled.encode())
    except BadCalendar as error:
        raise Wrong([Mistake(f"calendar.{error.field}", str(error.found)[:80], str(error.wanted)[:200])]) from None


def _base(ports: Ports, account: str, overlay: str, at: datetime, held: Sequence[Entry]) -> Calendar:
    """The calendar that an overlay is laid over: that which is in force at the overlay's instant. Raises Mistakes."""
    problems: list[Problem] = []
    document = read_document(overlay.encode(), "overlay", problems)
    data = document.root.data if document else None
    code = data.get("calendar") if isinstance(data, dict) else None
    if document is None or not isinstance(code, str) or not calendar_data.CODE.fullmatch(code):
        read_overlay(overlay.encode(), "overlay")
        raise Mistakes(problems)
    if not _of(held, code) and shipped(code) is None:
        raise Mistakes([document.problem(("calendar",), "a calendar that ships, or was activated")])
    return Rulebook(ports).calendars(account, held).as_of(at).get(code)


def _since(now: datetime, at: datetime | None, code: str, held: Sequence[Entry]) -> datetime | None:
    known = bool(_of(held, code)) or shipped(code) is not None
    if at is None:
        return now if known else None
    if known and at < now:
        # What ended since then would change its due.
        raise wrong("at", show(at), f"an instant from {show(now)} on")
    return at if known else None


def _pinned(ports: Ports, account: str, code: str, held: list[Entry]) -> list[Entry]:
    """With the shipped calendar of a code as its first version, where it has none."""
    ours = None if _of(held, code) else shipped(code)
    if ours is None:
        return held
    number = ports.records(account).add(NUMBERS, code, "last", 1)
    ports.blobs.put(calendar_key(account, code, number), calendar_data.dump(ours))
    return [*held, _entry(ours, number, None)]


def _entry(calendar: Calendar, number: int, at: datetime | None) -> Entry:
    return {"code": calendar.code, "number": number, "at": None if at is None else show(at), "digest": calendar.digest}


def _of(held: Sequence[Entry], code: str) -> list[Entry]:
    """The versions of a code in the order in which they come into force."""
    mine = [one for one in held if one["code"] == code]
    return sorted(mine, key=lambda one: (one["at"] is not None, one["at"] and parse_instant(one["at"])))


def _in_force(held: Sequence[Entry], code: str, when: datetime | None) -> Entry | None:
    begun = [one for one in _of(held, code) if one["at"] is None or (when and parse_instant(one["at"]) <= when)]
    return begun[-1] if begun else None


def _activated(calendar: Calendar, number: int, at: datetime | None, unchanged: bool) -> Activated:
    until = None if calendar.known_until is None else calendar.known_until.isoformat()
    return Activated(calendar.code, number, at, calendar.digest, until, unchanged)


def _held(ports: Ports, account: str) -> tuple[Record | None, list[Entry]]:
    record = ports.records(account).get(CALENDARS, ACTIVE)
    return record, list(record.data["activations"]) if record else []


def _write(ports: Ports, account: str, record: Record | None, entries: Sequence[Entry]) -> bool:
    expected = record.version if record else 0
    try:
        ports.records(account).put(CALENDARS, ACTIVE, {"activations": list(entries)}, expected=expected)
    except Conflict:
        return False
    return True
