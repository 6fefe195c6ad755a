"""Compiled calendars: one JSON object with the digest of its content, read and written without loss.

Data is checked as if a stranger had sent it: a wrong field, an unknown form or a digest that does not fit is a
BadCalendar error. The compiled calendars that ship with the project stand in `chalicelib/calendars`.
"""

import json
import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from chalicelib.core.calendars import BadCalendar, Calendar, Calendars, NeverOpens, Source
from chalicelib.core.instants import parse_day
from chalicelib.core.schedule import ALWAYS
from chalicelib.core.strictjson import BadJson, loads

FORM = 1
SHIPPED = Path(__file__).resolve().parent.parent / "calendars"
CODE = re.compile(r"[A-Z][A-Z0-9]{1,7}(?:-[A-Z0-9]{1,4})?", re.ASCII)
"""How the code of a compiled calendar looks: a country or a system of payments, and a part of it."""
MAX_BYTES = 1024 * 1024
_MAX_RANGE = 400
_FIELDS = frozenset(
    ["v", "code", "zone", "week", "holidays", "working", "dates", "maybe", "known_from", "known_until", "sources",
     "digest"]
)  # fmt: skip


def dump(calendar: Calendar) -> bytes:
    """A calendar as JSON in UTF-8, one spelling for one content; `load` gives an equal one back."""
    plan = calendar.plan
    content = plan.content()
    data = {
        "v": FORM,
        "code": calendar.code,
        "zone": plan.zone,
        "week": None if plan.week == ALWAYS else content["week"],
        "known_from": content["known_from"],
        "known_until": content["known_until"],
        "holidays": {date.fromordinal(day).isoformat(): plan.holidays[day] for day in sorted(plan.holidays)},
        "working": content["working"],
        "dates": content["dates"],
        "maybe": list(ranges(plan.maybe)),
        "sources": [_source(one) for one in calendar.sources],
        "digest": calendar.digest,
    }
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _source(source: Source) -> dict[str, str]:
    published = {} if source.published is None else {"published": source.published.isoformat()}
    return {"name": source.name} | published | ({"digest": source.digest} if source.digest else {})


def ranges(days: Iterable[int]) -> Iterable[str]:
    """Days (by ordinal) as `2027-02-05` or, where several follow each other, `2027-02-05/2027-02-12`."""
    found: list[list[int]] = []
    for day in sorted(days):
        if found and found[-1][1] == day - 1:
            found[-1][1] = day
        else:
            found.append([day, day])
    for first, last in found:
        text = date.fromordinal(first).isoformat()
        yield text if first == last else f"{text}/{date.fromordinal(last).isoformat()}"


def days_of(text: str) -> list[date]:
    """The days of `2027-02-05` or `2027-02-05/2027-02-12`, both ends with it. Raises ValueError that says why."""
    first, slash, last = text.partition("/")
    try:
        begin = parse_day(first)
        end = parse_day(last) if slash else begin
    except ValueError:
        raise ValueError("a date like 2027-02-05, or days like 2027-02-05/2027-02-12") from None
    if not 0 <= (end - begin).days < _MAX_RANGE:
        raise ValueError(f"a last day after the first, and at most {_MAX_RANGE} days")
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def load(raw: bytes) -> Calendar:
    """The calendar that `raw` holds. Raises BadCalendar."""
    if len(raw) > MAX_BYTES:
        raise BadCalendar("calendar", f"{len(raw)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        data = loads(raw)
    except BadJson as error:
        raise BadCalendar("calendar", f"{error.found} in line {error.line}", error.wanted) from None
    if not isinstance(data, dict):
        raise BadCalendar("calendar", data, "an object")
    if data.get("v") != FORM:
        raise BadCalendar("v", data.get("v"), f"{FORM}, the form that this release reads")
    for name in data:
        if name not in _FIELDS:
            raise BadCalendar(name[:40], data[name], "one of " + ", ".join(sorted(_FIELDS)))
    calendar = _build(data)
    if data.get("digest") != calendar.digest:
        raise BadCalendar("digest", data.get("digest"), f"{calendar.digest[:16]}..., as the content has it")
    return calendar


def _build(data: dict[str, object]) -> Calendar:
    week = data.get("week")
    try:
        return Calendar(
            _text(data, "code"),
            _text(data, "zone"),
            None if week is None else _object(data, "week"),  # type: ignore[arg-type]
            {_day(day, "holidays"): _name(name) for day, name in _object(data, "holidays").items()},
            _days(data, "working"),
            {_day(day, "dates"): texts for day, texts in _object(data, "dates").items()},  # type: ignore[misc]
            _days(data, "maybe"),
            None if data.get("known_from") is None else _day(data["known_from"], "known_from"),
            None if data.get("known_until") is None else _day(data["known_until"], "known_until"),
            [_read_source(one, index) for index, one in enumerate(_list(data, "sources"))],
        )
    except NeverOpens as error:
        raise BadCalendar("week", "no hours at all", str(error)) from None


def _fail(field: str, found: object, wanted: str) -> NoReturn:
    raise BadCalendar(field, "nothing" if found is None else found, wanted)


def _text(data: dict[str, object], field: str) -> str:
    value = data.get(field)
    return value if isinstance(value, str) and value else _fail(field, value, "text")


def _name(value: object) -> str:
    return value if isinstance(value, str) else _fail("holidays", value, "the name of a holiday")


def _object(data: dict[str, object], field: str) -> dict[str, object]:
    value = data.get(field, {})
    return value if isinstance(value, dict) else _fail(field, value, "an object")


def _list(data: dict[str, object], field: str) -> list[object]:
    value = data.get(field, [])
    return value if isinstance(value, list) else _fail(field, value, "a list")


def _day(value: object, field: str) -> date:
    try:
        return parse_day(value) if isinstance(value, str) else _fail(field, value, "a date like 2026-11-20")
    except ValueError:
        _fail(field, value, "a date like 2026-11-20")


def _days(data: dict[str, object], field: str) -> list[date]:
    found: list[date] = []
    for value in _list(data, field):
        try:
            found.extend(days_of(value) if isinstance(value, str) else _fail(field, value, "a date"))
        except BadCalendar:
            raise
        except ValueError as error:
            _fail(field, value, str(error))
    return found


def _read_source(value: object, index: int) -> Source:
    field = f"sources[{index}]"
    if not isinstance(value, dict):
        _fail(field, value, "an object with a name")
    digest = value.get("digest", "")
    published = None if value.get("published") is None else _day(value["published"], f"{field}.published")
    return Source(_text(value, "name"), published, digest if isinstance(digest, str) else _fail(field, digest, "text"))


@lru_cache(maxsize=256)
def shipped(code: str) -> Calendar | None:
    """The compiled calendar of a code that ships with this release; None where there is none."""
    if not CODE.fullmatch(code):
        return None
    path = SHIPPED / f"{code}.json"
    return load(path.read_bytes()) if path.is_file() else None


def shipped_codes() -> list[str]:
    """The codes of all calendars that ship with this release."""
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def shipped_calendars() -> Calendars:
    """What a policy may name where nothing else was activated: the shipped codes, and any IANA zone."""
    return Calendars(find=shipped)
