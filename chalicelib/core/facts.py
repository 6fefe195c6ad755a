"""Reading and writing the text of one fact after its declared type. Errors say what was wanted, never what was found:
the caller decides whether the value may be shown."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from chalicelib.core.events import FactValue
from chalicelib.core.instants import parse_day, parse_instant, show
from chalicelib.core.words import FactType
from chalicelib.core.zones import zone

_CODE = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,118}[^\s\x00-\x1f\x7f])?")
_MONEY = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
ID_BYTES = 200


def read_id(value: object) -> str:
    """An id: text in NFC, 1 to 200 bytes, without control characters. Raises ValueError."""
    if not isinstance(value, str) or not value:
        raise ValueError("an id as text")
    if value.isascii() and value.isprintable() and len(value) <= ID_BYTES and value[0] != " " != value[-1]:
        return value
    text = unicodedata.normalize("NFC", value)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("an id without lone surrogates") from None
    if size > ID_BYTES:
        raise ValueError(f"an id of at most {ID_BYTES} bytes")
    if not text.isprintable() or text != text.strip():
        raise ValueError("an id without control characters or outer spaces")
    return text


def read_money(value: object) -> Decimal:
    """Money as a decimal string, at most 15 digits before the point and 6 after. Raises ValueError."""
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise ValueError('money as a decimal string like "199.00"')
    return Decimal(value)


def read_fact(kind: FactType, value: object) -> FactValue:
    """The value of a fact. Raises ValueError with what was wanted."""
    return _READ[kind](value)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise ValueError("a number")
    # A Decimal takes more for one than people do: other digits, underscores, spaces.
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("a number") from None
    if not number.is_finite() or number.adjusted() > 15 or (number and number.adjusted() < -9):
        raise ValueError("a number of at most 15 digits")
    return number


def _instant(value: object) -> datetime | date:
    wanted = "an instant like 2026-11-20T10:00:00Z, or a date"
    if not isinstance(value, str):
        raise ValueError(wanted)
    try:
        return parse_day(value) if len(value) == 10 else parse_instant(value)
    except ValueError as error:
        raise ValueError(f"{wanted} ({error})") from None


def _zone(value: object) -> str:
    wanted = "a time zone like Asia/Shanghai"
    if not isinstance(value, str):
        raise ValueError(wanted)
    try:
        zone(value)
    except ValueError:
        raise ValueError(wanted) from None
    return value


def _written(pattern: re.Pattern[str], wanted: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(wanted)
        return value if value.isascii() else unicodedata.normalize("NFC", value)

    return read


_READ: Mapping[FactType, Callable[[object], FactValue]] = {
    FactType.CODE: _written(_CODE, "a short code of at most 120 characters"),
    FactType.ID: read_id,
    FactType.COUNTRY: _written(_COUNTRY, "a country of two capital letters (ISO 3166-1)"),
    FactType.CURRENCY: _written(_CURRENCY, "a currency of three capital letters (ISO 4217)"),
    FactType.ZONE: _zone,
    FactType.MONEY: read_money,
    FactType.INSTANT: _instant,
    FactType.NUMBER: _number,
    FactType.FLAG: _flag,
}


def write_fact(value: FactValue | None) -> str | bool | None:
    """The wire form of a value; `read_fact` of its type gives it back."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return show(value) if isinstance(value, datetime) else value.isoformat()
