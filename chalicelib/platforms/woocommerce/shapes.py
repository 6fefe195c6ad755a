"""Reads single values out of WooCommerce's JSON, where it writes them in its own way (`platforms.shapes` has the rest):
ids, codes, money, instants, meta data. Nothing here raises: a value that is not what it should be is None, because
shops run plugins that write anything anywhere. Facts: the field map of the WooCommerce sheet (dates are UTC without `Z`
in the `_gmt` fields; amounts are text).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from chalicelib.core.instants import cut, from_ms, parse_instant
from chalicelib.platforms.shapes import Body, rows

_NAIVE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?Z?")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}")
_MONEY = re.compile(r"(-?\d{1,15}(?:\.\d{1,6})?)0*")
"""Plugins write more digits than a currency has; beyond six they must be zeros."""
_ID = re.compile(r"0|[1-9]\d{0,18}")
_LATEST_SECONDS = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would lie beyond the year 5000."""


def ident(value: object) -> str:
    """The canonical text of an id; empty for 0 (nobody, none) and for what is no id."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value) if 0 < value < 10**19 else ""
    if isinstance(value, str) and _ID.fullmatch(value):
        return "" if value == "0" else value
    return ""


def code(value: object) -> str | None:
    """A short code such as a status slug, never free text."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


_ISO_STATES = frozenset({"AU", "BR", "CA", "IT", "US"})
"""Where WooCommerce's codes of states are those of ISO 3166-2 without the country before them."""


def region(country: str, state: object) -> str | None:
    """ISO 3166-2 from WooCommerce's code of a state, which has the country before it in some countries (`DE-BY`), is
    the bare code in others (`NSW`), and WooCommerce's own (`JP13`) or free text in the rest: those say nothing."""
    if not country or not isinstance(state, str):
        return None
    if re.fullmatch(rf"{country}-[A-Z0-9]{{1,3}}", state):
        return state
    return f"{country}-{state}" if country in _ISO_STATES and re.fullmatch(r"[A-Z]{2,3}", state) else None


def money(value: object) -> Decimal | None:
    """An amount; WooCommerce sends text, some plugins numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        value = f"{value:f}" if isinstance(value, Decimal) else str(value)
    found = _MONEY.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    return Decimal(found[1]) if found is not None else None


def gmt(value: object) -> datetime | None:
    """A `_gmt` field: UTC although nothing says so. The zero dates of MySQL are no instants."""
    found = _NAIVE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return cut(moment) if moment.year >= 1990 else None


def free_instant(value: object) -> datetime | None:
    """An instant as plugins store it: seconds or milliseconds since 1970, or ISO text with a zone.

    Text without a zone is nobody's instant (it may be the shop's time or UTC), so it is None.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 13:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if not 600_000_000 < value < 100_000_000_000_000:
            return None
        return from_ms(value if value >= _LATEST_SECONDS else value * 1000)
    if not isinstance(value, str):
        return None
    try:
        return parse_instant(value)
    except ValueError:
        return None


def meta(body: Body, key: str) -> Iterator[object]:
    """The values of a meta key: none, one, or (plugins do that) several."""
    return (row.get("value") for row in rows(body, "meta_data") if row.get("key") == key)


def meta_text(body: Body, key: str) -> str:
    """The last text under a meta key; WooCommerce itself reads the last one it wrote."""
    texts = [value for value in meta(body, key) if isinstance(value, str)]
    return texts[-1] if texts else ""
