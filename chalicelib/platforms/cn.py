"""Values as Chinese platforms write them: fen, seconds or milliseconds, wall time of Beijing, ids beyond 2^53. Nothing
here raises: a value that is not what it should be is None, or an empty id. What other platforms write alike is in
`shapes`. Facts: the overview of Chinese platforms, "reminders for a common adapter".
"""

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from chalicelib.core.instants import cut, from_ms, parse_instant

BEIJING = timezone(timedelta(hours=8))
"""China has one zone and no summer time since 1992."""

_IDENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_:.|*@-]{0,63})")
_OPAQUE = re.compile(r"[!-~]{1,150}")
_WALL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EARLIEST, _LATEST = 600_000_000, 4_102_444_800
"""Seconds between 1989 and 2100, or as many milliseconds. What lies beyond is a slip of the pen (one of the platforms'
own samples has such a one), and as a version it would beat all that is said later."""
_MOST_FEN = 10**17


def ident(value: object) -> str:
    """The canonical text of an id, which may come as a number or as text; empty for 0 and for what is no id."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 < value < 10**19 else ""
    if isinstance(value, str) and _IDENT.fullmatch(value):
        return "" if value == "0" else value
    return ""


def opaque(value: object) -> str:
    """An id that is no more than letters to us, such as a buyer's; empty for what is none."""
    return value if isinstance(value, str) and _OPAQUE.fullmatch(value) else ""


def whole(value: object) -> int | None:
    """A whole number from 0 on, as a number or as digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MOST_FEN else None


def yuan(fen: object) -> Decimal | None:
    """A whole number of fen -> yuan, exactly: 3 -> 0.03."""
    number = whole(fen)
    return Decimal(number).scaleb(-2) if number is not None else None


def fen_of(amount: Decimal) -> int | None:
    """Yuan -> fen; None where it is no whole number of fen, or not positive."""
    if not amount.is_finite() or not 0 < amount < _MOST_FEN // 100:
        return None
    fen = amount * 100
    return int(fen) if fen == int(fen) else None


def instant(value: object) -> datetime | None:
    """Seconds or milliseconds since 1970 (also as digits), `yyyy-MM-dd HH:mm:ss` of Beijing, RFC 3339 with a zone."""
    number = whole(value)
    if number is not None:
        if _EARLIEST <= number < _LATEST:
            return from_ms(number * 1000)
        return from_ms(number) if _EARLIEST * 1000 <= number < _LATEST * 1000 else None
    if not isinstance(value, str):
        return None
    try:
        if _WALL.fullmatch(value):
            moment = cut(datetime.fromisoformat(value).replace(tzinfo=BEIJING))
        else:
            moment = parse_instant(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= 1990 else None


def day(value: object) -> date | None:
    """`yyyy-MM-dd`."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return None
    return found if found.year >= 1990 else None
