"""Reads overlay files: what a notice changes in a calendar, or every mistake of the file in one report.

A file is YAML (so JSON too). Nothing in it can crash or stall the reader. Checked against the calendar that it is laid
over, it must also make sense there: a make-up day that is worked anyway, or a year without a holiday, is a mistake.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date

from chalicelib.core.calendar_data import CODE, days_of
from chalicelib.core.calendars import BadCalendar, Calendar, Source
from chalicelib.core.instants import parse_day
from chalicelib.core.overlays import Overlay
from chalicelib.core.schedule import MAX_DAYS
from chalicelib.core.windows import parse_windows
from chalicelib.core.workdays import year_at
from chalicelib.rules.lines import Data, Document, Path, read_document
from chalicelib.rules.problems import Mistakes, Problem, meant

FIELDS = ("calendar", "source", "published", "known_until", "holidays", "working", "ordinary", "dates")
MAX_TEXT = 200
MAX_AHEAD = 20
"""Years beyond what is known that one notice may reach."""


def read_overlay(raw: bytes, file: str = "overlay", base: Calendar | None = None) -> Overlay:
    """The overlay in `raw`, checked against `base` where that is given. Raises Mistakes."""
    problems: list[Problem] = []
    document = read_document(raw, file, problems)
    overlay = _Reader(document, base, problems).read(hashlib.sha256(raw).hexdigest()) if document else None
    if problems or overlay is None:
        raise Mistakes(problems)
    return overlay


class _Reader:
    """Reads one document; each mistake is added to `problems`, and reading goes on."""

    def __init__(self, document: Document, base: Calendar | None, problems: list[Problem]) -> None:
        self.document = document
        self.base = base
        self.problems = problems
        self.data = document.root.data if isinstance(document.root.data, dict) else {}
        self.seen: dict[date, Path] = {}
        """Where each day stands."""
        self.count = 0

    def read(self, digest: str) -> Overlay:
        for name in self.data:
            if name not in FIELDS:
                wanted = "one of " + ", ".join(FIELDS) + meant(name, FIELDS)
                self.problems.append(self.document.problem((name,), wanted))
        code = self._text("calendar", "the code of a calendar, like CN", lambda text: bool(CODE.fullmatch(text)))
        if self.base is not None and code and code != self.base.code:
            self._wrong(("calendar",), f"{self.base.code}, the calendar that it is laid over")
        source = self._text("source", f"the notice: its name and number, at most {MAX_TEXT} characters", _is_line)
        published, until = self._date("published", True), self._date("known_until", False)
        holidays = dict(self._days("holidays", named=True))
        working = frozenset(day for day, _ in self._days("working"))
        ordinary = frozenset(day for day, _ in self._days("ordinary"))
        dates = dict(self._dates())
        overlay = Overlay(code, Source(source, published, digest), holidays, working, ordinary, dates, until)
        if not (self.seen or self.problems):
            self._wrong((), "at least one day under holidays, working, ordinary or dates")
        if self.base is not None:
            self._against(self.base, overlay)
        return overlay

    def _wrong(self, path: Path, wanted: str) -> None:
        self.problems.append(self.document.problem(path, wanted))

    def _missing(self, name: str, wanted: str) -> None:
        self.problems.append(self.document.missing((name,), wanted))

    def _text(self, name: str, wanted: str, fits: Callable[[str], bool]) -> str:
        value = self.data.get(name)
        if isinstance(value, str) and fits(value):
            return str(value)
        self._missing(name, wanted) if value is None else self._wrong((name,), wanted)
        return ""

    def _date(self, name: str, required: bool) -> date | None:
        value = self.data.get(name)
        if value is None:
            if required:
                self._missing(name, "the day on which the notice was published, like 2026-11-20")
            return None
        try:
            return _sane(parse_day(value if isinstance(value, str) else ""))
        except ValueError:
            self._wrong((name,), "a date like 2026-11-20")
            return None

    def _days(self, name: str, named: bool = False) -> Iterator[tuple[date, str]]:
        value = self.data.get(name)
        if value is None:
            return
        texts: list[tuple[Path, Data, Data]]
        if isinstance(value, list):
            texts = [((name, index), text, None) for index, text in enumerate(value)]
        elif named and isinstance(value, dict):
            texts = [((name, text), text, label) for text, label in value.items()]
        else:
            self._wrong((name,), "a list of days" + (", or days with their names" if named else ""))
            return
        for path, text, label in texts:
            if label is not None and not (isinstance(label, str) and _is_line(label)):
                self._wrong(path, f"the name of a holiday, at most {MAX_TEXT} characters")
                continue
            for day in self._range(path, text):
                yield day, str(label or "")

    def _range(self, path: Path, text: Data) -> list[date]:
        try:
            days = [_sane(day) for day in days_of(text if isinstance(text, str) else "")]
        except ValueError as error:
            self._key(path, str(error))
            return []
        self.count += len(days)
        if self.count > MAX_DAYS:
            if self.count - len(days) <= MAX_DAYS:
                self._key(path, f"at most {MAX_DAYS} days in all")
            return []
        fresh, twice = [], ""
        for day in days:
            if day in self.seen:
                twice = twice or f"each day once ({day} stands under {self.seen[day][0]} already)"
            else:
                self.seen[day] = path
                fresh.append(day)
        if twice:
            self._key(path, twice)
        return fresh

    def _key(self, path: Path, wanted: str) -> None:
        """A mistake in a key, or in the item of a list."""
        if isinstance(path[-1], int):
            self._wrong(path, wanted)
            return
        problem = self.document.problem(path, wanted)
        line = self.document.key_line(path)
        self.problems.append(Problem(problem.file, line, problem.field, repr(str(path[-1])[:60]), wanted))

    def _dates(self) -> Iterator[tuple[date, tuple[str, ...]]]:
        value = self.data.get("dates")
        if value is None:
            return
        if not isinstance(value, dict):
            self._wrong(("dates",), "days with their windows, like 2026-12-24: ['09:00-12:00']")
            return
        for text, windows in value.items():
            path: Path = ("dates", text)
            days = self._range(path, text)
            try:
                parse_windows(windows, "windows")
            except BadCalendar as error:
                index = error.field.removeprefix("windows[").removesuffix("]")
                self._wrong((*path, int(index)) if index.isdigit() else path, error.wanted)
                continue
            for day in days:
                yield day, tuple(str(one) for one in windows or [])

    def _against(self, base: Calendar, overlay: Overlay) -> None:
        old, until = base.known_until, overlay.known_until
        if until is not None and old is None:
            self._wrong(("known_until",), "nothing: the calendar has no such limit")
        elif until is not None and old is not None and not old <= until < date(old.year + MAX_AHEAD, 12, 31):
            wanted = f"a day from {old} on, until which all is known already, at most {MAX_AHEAD} years later"
            self._wrong(("known_until",), wanted)
        elif until is not None and old is not None:
            told = {day.year for day in self.seen}
            for year in range(old.year if (old.month, old.day) < (12, 31) else old.year + 1, until.year + 1):
                if year not in told:
                    self._wrong(("known_until",), f"days for {year} too, or an earlier known_until")
        told_of: set[Path] = set()
        for day in sorted(overlay.working):
            path = self.seen[day]
            if base.plan.week[day.weekday()] and day.toordinal() not in base.plan.holidays and path not in told_of:
                told_of.add(path)
                self._wrong(path, f"a day that is not worked anyway ({day} is a {_WEEK[day.weekday()]})")


_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _is_line(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT and text.isprintable() and bool(text.strip())


def _sane(day: date) -> date:
    year_at(day.toordinal())
    return day
