"""The wire form of an event (DESIGN section 5): one JSON object in, one Event out, and back.

Every mistake is a BadEvent that names the field, what was found and what was wanted. Undeclared marks and facts are
dropped and counted; unknown top-level fields are ignored and counted.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from chalicelib.core.events import Event, FactValue, Link, Mark, Subject, Version
from chalicelib.core.facts import read_fact, read_id, read_money, write_fact
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.words import CORE, KINDS, SOURCES, Vocabulary

MAX_VERSION = 10**18
_FIELDS = frozenset(
    ["id", "subject", "seller", "buyer", "occurred_at", "version", "source", "look", "reading", "marks", "facts",
     "whole", "links"]
)  # fmt: skip
_PEOPLE = ("seller", "buyer")
"""Fields of their own in the wire form, facts of the event."""
_KEEPS = frozenset(["name", "at", "of", "version", "value"])


class BadEvent(ValueError):
    """An object that is not an event. `found` is a short rendering of the offending value, for its sender's eyes."""

    def __init__(self, field: str, found: object, wanted: str) -> None:
        shown = found if isinstance(found, str) else type(found).__name__ if isinstance(found, (dict, list)) else found
        self.field, self.found, self.wanted = field, _brief(shown), wanted
        super().__init__(f"{field}: found {self.found}, wanted {wanted}")


def _brief(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    text = text.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "..."


MISSING = "nothing"


def _fail(field: str, found: object, wanted: str) -> NoReturn:
    raise BadEvent(field, found, wanted)


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _fail(field, value, "an object")
    return value


def _list(value: object, field: str) -> list[Any]:
    if not isinstance(value, list):
        _fail(field, value, "a list")
    return value


def _id(value: object, field: str) -> str:
    try:
        return read_id(value)
    except ValueError as error:
        _fail(field, MISSING if value is None else value, str(error))


def _instant(value: object, field: str) -> datetime:
    if not isinstance(value, str):
        _fail(field, MISSING if value is None else value, "an instant like 2026-11-20T10:00:00Z")
    try:
        return parse_instant(value)
    except ValueError as error:
        _fail(field, value, f"an instant like 2026-11-20T10:00:00Z ({error})")


def read_version(value: object, field: str = "version") -> Version:
    """A version. Raises BadEvent."""
    if isinstance(value, str):
        return _instant(value, field)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_VERSION:
        _fail(field, value, "an instant or a non-negative integer")
    return value


def read_event(value: object, words: Vocabulary = CORE) -> Event:
    """The event that a parsed JSON object describes. Raises BadEvent."""
    data = _object(value, "event")
    get = data.get
    subject = _object(get("subject", MISSING), "subject")
    about = read_subject(subject.get("kind"), subject.get("id"))
    occurred_at = _instant(get("occurred_at"), "occurred_at")
    ident = _id(get("id"), "id")
    version = get("version")
    source = read_source(get("source", "platform"))
    reading = get("reading", 0)
    if isinstance(reading, bool) or not isinstance(reading, int) or not 0 <= reading < 1_000_000:
        _fail("reading", reading, "a small non-negative integer")
    if not (get("marks") or get("facts") or get("links") or get("whole") or get("seller")):
        _fail("event", MISSING, "one of marks, facts, links")
    dropped = [] if data.keys() <= _FIELDS else [name for name in data if name not in _FIELDS]
    told = get("facts")
    facts = {} if told is None else read_facts(_object(told, "facts"), words, dropped)
    for name in _PEOPLE:
        if name in data:
            facts[name] = None if data[name] is None else _id(data[name], name)
    return Event(
        ident,
        about,
        occurred_at,
        occurred_at if version is None else read_version(version),
        source,
        get("look") is True,
        reading,
        _marks(get("marks"), words, dropped),
        facts,
        _whole(data, words, dropped),
        _links(data),
        tuple(dropped),
    )


def read_subject(kind: object, ident: object) -> Subject:
    """The subject of these two. Raises BadEvent."""
    return Subject(read_kind(kind, "subject.kind"), _id(ident, "subject.id"))


def read_kind(kind: object, field: str = "kind") -> str:
    """A kind of subject. Raises BadEvent."""
    if not isinstance(kind, str) or kind not in KINDS:
        _fail(field, MISSING if kind is None else kind, "one of " + ", ".join(sorted(KINDS)))
    return kind


def read_source(source: object) -> str:
    """One of our sources. Raises BadEvent."""
    if not isinstance(source, str) or source not in SOURCES:
        _fail("source", source, "one of " + ", ".join(SOURCES))
    return source


def read_facts(told: Mapping[str, object], words: Vocabulary, dropped: list[str]) -> dict[str, FactValue | None]:
    """The facts that are declared; the names of the others are added to `dropped`. Raises BadEvent."""
    facts: dict[str, FactValue | None] = {}
    for name, value in told.items():
        word = words.facts.get(name)
        if word is None or name in _PEOPLE:
            dropped.append(f"facts.{name}")
            continue
        try:
            facts[name] = None if value is None else read_fact(word.type, value)
        except ValueError as error:
            _fail(f"facts.{name}", value, str(error))
    return facts


def _marks(told: object, words: Vocabulary, dropped: list[str]) -> tuple[Mark, ...]:
    if told is None:
        return ()
    marks = []
    for index, one in enumerate(_list(told, "marks")):
        mark = one if isinstance(one, dict) else _object(one, f"marks[{index}]")
        name = mark.get("name")
        if not isinstance(name, str):
            _fail(f"marks[{index}].name", MISSING if name is None else name, "the name of a mark")
        if name not in words.marks:
            dropped.append(name if len(name) <= 60 else name[:60])
            continue
        if "at" not in mark:
            _fail(f"marks[{index}].at", MISSING, "an instant, or null to take the mark back")
        at = None if mark["at"] is None else _instant(mark["at"], f"marks[{index}].at")
        marks.append(Mark(name, at) if len(mark) == 2 else _mark(name, at, mark, index, dropped))
    return tuple(marks)


def _mark(name: str, at: datetime | None, mark: dict[str, Any], index: int, dropped: list[str]) -> Mark:
    """A mark that says more than its name and its instant."""
    dropped.extend(f"marks[{index}].{extra}" for extra in mark if extra not in _KEEPS)
    of, version, value = mark.get("of"), mark.get("version"), mark.get("value")
    return Mark(
        name,
        at,
        "" if of is None or of == "" else _id(of, f"marks[{index}].of"),
        None if version is None else read_version(version, f"marks[{index}].version"),
        None if value is None else _value(value, f"marks[{index}].value"),
    )


def _value(value: object, field: str) -> Decimal:
    try:
        return read_money(value)
    except ValueError as error:
        _fail(field, value, str(error))


def _whole(data: dict[str, Any], words: Vocabulary, dropped: list[str]) -> frozenset[str]:
    told = data.get("whole")
    if told is None:
        return frozenset()
    names = _list(told, "whole")
    for index, name in enumerate(names):
        if not isinstance(name, str):
            _fail(f"whole[{index}]", name, "the name of a mark")
    dropped.extend(f"whole.{name[:60]}" for name in names if name not in words.marks)
    return frozenset(name for name in names if name in words.marks)


def _links(data: dict[str, Any]) -> tuple[Link, ...]:
    told = data.get("links")
    if told is None:
        return ()
    links = []
    for index, one in enumerate(_list(told, "links")):
        field = f"links[{index}]"
        link = _object(one, field)
        kind = read_kind(link.get("kind"), f"{field}.kind")
        links.append(Link(_id(link.get("rel"), f"{field}.rel"), kind, _id(link.get("id"), f"{field}.id")))
    return tuple(links)


def write_event(event: Event) -> dict[str, Any]:
    """The JSON object of an event; `read_event` gives an equal one back."""
    data: dict[str, Any] = {
        "id": event.id,
        "subject": {"kind": event.subject.kind, "id": event.subject.id},
        "occurred_at": show(event.occurred_at),
        "version": _write_version(event.version),
        "source": event.source,
    }
    if event.look:
        data["look"] = True
    if event.reading:
        data["reading"] = event.reading
    if event.marks:
        data["marks"] = [_write_mark(mark) for mark in event.marks]
    facts = {name: write_fact(value) for name, value in event.facts.items() if name not in _PEOPLE}
    if facts:
        data["facts"] = facts
    for name in _PEOPLE:
        if name in event.facts:
            data[name] = event.facts[name]
    if event.whole:
        data["whole"] = sorted(event.whole)
    if event.links:
        data["links"] = [{"rel": link.rel, "kind": link.kind, "id": link.id} for link in event.links]
    return data


def _write_version(version: Version) -> str | int:
    return show(version) if isinstance(version, datetime) else version


def _write_mark(mark: Mark) -> dict[str, Any]:
    data: dict[str, Any] = {"name": mark.name, "at": None if mark.at is None else show(mark.at)}
    if mark.of:
        data["of"] = mark.of
    if mark.version is not None:
        data["version"] = _write_version(mark.version)
    if mark.value is not None:
        data["value"] = f"{mark.value:f}"
    return data
