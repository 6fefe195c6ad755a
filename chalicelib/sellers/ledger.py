"""The sellers' ledger: rows projected from the stream of cases under stable keys, and their sums by day.

Projection is at least once, so every write here bears repetition. A change of a unit is three steps: the unit is
written with the change as its *intent*; the sums of the days it touches are changed, each noting the intent's number in
the same conditional write; the unit is written as *applied*. Whoever finds an intent finishes it first. A day forgets a
number only after the unit was seen to be past it, and takes one only while the unit, read after the day, still waits
for it: so each intent changes each day exactly once, whoever stalls or dies wherever. No write grows with the seller.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zlib import crc32

from chalicelib.core.case import Case
from chalicelib.core.instants import to_ms
from chalicelib.core.scores import Row, Why
from chalicelib.core.versions import Policies
from chalicelib.ports.stores import Conflict, Record, Records
from chalicelib.sellers.days import Days, change
from chalicelib.sellers.rows import rows_of
from chalicelib.sellers.units import EXCLUDED, Part, Share, exclusion_of, part_of, rows_in, shares

SELLERS = "sellers"
"""The index of all sellers of an account, by `seller_key`."""
SHARDS = 4
"""Records of one day: so that a busy seller's writers seldom meet."""
RECENT = 16
"""Numbers that a day remembers before it asks which it may forget."""
TRAIL = 20
TRIES = 40
"""Times that a conditional write is tried against others; then the batch comes again."""


def seller_key(connection: str, seller: str) -> str:
    """A seller is one of a connection: two shops may call different people by the same id."""
    return f"{connection}:{seller}"


def units_kind(who: str) -> str:
    return f"seller-rows:{who}"


def days_kind(who: str) -> str:
    return f"seller-days:{who}"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as stored. `parts`: source -> (sequence, what it says). `applied` is in the days' sums; `intent`: what is
    to be there instead, under the number `number`, None where nothing is under way."""

    parts: Mapping[str, tuple[int, Part]]
    applied: Mapping[str, Share]
    intent: Mapping[str, Share] | None
    number: int
    trail: tuple[Any, ...]
    version: int

    @classmethod
    def read(cls, record: Record | None) -> "Unit":
        if record is None:
            return cls({}, {}, None, 0, (), 0)
        data = record.data
        parts = {source: (sequence, part) for source, (sequence, part) in data["parts"].items()}
        return cls(parts, data["applied"], data["intent"], data["number"], tuple(data["trail"]), record.version)

    def data(self) -> dict[str, Any]:
        return {
            "parts": {source: list(one) for source, one in self.parts.items()}, "applied": dict(self.applied),
            "intent": self.intent, "number": self.number, "trail": list(self.trail),
        }  # fmt: skip


class SellerLedger:
    """Writes and reads the ledgers of all accounts. `recent`: see RECENT."""

    def __init__(self, records: Callable[[str], Records], recent: int = RECENT) -> None:
        self._records, self._recent = records, recent
        self._indexed: set[tuple[str, str]] = set()

    def project(self, old: Case | None, new: Case, at: datetime, policies: Policies) -> None:
        """What a change of a case means for its seller. Most changes mean nothing, and cost nothing."""
        before, after = _said(old, policies) if old else {}, _said(new, policies)
        for who, unit in sorted(before.keys() | after.keys()):
            said = after.get((who, unit), [])
            if said != before.get((who, unit), []):
                self.put(new.id.account, who, unit, new.id.local, said, new.version, at)

    def exclude(
        self, account: str, who: str, unit: str, name: str, why: Why | None, lapses: date | None, at: datetime
    ) -> None:
        """Leave a unit out of the protected value under the exclusion's name; `why` None takes it back."""
        said, source = exclusion_of(why, lapses) if why else [], EXCLUDED + name
        held = self.unit(account, who, unit).parts.get(source)
        # Who decides later wins, within one millisecond too.
        sequence = max(to_ms(at), held[0] + 1) if held else to_ms(at)
        self.put(account, who, unit, source, said, sequence, at)

    def put(self, account: str, who: str, unit: str, source: str, said: Part, sequence: int, at: datetime) -> None:
        """One part of a unit; of a source only what has the greatest sequence stays. Raises Conflict."""
        records = self._records(account)
        for _ in range(TRIES):
            held = self._settled(account, who, unit)
            if source in held.parts and held.parts[source][0] >= sequence:
                return
            parts = {**held.parts, source: (sequence, said)}
            wanted = shares(unit, parts)
            changed = wanted != held.applied
            trail = held.trail
            if changed:
                trail = (*trail, [to_ms(at), source, sequence, _difference(held.applied, wanted)])[-TRAIL:]
            intent = wanted if changed else None
            after = Unit(parts, held.applied, intent, held.number + changed, trail, held.version)
            try:
                records.put(units_kind(who), unit, after.data(), expected=held.version)
            except Conflict:
                continue
            if changed:
                self._settled(account, who, unit)
            return
        raise Conflict(f"{who} {unit}")

    def _settled(self, account: str, who: str, unit: str) -> Unit:
        """The unit with nothing under way: an intent that stands in it is finished first."""
        records = self._records(account)
        for _ in range(TRIES):
            held = Unit.read(records.get(units_kind(who), unit))
            if held.intent is None:
                return held
            for day in sorted({one[0] for told in (held.applied, held.intent) for one in told.values()}):
                self._sum(account, who, unit, held, day)
            done = Unit(held.parts, held.intent, None, held.number, held.trail, held.version)
            try:
                records.put(units_kind(who), unit, done.data(), expected=held.version)
            except Conflict:
                continue
            return Unit(done.parts, done.applied, None, done.number, done.trail, done.version + 1)
        raise Conflict(f"{who} {unit}")

    def _sum(self, account: str, who: str, unit: str, held: Unit, day: str) -> None:
        """Bring the unit's intent into one day."""
        assert held.intent is not None, "only an intent changes a day"
        less = [one for what, one in held.applied.items() if one[0] == day and held.intent.get(what) != one]
        more = [one for what, one in held.intent.items() if one[0] == day and held.applied.get(what) != one]
        if not less and not more:
            return
        records, note = self._records(account), f"{held.number}|{unit}"
        sort = f"{day}|{crc32(unit.encode()) % SHARDS}"
        for _ in range(TRIES):
            record = records.get(days_kind(who), sort)
            recent = list(record.data["recent"]) if record else []
            # Asked after the day was read: what is past its intent now was in the day then, or is in a later one.
            if note in recent or not self._waits(account, who, unit, held.number):
                return
            if record is None:
                self._index(account, who)
            if len(recent) >= self._recent:
                recent = [one for one in recent if self._waits(account, who, *_noted(one))]
            sums = change(record.data["sums"] if record else {}, less, more)
            data = {"sums": sums, "recent": [*recent, note]}
            try:
                records.put(days_kind(who), sort, data, expected=record.version if record else 0)
                return
            except Conflict:
                continue
        raise Conflict(f"{who} {sort}")

    def _waits(self, account: str, who: str, unit: str, number: int) -> bool:
        held = Unit.read(self._records(account).get(units_kind(who), unit))
        return held.intent is not None and held.number == number

    def _index(self, account: str, who: str) -> None:
        """Note that there is such a seller, before the first of its days is written."""
        if (account, who) not in self._indexed:
            records = self._records(account)
            if records.get(SELLERS, who) is None:
                records.put(SELLERS, who, {})
            self._indexed.add((account, who))

    # ---- reading ----

    def sellers(self, account: str, prefix: str = "", after: str = "") -> Iterator[str]:
        """Every seller of whom anything was ever counted, by `seller_key`, past `after`."""
        for record in self._records(account).query(SELLERS, prefix, after):
            yield record.sort

    def days(self, account: str, who: str, first: date, last: date) -> Days:
        """The sums from `first` to `last`, both included: one query for each month, however busy the seller is."""
        found = []
        for month in _months(first, last):
            for record in self._records(account).query(days_kind(who), month):
                day = date.fromisoformat(record.sort.partition("|")[0])
                if first <= day <= last:
                    found.append((day, record.data["sums"]))
        return Days(who, found)

    def rows(self, account: str, who: str, prefix: str = "") -> Iterator[Row]:
        """The rows themselves, by unit: for people and exports, never for scores."""
        for record in self._records(account).query(units_kind(who), prefix):
            for source, (_, part) in sorted(Unit.read(record).parts.items()):
                yield from rows_in(who, record.sort, source, part)

    def unit(self, account: str, who: str, unit: str) -> Unit:
        """One unit with its trail: what changed what it counts for, when, and by which version of which case."""
        return Unit.read(self._records(account).get(units_kind(who), unit))


def _said(case: Case, policies: Policies) -> dict[tuple[str, str], Part]:
    """What a case says, by seller and unit."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows_of(case, policies):
        found.setdefault((seller_key(case.id.connection, row.seller), row.unit), []).append(row)
    return {key: part_of(told) for key, told in found.items()}


def _difference(was: Mapping[str, Share], now: Mapping[str, Share]) -> dict[str, Any]:
    return {
        what: [was.get(what), now.get(what)]
        for what in sorted(was.keys() | now.keys())
        if was.get(what) != now.get(what)
    }


def _noted(note: str) -> tuple[str, int]:
    number, _, unit = note.partition("|")
    return unit, int(number)


def _months(first: date, last: date) -> Iterator[str]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield f"{year:04d}-{month:02d}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
