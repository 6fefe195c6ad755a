"""Lines of histories in the form in which they mostly come, read by a compiled reader instead of the strict one.

It answers only where the strict reader takes the line and reads the same; every other line is left to that one, which
also tells what is wrong with it.
"""

import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from msgspec import UNSET, DecodeError, Struct, UnsetType, to_builtins
from msgspec.json import Decoder

from chalicelib.core.events import Event, FactValue, Link, Mark
from chalicelib.core.facts import read_id
from chalicelib.core.instants import parse_instant
from chalicelib.core.strictjson import MAX_INT_DIGITS
from chalicelib.core.wire import read_event, read_facts, read_kind, read_source, read_subject, read_version
from chalicelib.core.words import Vocabulary

Person: TypeAlias = str | UnsetType | None
Stamp: TypeAlias = str | int | UnsetType


class _Subject(Struct, gc=False):
    kind: str
    id: str


class _Mark(Struct, gc=False):
    name: str
    at: str | None
    of: Person = UNSET
    version: Stamp = UNSET
    value: Person = UNSET


class _Link(Struct, gc=False):
    rel: str
    kind: str
    id: str


class _Head(Struct, gc=False):
    subject: _Subject
    occurred_at: str


class _Line(Struct, gc=False):
    id: str
    subject: _Subject
    occurred_at: str
    seller: Person = UNSET
    buyer: Person = UNSET
    version: Stamp = UNSET
    source: str | UnsetType = UNSET
    marks: list[_Mark] | UnsetType = UNSET
    facts: dict[str, Any] | UnsetType = UNSET
    links: list[_Link] | UnsetType = UNSET
    look: bool | UnsetType = UNSET
    reading: int | UnsetType = UNSET
    whole: list[str] | UnsetType = UNSET


def _number(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER or "e" in text or "E" in text:
        raise ValueError("a number to be judged")
    return Decimal(text)


_LONGEST = 16_384
_LONGEST_NUMBER = 32
_MOST = 10**MAX_INT_DIGITS
_SPACES = b" \t\r\n"
# Numbers, because a byte is found ten times as fast as bytes are.
_SPACE, _TAB, _RETURN, _BACKSLASH = ord(" "), ord("\t"), ord("\r"), ord("\\")
_NONE: frozenset[str] = frozenset()
_head = Decoder(_Head).decode
_line = Decoder(_Line, float_hook=_number).decode
# The lines of a case mostly stand together, and a seller has many.
_subject = lru_cache(maxsize=1024)(read_subject)
_id = lru_cache(maxsize=1024)(read_id)


def head(raw: bytes) -> tuple[str, str, str] | None:
    """The kind, the id and the instant of a line; None where they are not there. Nothing else is looked at."""
    try:
        found = _head(raw)
    except (DecodeError, RecursionError):
        return None
    ident = found.subject.id
    return found.subject.kind, ident if ident.isascii() else unicodedata.normalize("NFC", ident), found.occurred_at


def quick(raw: bytes, words: Vocabulary) -> Event | None:
    """The event of a line without escapes and without fields that nobody knows; else None."""
    if _BACKSLASH in raw or len(raw) > _LONGEST:
        return None
    try:
        line = _line(raw)
        # Without escapes and space a quote before a colon ends a key (or begins a value, which is one too many). A key
        # that stands twice, or that nobody asked for, is one more than were read.
        bare = raw.translate(None, _SPACES) if _SPACE in raw or _TAB in raw or _RETURN in raw else raw
        rare = bare.count(b'":') - _keys(line)
        if not rare:
            event = _event(line, words)
            if event is not None:
                return event
        if rare != _rare(line) or not _is_ordinary(line):
            return None
        return read_event(to_builtins(line, builtin_types=(Decimal,)), words)
    except (DecodeError, RecursionError, ValueError):
        return None


def _keys(line: _Line) -> int:
    """How many keys a line has of the fields that most lines have."""
    keys = 5 + (line.seller is not UNSET) + (line.buyer is not UNSET)
    keys += (line.version is not UNSET) + (line.source is not UNSET)
    if line.marks is not UNSET:
        keys += 1 + 2 * len(line.marks)
    if line.facts is not UNSET:
        keys += 1 + len(line.facts)
    if line.links is not UNSET:
        keys += 1 + 3 * len(line.links)
    return keys


def _rare(line: _Line) -> int:
    """How many keys it has of the others."""
    own = (line.look, line.reading, line.whole)
    of_marks = (field for one in line.marks or () for field in (one.of, one.version, one.value))
    return sum(field is not UNSET for field in (*own, *of_marks))


def _is_ordinary(line: _Line) -> bool:
    """Whether no fact holds what the strict reader would look at for its size."""
    return all(
        -_MOST < value < _MOST if isinstance(value, int) else value is None or isinstance(value, (str, Decimal))
        for value in (line.facts or {}).values()
    )


def _event(line: _Line, words: Vocabulary) -> Event | None:
    """The event of a line of common fields whose names are declared; else None. Raises ValueError, as `read_event`."""
    if not (line.marks or line.facts or line.links or line.seller):
        return None
    subject, at = _subject(line.subject.kind, line.subject.id), parse_instant(line.occurred_at)
    dropped: list[str] = []
    facts: dict[str, FactValue | None] = {} if line.facts is UNSET else read_facts(line.facts, words, dropped)
    if dropped:
        return None
    if line.seller is not UNSET:
        facts["seller"] = None if line.seller is None else _id(line.seller)
    if line.buyer is not UNSET:
        facts["buyer"] = None if line.buyer is None else read_id(line.buyer)
    marks: list[Mark] = []
    for one in line.marks or ():
        if one.name not in words.marks:
            return None
        told = one.at
        marks.append(Mark(one.name, at if told == line.occurred_at else None if told is None else parse_instant(told)))
    return Event(
        read_id(line.id),
        subject,
        at,
        at if line.version is UNSET else read_version(line.version),
        "platform" if line.source is UNSET else read_source(line.source),
        False,
        0,
        tuple(marks),
        facts,
        _NONE,
        () if line.links is UNSET else tuple(_link(one) for one in line.links),
    )


def _link(told: _Link) -> Link:
    return Link(_id(told.rel), read_kind(told.kind), read_id(told.id))
