"""Typed access to the JSON of Shopify: REST-shaped webhook bodies and GraphQL answers alike.

Whatever does not fit raises Unreadable with the path, the kind of thing found and what was wanted; a found value is
never repeated, because bodies hold personal data.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn

from chalicelib.core.facts import read_money
from chalicelib.core.instants import parse_day, parse_instant
from chalicelib.platforms.base import Unreadable

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]{1,20})(?:\?.*)?", re.ASCII)
_DIGITS = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)


def kind_of(value: object) -> str:
    """What a JSON value is, without what it says."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | Decimal):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def gid(kind: str, number: str) -> str:
    """`Order`, `1001` -> `gid://shopify/Order/1001`."""
    return f"gid://shopify/{kind}/{number}"


def number_of(value: object) -> str | None:
    """The canonical id (decimal text) of an integer, of digits or of a gid; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        text = str(value)
        return text if len(text) <= 20 else None
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            return value
        match = _GID.fullmatch(value)
        if match and _DIGITS.fullmatch(match[2]):
            return match[2]
    return None


def first_gid(value: object, kind: str) -> str | None:
    """The number of the first gid of this kind anywhere in a JSON value, in document order; no recursion."""
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            match = _GID.fullmatch(one)
            if match and match[1] == kind:
                return number_of(one)
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
    return None


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object and where it stands."""

    value: Mapping[str, object]
    path: str = ""

    @staticmethod
    def of(value: object, path: str = "") -> "Node":
        """Raises Unreadable for anything but an object."""
        if not isinstance(value, dict):
            raise Unreadable(path or "body", kind_of(value), "an object")
        return Node(value, path)

    def has(self, name: str) -> bool:
        return name in self.value

    def where(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, name: str, wanted: str) -> NoReturn:
        value = self.value.get(name)
        found = kind_of(value)
        raise Unreadable(self.where(name), f"other {found}" if wanted.startswith(found) else found, wanted)

    def text(self, name: str) -> str:
        """Text; empty where null or absent."""
        value = self.value.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(name, "text")
        return value

    def instant(self, name: str) -> datetime | None:
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return parse_instant(value)
            except ValueError:
                pass
        self.refuse(name, "an instant with its offset")

    def instant_or_day(self, name: str) -> datetime | date | None:
        value = self.value.get(name)
        if isinstance(value, str) and len(value) == 10:
            try:
                return parse_day(value)
            except ValueError:
                self.refuse(name, "an instant with its offset, or a date")
        return self.instant(name)

    def id(self, name: str) -> str | None:
        """A canonical id from an integer, digits or a gid; None where null or absent."""
        value = self.value.get(name)
        if value is None:
            return None
        number = number_of(value)
        if number is None:
            self.refuse(name, "a whole number or a gid")
        return number

    def own_id(self) -> str:
        """The id of the object itself: `id`, or where that is left out its gid."""
        found = self.id("id") or self.id("admin_graphql_api_id")
        if found is None:
            self.refuse("id", "a whole number or a gid")
        return found

    def money(self, name: str) -> Decimal | None:
        """Shopify writes money as text, in a few places as a number."""
        value = self.value.get(name)
        if value is None:
            return None
        plain = f"{value:f}" if isinstance(value, Decimal) else value
        if isinstance(plain, int) and not isinstance(plain, bool):
            plain = str(plain)
        try:
            return read_money(plain)
        except ValueError:
            self.refuse(name, "money as a decimal")

    def flag(self, name: str) -> bool | None:
        value = self.value.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(name, "true or false")

    def count(self, name: str) -> int | None:
        value = self.value.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.refuse(name, "a whole number")

    def node(self, name: str) -> "Node | None":
        value = self.value.get(name)
        return None if value is None else Node.of(value, self.where(name))

    def nodes(self, name: str) -> "list[Node]":
        """A list of objects, or the `nodes` of a GraphQL connection; empty where null or absent."""
        value = self.value.get(name)
        if isinstance(value, dict):
            value = value.get("nodes")
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(name, "a list")
        return [Node.of(one, f"{self.where(name)}[{n}]") for n, one in enumerate(value)]

    def more(self, name: str) -> bool:
        """Whether a GraphQL connection says that it was cut off."""
        held = self.node(name)
        page = held.node("pageInfo") if held else None
        return bool(page and page.flag("hasNextPage"))

    def shop_money(self, name: str) -> tuple[Decimal | None, str]:
        """Amount and currency in the shop's own currency, of a GraphQL MoneyBag."""
        bag = self.node(name)
        money = bag.node("shopMoney") if bag else None
        return (money.money("amount"), money.text("currencyCode")) if money else (None, "")


def latest(*moments: datetime | date | None) -> datetime | None:
    """The greatest of the instants; dates alone and nothings do not count."""
    return max((one for one in moments if isinstance(one, datetime)), default=None)


def single(values: Iterator[str]) -> str:
    """The one value that all share; empty where there are several, or none."""
    distinct = {value for value in values if value}
    return distinct.pop() if len(distinct) == 1 else ""
