"""Lines of histories in the form in which they mostly come, read with less work than the strict reader needs.

It answers only where the strict reader takes the line and reads the same; every other line is left to that one, which
also tells what is wrong with it.
"""

import json
from decimal import Decimal
from typing import Any, NoReturn

_FIELDS = frozenset(
    ["id", "subject", "seller", "buyer", "occurred_at", "version", "source", "look", "reading", "marks", "facts",
     "whole", "links"]
)  # fmt: skip
_KIND, _ID = b'","subject":{"kind":"', b'","id":"'
_PEOPLE = (b'"seller":"', b'"buyer":"')


def usual(raw: bytes) -> tuple[str, str, str] | None:
    """The kind, the id and the instant at the front of a line in its usual order; None where it is another line."""
    if b"\\" in raw or not raw.startswith(b'{"id":"') or not raw.isascii():
        return None
    # No text holds a quote, so each find stops at the first one after its text began.
    quote = raw.find(b'"', 7)
    if raw[quote : quote + len(_KIND)] != _KIND:
        return None
    since = quote + len(_KIND)
    until = raw.find(b'"', since)
    if raw[until : until + len(_ID)] != _ID:
        return None
    begin = until + len(_ID)
    end = raw.find(b'"', begin)
    at = end + 3
    if raw[end:at] != b'"},':
        return None
    for people in _PEOPLE:
        if raw.startswith(people, at):
            at = raw.find(b'"', at + len(people)) + 2
            if raw[at - 2 : at] != b'",':
                return None
    if not raw.startswith(b'"occurred_at":"', at):
        return None
    told = raw[at + 15 : raw.find(b'"', at + 15)]
    return raw[since:until].decode(), raw[begin:end].decode(), told.decode()


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)


def quick(raw: bytes) -> dict[str, Any] | None:
    """The object of a line whose every key stands once, without escapes, depth or fields of its own; else None.

    A key that stood twice would leave fewer keys than the text has colons after a quote.
    """
    if b"\\" in raw or len(raw) > _LONGEST:
        return None
    try:
        data, end = _DECODER.raw_decode(raw.decode())
        keys = len(data) + len(data["subject"])
        for name in ("marks", "links"):
            for one in data.get(name) or ():
                keys += len(one)
        keys += len(data.get("facts") or ())
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None
    if keys != raw.count(b'":') or not data.keys() <= _FIELDS:
        return None
    rest = raw[end:]
    return data if isinstance(data, dict) and (rest == b"\n" or not rest.strip()) else None


_LONGEST = 16_384
