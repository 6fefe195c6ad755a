"""Lines of histories in the form in which they mostly come, read with less work than the strict reader needs.

It answers only where the strict reader takes the line and reads the same; every other line is left to that one, which
also tells what is wrong with it.
"""

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from chalicelib.core.events import Event, Mark
from chalicelib.core.facts import read_id
from chalicelib.core.instants import parse_instant
from chalicelib.core.wire import read_rest, read_subject
from chalicelib.core.words import Vocabulary

# Without escapes no text holds a quote, so each text ends at the first one.
_FRONT = (
    r'\{"id":"([^"]*)","subject":\{"kind":"([^"]*)","id":"([^"]*)"\},'
    r'(?:"seller":"([^"]*)",)?(?:"buyer":"([^"]*)",)?"occurred_at":"([^"]*)"'
)
_SEEN = re.compile(_FRONT.encode())
# A name that nobody declared is judged by no one else, so what JSON forbids in a text is looked for here.
_READ = re.compile(_FRONT + r'(?:,"marks":\[\{"name":"([^"\x00-\x1f]*)","at":"([^"]*)"\}\])?')
_REST = frozenset(["seller", "buyer", "version", "source", "look", "reading", "marks", "facts", "whole", "links"])
_LONGEST = 16_384
# The lines of a case mostly stand together.
_subject = lru_cache(maxsize=1024)(read_subject)
_id = lru_cache(maxsize=1024)(read_id)


def usual(raw: bytes) -> tuple[str, str, str] | None:
    """The kind, the id and the instant at the front of a line in its usual order; None where it is another line."""
    found = _SEEN.match(raw)
    if found is None or b"\\" in raw or not raw.isascii():
        return None
    _, kind, ident, _, _, at = found.groups()
    return kind.decode(), ident.decode(), at.decode()


def quick(raw: bytes, words: Vocabulary) -> Event | None:
    """The event of a line in its usual order, without escapes, depth or fields of its own; else None."""
    if b"\\" in raw or len(raw) > _LONGEST:
        return None
    try:
        text = raw.decode()
        found = _READ.match(text)
        if found is None:
            return None
        ident, kind, about, seller, buyer, at, mark, marked_at = found.groups()
        subject, occurred_at = _subject(kind, about), parse_instant(at)
        rest = text[found.end() :]
        if mark in words.marks and buyer is None and rest == "}\n":
            # Most lines say one mark and no more.
            only = Mark(mark, occurred_at if marked_at == at else parse_instant(marked_at))
            facts = {} if seller is None else {"seller": _id(seller)}
            return Event(read_id(ident), subject, occurred_at, occurred_at, marks=(only,), facts=facts)
        told: dict[str, Any] = {}
        if seller is not None:
            told["seller"] = seller
        if buyer is not None:
            told["buyer"] = buyer
        if mark is not None:
            told["marks"] = [{"name": mark, "at": marked_at}]
        more = _more(rest)
        if not told.keys().isdisjoint(more):
            return None
        return read_rest(read_id(ident), subject, occurred_at, told | more, words)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number")


_SCAN = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse).raw_decode


def _more(rest: str) -> dict[str, Any]:
    """The fields of an object behind its first ones. Raises ValueError, or an error of a wrong type, for a strange one.

    A key that stood twice would leave fewer keys than the text has colons after a quote.
    """
    if rest[0] == "}":
        data: dict[str, Any] = {}
        end = 1
    else:
        data, end = _SCAN("{" + rest[1:])
        keys = len(data) + len(data.get("facts") or ())
        for name in ("marks", "links"):
            for one in data.get(name) or ():
                keys += len(one)
        strange = keys != rest.count('":') or not data.keys() <= _REST or data.get("look", True) is not True
        if rest[0] != "," or strange:
            raise ValueError("another form")
    if rest[end:].strip(" \t\r\n"):
        raise ValueError("more than an object")
    return data
