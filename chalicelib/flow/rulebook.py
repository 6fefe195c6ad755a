"""The policies and calendars in force, compiled, as functions load them: no YAML, no pydantic. What is in force is a
record that names immutable versions; the versions themselves are objects that never change. Older calendars stay, for
the clocks that ended under them (DESIGN law 8)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, reduce
from typing import Any

from chalicelib.core import calendar_data, compiled
from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars, Edition
from chalicelib.core.case import Case
from chalicelib.core.instants import parse_instant, to_ms
from chalicelib.core.rules import Policy
from chalicelib.core.versions import Activation, Policies
from chalicelib.core.words import CORE, Vocabulary
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Record
from chalicelib.sellers import pack

KEPT = timedelta(seconds=10)
"""A new version is in force everywhere after this long at most; activations name their instant, so none is early."""

KIND, ACTIVE, SHADOWS = "policies", "active", "shadow"
CALENDARS = "calendars"


@dataclass(frozen=True, slots=True)
class Shadow:
    """A version that is watched beside the active ones. `policies`: as if it had been activated at `since`."""

    version: str
    since: datetime
    policies: Policies


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that judging needs, for one account. `version`: of the records that it was made from."""

    policies: Policies
    calendars: Calendars
    words: Vocabulary
    version: tuple[int, ...]
    shadows: tuple[Shadow, ...] = ()


def versions_of(case: Case) -> set[str]:
    """The versions that a case was judged with."""
    ledger = case.ledger
    judged = (ledger.clocks.values(), ledger.steps.values(), ledger.actions.values())
    return {one.version for each in judged for one in each}


def blob_key(account: str, name: str, number: int) -> str:
    """Where a compiled version lies."""
    return f"policies/{account}/{name}@{number}.json"


def calendar_key(account: str, code: str, number: int) -> str:
    """Where the data of an activated calendar lie. No policy has a `/` in its name."""
    return f"policies/{account}/calendars/{code}@{number}.json"


class Rulebook:
    """The books of all accounts, behind a short-lived cache."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._kept: dict[str, tuple[datetime, Book]] = {}
        self._versions: dict[str, Policy] = {}
        self._calendars: dict[str, Calendar] = {}
        self._gone: dict[str, set[str]] = {}

    def get(self, account: str, fresh: bool = False) -> Book:
        """The book in force; `fresh`: as it is stored at this moment."""
        now = self._ports.clock.now()
        kept = self._kept.get(account)
        if kept is not None and kept[0] + KEPT > now and not fresh:
            return kept[1]
        records = self._ports.records(account)
        found = [records.get(*one) for one in ((KIND, ACTIVE), (KIND, SHADOWS), (CALENDARS, ACTIVE))]
        version = tuple(one.version if one else 0 for one in found)
        book = kept[1] if kept is not None and kept[1].version == version else self._build(account, version, *found)
        self._kept[account] = (now, book)
        return book

    def knowing(self, account: str, versions: Iterable[str]) -> Book:
        """The book in force, read anew where it lacks one of these versions: what was judged elsewhere a moment ago may
        be younger than what is kept, and looks withdrawn to whoever does not know its rules."""
        book, gone = self.get(account), self._gone.setdefault(account, set())
        lacking = {one for one in versions if one and book.policies.by_version(one) is None} - gone
        if lacking:
            book = self.get(account, fresh=True)
            gone.update(one for one in lacking if book.policies.by_version(one) is None)
        return book

    def _build(
        self, account: str, version: tuple[int, ...], active: Record | None, shadow: Record | None, days: Record | None
    ) -> Book:
        known = (self._activation(account, one) for one in (active.data["activations"] if active else ()))
        activations = (Activation(pack.penalties()), *known)
        shadows = []
        for one in shadow.data["shadows"] if shadow else ():
            watched = Activation(self._policy(account, one), parse_instant(one["since"]))
            shadows.append(Shadow(watched.policy.version, parse_instant(one["since"]),
                                  Policies((*activations, watched))))  # fmt: skip
        policies = [one.policy for one in activations]
        policies += [one.policies.activations[-1].policy for one in shadows]
        words = reduce(lambda known, one: known.with_(one.marks, one.facts), policies, CORE)
        calendars = self.calendars(account, days.data["activations"] if days else ())
        return Book(Policies(activations), calendars, words, version, tuple(shadows))

    def _activation(self, account: str, data: Mapping[str, Any]) -> Activation:
        return Activation(self._policy(account, data), _at(data, "at"), data["retroactive"], _at(data, "recalled"))

    def _policy(self, account: str, data: Mapping[str, Any]) -> Policy:
        key = blob_key(account, data["name"], data["number"])
        if key not in self._versions:
            self._versions[key] = compiled.load(json.loads(self._ports.blobs.get(key)))
        return self._versions[key]

    def calendars(self, account: str, activations: Sequence[Mapping[str, Any]]) -> Calendars:
        """The calendars of these entries of the record, over those that ship; data are read when they are asked for."""
        editions: dict[str, list[Edition]] = {}
        for one in activations:
            load = partial(self._calendar, account, one["code"], one["number"], one["digest"])
            editions.setdefault(one["code"], []).append(Edition(_at(one, "at"), one["digest"], load))
        for found in editions.values():
            found.sort(key=lambda edition: to_ms(edition.at) if edition.at else -1)
        return Calendars(find=shipped, editions=editions)

    def _calendar(self, account: str, code: str, number: int, digest: str) -> Calendar:
        key = f"{code} {digest}"
        if key not in self._calendars:
            ours = shipped(code)
            if ours is None or ours.digest != digest:
                ours = calendar_data.load(self._ports.blobs.get(calendar_key(account, code, number)))
            self._calendars[key] = ours
        return self._calendars[key]


def _at(data: Mapping[str, Any], name: str) -> datetime | None:
    return parse_instant(data[name]) if data.get(name) else None
