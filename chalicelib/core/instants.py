"""Instants as the core knows them: aware UTC datetimes, cut to the millisecond.

Nothing here reads a clock. Text without a zone is refused: a wall time of an unknown zone may be off by a day.
"""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(microsecond=999_000, tzinfo=UTC)
"""The edges of time."""


def cut(moment: datetime) -> datetime:
    """The same instant in UTC, cut (never rounded up) to the millisecond. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a zone")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    extra = moment.microsecond % 1000
    return moment - timedelta(microseconds=extra) if extra else moment


def moved(moment: datetime, seconds: int) -> datetime:
    """So many seconds later (earlier, below 0); at the edge of what a datetime holds it stays there."""
    if not seconds:
        return moment
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return LAST if seconds > 0 else FIRST


def parse_instant(text: str) -> datetime:
    """RFC 3339 text with `Z` or an offset -> an instant. Raises ValueError that says what was wrong."""
    if len(text) < 17 or text[4] != "-" or text[10] not in "Tt " or not text.isascii():
        raise ValueError("not an instant like 2026-11-20T10:00:00Z")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not an instant like 2026-11-20T10:00:00Z") from None
    if moment.tzinfo is UTC and not moment.microsecond:
        return moment
    if moment.tzinfo is None:
        raise ValueError("an instant without a zone (end it with Z or an offset)")
    try:
        return cut(moment)
    except OverflowError:
        raise ValueError("an instant outside the years 1 to 9999") from None


def parse_day(text: str) -> date:
    """`YYYY-MM-DD` -> a date. Raises ValueError."""
    try:
        if len(text) == 10 and text.isascii():
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError("not a date like 2026-11-20")


def show(moment: datetime) -> str:
    """An instant as text in UTC with `Z`; milliseconds only where there are any."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") if moment.year >= 1000 else moment.replace(tzinfo=None).isoformat()[:19]
    return f"{text}.{moment.microsecond // 1000:03d}Z" if moment.microsecond else text + "Z"


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return (moment - EPOCH) // MILLISECOND


def from_ms(value: int) -> datetime:
    """The instant `value` milliseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(milliseconds=value)
