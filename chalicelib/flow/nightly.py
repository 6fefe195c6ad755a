"""The audit of each night, in turns: a function may run for minutes, a table takes hours. Each turn goes on where the
last one stopped; a finished night without problems sends a sign of life to an outside address.

Whoever watches that address hears silence both when something is wrong and when nobody looks any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from chalicelib.core.calls import Call
from chalicelib.core.case import CaseId
from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.flow.audit import Audit, Report
from chalicelib.flow.journal import Told, is_short, told_of
from chalicelib.flow.log import log
from chalicelib.flow.shelves import next_day, pack
from chalicelib.ports.http import Http, Uncertain, Unsent
from chalicelib.ports.ports import SYSTEM, Ports
from chalicelib.ports.stores import Conflict

KIND, NIGHT, LAST, PACKED = "audits", "night", "last", "packed"
_SHELF = ("packed", "day", "number", "after")
"""The last day that is packed; the one that is being packed, its large objects so far, the last small one in them."""
FROM = 2
"""The hour (UTC) from which a night's audit begins."""
SEGMENTS = 16
PART = 50_000
"""Cases of which the journal is compared in one night: as many as fit into the function's memory. The part moves on
each night, so a table of a million cases is compared with its journal every twenty nights."""
MOST_OBJECTS = 20_000
"""Objects of a journal that a turn reads before its cases: five minutes, reckoned at 15 ms for each. A longer journal
is not compared, and the night says so: no length of it may keep the deadlines themselves from being proved."""
BUDGET = timedelta(minutes=12)
SETTLING = timedelta(minutes=5)
"""After the last case: what the stream has not brought into the journal by then is missing."""
BEATS = 3
MOST_DOUBTED = 300
"""Cases that may wait for that; beyond, more is wrong than a stream that is behind."""
LEASE = timedelta(minutes=14, seconds=30)
PAGE = 200

USD_PER_MILLION_READS = 0.125
"""On demand, us-east-1 (timers.md, section 7). A scan that may lag reads 8 KB for one unit."""


def cost(cases: int, item_bytes: int = 1100) -> float:
    """US dollars for reading a table of so many cases once: 50 million of 1.1 KB cost 0.84."""
    return cases * item_bytes / 8192 * USD_PER_MILLION_READS / 1e6


Reports: TypeAlias = dict[str, Report]
"""What a night found, by account."""


@dataclass(slots=True)
class _Place:
    """How far the night is. `done`: and what it found is told; whoever dies between the two leaves that to the next.
    `doubted`: cases that the journal did not tell when they were read; they are looked at once more after `settles`.
    `apart`: accounts whose journal is too long to be compared."""

    day: str
    account: int = 0
    segment: int = 0
    after: str = ""
    done: bool = False
    doubted: list[str] = field(default_factory=list)
    settles: int = 0
    apart: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "_Place":
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


class Nightly:
    """Turns of the nightly audit over some accounts. `beat`: the outside address, empty for none."""

    def __init__(self, ports: Ports, audit: Audit, accounts: Sequence[str], beat: str = "") -> None:
        self._ports, self._audit, self._accounts, self._beat = ports, audit, accounts, beat
        self._journals: dict[str, Told | None] = {}

    def __call__(self, scheduled: datetime) -> Mapping[str, Any]:
        """One turn. Raises what the ports raise; the next turn goes on from the last page that was noted."""
        now = self._ports.clock.now()
        record = self._ports.records(SYSTEM).get(KIND, NIGHT)
        self._journals = {}
        today = f"{scheduled - timedelta(hours=FROM):%Y-%m-%d}"
        place, reports = _Place(today), {account: Report() for account in self._accounts}
        if record is not None and record.data["day"] == today and "reports" in record.data:
            place = _Place.of(record.data)
            reports |= {account: Report.of(held) for account, held in record.data["reports"].items()}
            if place.done:
                self._pack(now)
            if place.done or from_ms(record.data["until"]) > now:
                return {"day": today, "done": place.done, "looked": _looked(reports)}
        try:
            version = self._note(place, reports, now + LEASE, record.version if record else 0)
        except Conflict:
            return {"day": today, "done": False, "looked": _looked(reports)}
        while self._goes_on(place) and self._ports.clock.now() - now < BUDGET:
            self._segment(place, reports, scheduled, now)
            version = self._note(place, reports, now + LEASE, version)
        settled = not place.doubted or to_ms(self._ports.clock.now()) >= place.settles
        if not self._goes_on(place) and settled:
            self._confirm(place, reports, scheduled)
            self._finish(place, reports)
            place.done = True
        self._note(place, reports, now, version)
        return {"day": today, "done": place.done, "looked": _looked(reports)}

    def _pack(self, began: datetime) -> None:
        """Once the night is over: days of the journal that are over too are put into few objects, as far as the turn
        goes. Where that is, is noted with each of them."""
        records = self._ports.records(SYSTEM)
        for account in self._accounts:
            held = records.get(KIND, f"{PACKED}|{account}")
            packed, day, number, after = (held.data[name] for name in _SHELF) if held else ("", "", 0, "")
            while self._ports.clock.now() - began < BUDGET:
                day = day or next_day(self._ports, account, packed)
                if not day:
                    break
                number, after = pack(self._ports, account, day, number, after)
                if not after:
                    packed, day, number = day, "", 0
                records.put(KIND, f"{PACKED}|{account}", dict(zip(_SHELF, (packed, day, number, after), strict=True)))

    def _segment(self, place: _Place, reports: Reports, scheduled: datetime, began: datetime) -> None:
        """Pages of the segment, until its end or the end of the turn."""
        account = self._accounts[place.account]
        report = reports[account]
        told = self._told(account, scheduled)
        if told is None and account not in place.apart:
            place.apart.append(account)
        after = CaseId.parse(place.after) if place.after else None
        while True:
            defer = len(place.doubted) < MOST_DOUBTED
            page = self._audit.page(account, place.segment, SEGMENTS, after, PAGE, told, defer=defer)
            report.join(page.report)
            place.doubted += map(str, page.doubted)
            after = page.after
            if after is None or self._ports.clock.now() - began > BUDGET:
                break
        place.after = str(after) if after else ""
        if after is None:
            place.segment += 1
        if place.segment == SEGMENTS:
            place.account, place.segment = place.account + 1, 0
            place.settles = to_ms(self._ports.clock.now() + SETTLING)

    def _confirm(self, place: _Place, reports: Reports, scheduled: datetime) -> None:
        doubted = [CaseId.parse(one) for one in place.doubted]
        for account in sorted({one.account for one in doubted}):
            mine, told = [one for one in doubted if one.account == account], self._told(account, scheduled)
            if told is not None:
                self._audit.confirm(mine, told, reports[account])
        place.doubted = []

    def _goes_on(self, place: _Place) -> bool:
        return place.account < len(self._accounts)

    def _told(self, account: str, scheduled: datetime) -> Told | None:
        """This night's part of the journal, read once in a turn; None where it is too long."""
        if account not in self._journals:
            before = last(self._ports, account)
            parts = -(-int(before["report"]["looked"] if before else 1) // PART) or 1
            short = is_short(self._ports, account, MOST_OBJECTS)
            told = told_of(self._ports, account, scheduled.toordinal() % parts, parts) if short else None
            self._journals = {account: told}
        return self._journals[account]

    def _note(self, place: _Place, reports: Reports, until: datetime, version: int) -> int:
        """Write down how far the night is. Raises Conflict where somebody else audits too."""
        held = {account: report.as_dict() for account, report in reports.items()}
        data = {**asdict(place), "until": to_ms(until), "reports": held}
        return self._ports.records(SYSTEM).put(KIND, NIGHT, data, expected=version)

    def _finish(self, place: _Place, reports: Reports) -> None:
        """An account is told of its own cases alone."""
        records, at, problems = self._ports.records(SYSTEM), self._ports.clock.now(), 0
        for account, report in reports.items():
            compared = account not in place.apart
            told = {"day": place.day, "at": show(at), "report": report.as_dict(), "journal": compared}
            if not compared:
                log("audit_journal_long", level="warning", account=account, count=MOST_OBJECTS)
            records.put(KIND, _last_of(account), told)
            problems += sum(report.problems.values())
            for one in report.findings:
                log(
                    "audit_finding", level="error", account=account, case=one.case, reason=one.problem, key=one.detail,
                )  # fmt: skip
        if problems:
            log("audit_failed", level="error", id=place.day, count=problems)
            return
        log("audit_clean", id=place.day, count=_looked(reports))
        if self._beat:
            beat(self._ports.http, self._beat)


def beat(http: Http, url: str) -> None:
    """The sign of life, tried a few times. That none arrived is what the other side is there to notice."""
    for left in reversed(range(BEATS)):
        try:
            reply = http.send(Call("GET", url, {}, b""))
            break
        except (Unsent, Uncertain) as error:
            if not left:
                log("heartbeat_failed", level="warning", reason=type(error).__name__)
                return
    if reply.status >= 300:
        log("heartbeat_failed", level="warning", status=reply.status)


def _looked(reports: Reports) -> int:
    return sum(report.looked for report in reports.values())


def _last_of(account: str) -> str:
    return f"{LAST}|{account}"


def last(ports: Ports, account: str) -> Mapping[str, Any] | None:
    """The last finished night of an account, as its ops see it."""
    record = ports.records(SYSTEM).get(KIND, _last_of(account))
    return dict(record.data) if record else None
