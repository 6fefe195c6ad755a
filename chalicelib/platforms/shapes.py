"""Single values out of a platform's JSON: ids, codes, money, instants. Nothing here raises but `parse`: a value that is
not what it should be is None (or an empty id), because a newer field of a platform must not break what is read today.
Facts: RFC 8259, RFC 3339, RFC 5322 dates; each adapter knows which of its fields has which of these forms.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias, TypeGuard

from chalicelib.core.instants import cut, from_ms, parse_instant
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Unreadable

Body: TypeAlias = Mapping[str, object]

MAX_KEYS = 200_000
MAX_STRING = 1024 * 1024
"""An order of many lines has many keys; the door, or the client, already bounds the whole."""

_IDENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.|@/+=-]{0,119})", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}", re.ASCII)
_MONEY = re.compile(r"(?:(-?\d{1,15}\.\d{2}(?:\d{0,3}[1-9])?)0*|(-?\d{1,15}(?:\.\d)?))", re.ASCII)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST_SECONDS = 100_000_000_000


def parse(raw: bytes) -> object:
    """The JSON of a body. Raises Unreadable, which repeats nothing of it."""
    try:
        return loads(raw, max_keys=MAX_KEYS, max_string=MAX_STRING)
    except BadJson as error:
        raise Unreadable(f"body at byte {error.position}", error.found, error.wanted) from None


def is_body(value: object) -> TypeGuard[Body]:
    return isinstance(value, dict)


def child(body: Body, name: str) -> Body:
    """The object under a name; empty where there is none."""
    value = body.get(name)
    return value if is_body(value) else {}


def rows(body: Body, name: str) -> tuple[Body, ...]:
    """The objects of a list under a name."""
    return objects(body.get(name))


def objects(value: object) -> tuple[Body, ...]:
    """The objects of a list; none where it is no list."""
    return tuple(row for row in value if is_body(row)) if isinstance(value, list) else ()


def text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def ident(value: object) -> str:
    """The canonical text of an id, which may come as a number or as text; empty for 0 and for what is no id."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 < value < 10**19 else ""
    if isinstance(value, str) and _IDENT.fullmatch(value):
        return "" if value == "0" else value
    return ""


def number_id(value: object) -> str:
    """An id that is a whole number, in decimal text; empty for all else."""
    found = ident(value)
    return found if found.isdigit() and found[0] != "0" and len(found) <= 19 else ""


def code(value: object) -> str | None:
    """A short code (a number or a word), never free text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 <= value < 10**12 else None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def state(value: object) -> str | None:
    """A state as a short code in lower case."""
    found = code(value)
    return found.lower() if found is not None else None


def tracking(value: object) -> str | None:
    """A parcel's number, which people type with spaces; nothing that is more than a number."""
    return code("".join(value.split())) if isinstance(value, str) and len(value) <= 80 else None


def whole(value: object) -> int | None:
    """A whole number from 0 on."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15 else None


def letters(value: object, count: int) -> str | None:
    """A country or currency code of so many capital letters."""
    good = isinstance(value, str) and len(value) == count and value.isascii() and value.isalpha() and value.isupper()
    return str(value) if good else None


def money(value: object) -> Decimal | None:
    """An amount, as text or as a number; digits beyond the sixth after the point must be zeros. Zeros beyond the second
    are left out, so that `54.0000` and `54.00` are one statement."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        value = f"{value:f}" if isinstance(value, Decimal) else str(value)
    found = _MONEY.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    return Decimal(found[1] or found[2]) if found is not None else None


def instant(value: object) -> datetime | None:
    """RFC 3339 text with a zone. Text without one is nobody's instant."""
    if not isinstance(value, str):
        return None
    try:
        return _sane(parse_instant(value))
    except ValueError:
        return None


def mail_date(value: object) -> datetime | None:
    """An instant as mail writes it, `Tue, 20 Nov 2012 00:00:00 +0000`; one without a zone is none."""
    if not isinstance(value, str) or not 10 < len(value) < 60:
        return None
    # Some doors read shapes of JSON alone, and need not pay for a mail library.
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        return None if moment.tzinfo is None else _sane(cut(moment))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def seconds(value: object) -> datetime | None:
    """Whole seconds since 1970."""
    found = whole(value)
    return _sane(from_ms(found * 1000)) if found is not None and found < _LATEST_SECONDS else None


def latest(*moments: datetime | None) -> datetime | None:
    """The greatest of the instants; nothings do not count."""
    return max((one for one in moments if one is not None), default=None)


def seen(at: datetime) -> str:
    """Names an occurrence of which nobody tells since when it is, by the last change of what shows it. Another change
    is another occurrence, so that none is ever moved, and what was in time stays in time."""
    return f"seen-{at:%Y-%m-%dT%H:%M:%S}"


def gone(at: datetime) -> str:
    """The same of what is not there any more, by the hour in which the platform said so: asking changes nothing."""
    return f"gone-{at:%Y-%m-%dT%H}"


def answered_at(headers: Mapping[str, str]) -> datetime | None:
    """When a platform answered, by its own `Date` header; None where it does not say."""
    return mail_date(headers.get("date", "").strip())


def _sane(moment: datetime) -> datetime | None:
    return moment if moment >= _EARLIEST else None
