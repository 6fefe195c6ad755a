"""The policies in force, compiled, as functions load them: no YAML, no pydantic. What is in force is one record that
names immutable versions; the versions themselves are objects that never change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from chalicelib.core import compiled
from chalicelib.core.calendar_data import shipped_calendars
from chalicelib.core.calendars import Calendars
from chalicelib.core.instants import parse_instant
from chalicelib.core.rules import Activation, Policies, Policy
from chalicelib.core.words import CORE, Vocabulary
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Record

KEPT = timedelta(seconds=10)
"""A new version is in force everywhere after this long at most; activations name their instant, so none is early."""

KIND, ACTIVE = "policies", "active"


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that judging needs, for one account."""

    policies: Policies
    calendars: Calendars
    words: Vocabulary
    version: int


def blob_key(account: str, name: str, number: int) -> str:
    """Where a compiled version lies."""
    return f"policies/{account}/{name}@{number}.json"


class Rulebook:
    """The books of all accounts, behind a short-lived cache."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._kept: dict[str, tuple[datetime, Book]] = {}
        self._versions: dict[str, Policy] = {}
        self._calendars = shipped_calendars()

    def get(self, account: str, fresh: bool = False) -> Book:
        """The book in force; `fresh`: as it is stored at this moment."""
        now = self._ports.clock.now()
        kept = self._kept.get(account)
        if kept is not None and kept[0] + KEPT > now and not fresh:
            return kept[1]
        record = self._ports.records(account).get(KIND, ACTIVE)
        version = record.version if record else 0
        book = kept[1] if kept is not None and kept[1].version == version else self._build(account, record)
        self._kept[account] = (now, book)
        return book

    def _build(self, account: str, record: Record | None) -> Book:
        stored = record.data["activations"] if record else ()
        activations = tuple(self._activation(account, one) for one in stored)
        words = reduce(lambda known, one: known.with_(one.policy.marks, one.policy.facts), activations, CORE)
        return Book(Policies(activations), self._calendars, words, record.version if record else 0)

    def _activation(self, account: str, data: Mapping[str, Any]) -> Activation:
        key = blob_key(account, data["name"], data["number"])
        if key not in self._versions:
            self._versions[key] = compiled.load(json.loads(self._ports.blobs.get(key)))
        at = parse_instant(data["at"]) if data["at"] else None
        return Activation(self._versions[key], at, data["retroactive"])
