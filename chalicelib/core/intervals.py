"""A clock's time cut into intervals, each counted or not, with the reason in both languages (DESIGN law 9).

Pure, from what the clock showed: the due is taken from the verdict, never judged anew, so an explanation never differs
from it. The intervals leave no gap from the start to the due, or to `now` while a pause holds the due.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal, TypeAlias

from chalicelib.core.calendars import Calendar, CalendarError, NotKnown
from chalicelib.core.clocks import PAUSED, Reading
from chalicelib.core.evidence import NOTHING
from chalicelib.core.limits import Ground, Hold, due_of, full_hour
from chalicelib.core.rules import (
    After,
    Days,
    Given,
    Least,
    Limit,
    Months,
    Most,
    OnDate,
    Span,
    Until,
    WorkingDays,
    WorkingSpan,
)
from chalicelib.core.view import View

Lang: TypeAlias = Literal["zh", "en"]
Text: TypeAlias = Mapping[Lang, str]
_DAY = timedelta(days=1)
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a clock's time, whether it counted, and why, in both languages."""

    begin: datetime
    end: datetime
    counted: bool
    why: Text


def intervals(reading: Reading, calendar: Calendar, now: datetime) -> tuple[Interval, ...]:
    """The time of the clock without gaps. Empty where there is no start, or no due for another reason than a pause.

    `calendar` is the one that the clock counts in.
    """
    start = reading.start
    if start is None or (reading.due is None and reading.reason != PAUSED):
        return ()
    begun = (*reading.rounds, start)
    again = [Interval(one, other, False, _restarted(reading)) for one, other in pairwise(begun) if one < other]
    end = now if reading.due is None else reading.due
    used = calendar if reading.earliest is None else calendar.latest
    return (*again, *_joined(_Cut(reading, start, end, used, now).all()))


def _joined(found: Iterator[Interval]) -> Iterator[Interval]:
    """Neighbours that tell the same are one."""
    last: Interval | None = None
    for one in found:
        if last is not None and (last.end, last.counted, last.why) == (one.begin, one.counted, one.why):
            last = Interval(last.begin, one.end, last.counted, last.why)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


class _Cut:
    """One round of a clock, cut at its pauses, its days and its windows."""

    def __init__(self, reading: Reading, start: datetime, end: datetime, calendar: Calendar, now: datetime) -> None:
        self.reading, self.start, self.end, self.calendar = reading, start, end, calendar
        self.holds = tuple(one for one in reading.holds if one.begin < end)
        self.ground = Ground(View(NOTHING, now), calendar)
        self.limit = self._leaf(reading.acts[-1].to if reading.acts else reading.rule.limit)
        bare = tuple(replace(one, floor=None) for one in self.holds)
        self.rolled = self._due(self.limit, bare)
        self.raw = self._due(_unrolled(self.limit), bare)

    def _due(self, limit: Limit, holds: Sequence[Hold]) -> datetime | None:
        """When a limit ends by itself; None where facts decide, or nothing does yet."""
        if isinstance(limit, Given):
            return None
        try:
            return due_of(limit, self.start, holds, self.ground).at
        except (OverflowError, ValueError):
            return None

    def _leaf(self, limit: Limit) -> Limit:
        """Of several limits the one that gave the due."""
        if not isinstance(limit, (Least, Most)):
            return limit
        given = [one for one in limit.limits if isinstance(one, Given)]
        for one in limit.limits:
            inner = self._leaf(one)
            if not isinstance(inner, Given) and self._due(inner, self.holds) == self.reading.due:
                return inner
        return given[0] if given else self._leaf(limit.limits[0])

    def all(self) -> Iterator[Interval]:
        at = self.start
        for hold in self.holds:
            yield from self._running(at, hold.begin)
            until = self.end if hold.end is None else min(hold.end, self.end)
            if hold.begin < until:
                yield Interval(hold.begin, until, False, _held(self.reading, self.limit, hold.end is None))
            at = max(at, until)
        yield from self._running(at, self.end)

    def _running(self, begin: datetime, end: datetime) -> Iterator[Interval]:
        """The stretches between two pauses."""
        limit = self.limit
        if isinstance(limit, (Days, WorkingDays, Months)) and limit.first_day == "excluded":
            midnight = self.calendar.end_of(self.calendar.day(self.start))
            yield from _piece(begin, min(midnight, end), False, _FIRST_DAY)
            begin = max(begin, midnight)
        elif isinstance(limit, Span) and limit.first_hour == "next_full":
            full = full_hour(self.start, self.calendar)
            yield from _piece(begin, min(full, end), False, _FIRST_HOUR)
            begin = max(begin, full)
        if begin >= end:
            return
        if isinstance(limit, WorkingSpan):
            yield from self._open(begin, end)
        elif isinstance(limit, WorkingDays):
            yield from self._days(begin, end)
        else:
            yield from self._whole(begin, end)

    def _whole(self, begin: datetime, end: datetime) -> Iterator[Interval]:
        """Time that counts whole, and what a roll or a floor added to its end."""
        rolled, raw = self.rolled or self.end, self.raw or self.end
        text = self._counted(raw)
        plain, moved = min(max(raw, begin), end), min(max(rolled, begin), end)
        yield from _piece(begin, min(plain, moved), True, text)
        if plain < moved:
            yield from _piece(plain, moved, False, self._moved(raw))
        yield from _piece(max(moved, min(plain, moved), begin), end, True, _FLOOR)

    def _counted(self, raw: datetime) -> Text:
        reading, limit = self.reading, self.limit
        text: Text = {
            "zh": f"自然日（{reading.zone}），末日 24:00 届满",
            "en": f"calendar days ({reading.zone}), to 24:00 of the last",
        }
        if isinstance(limit, Given):
            text = _given(limit)
        elif isinstance(limit, Span):
            text = {"zh": "每个小时都计入", "en": "every hour counts"}
        elif isinstance(limit, Months):
            text = {
                "zh": f"按月计算（{reading.zone}），至对应日 24:00 届满",
                "en": f"calendar months ({reading.zone}), to 24:00 of the day of the same number",
            }
        elif isinstance(limit, OnDate):
            text = {"zh": "至固定日期 24:00", "en": "to 24:00 of a fixed date"}
        if reading.acts:
            text = _and(text, _extended(reading))
        if self.rolled is not None and self.rolled < raw:
            text = _and(text, self._moved(raw))
        if reading.rule.cap is not None and self.rolled is not None and self.rolled > self.end:
            text = _and(text, {"zh": "至上限为止", "en": "no longer than the cap"})
        return text

    def _moved(self, raw: datetime) -> Text:
        """Why the last day is not the one that was counted."""
        limit = self.limit
        day = self.calendar.day(raw) - _DAY
        if isinstance(limit, Days) and limit.least_working and limit.roll is None:
            return {
                "zh": f"期间至少含 {limit.least_working} 个工作日，因此延长",
                "en": f"longer, so that it holds {limit.least_working} working days",
            }
        why = self._why(day)
        return {
            "zh": f"末日 {day.isoformat()} 为{why['zh']}，顺延",
            "en": f"the last day, {day.isoformat()}, is {why['en']}, so it moves",
        }

    def _days(self, begin: datetime, end: datetime) -> Iterator[Interval]:
        at, calendar = begin, self.calendar
        for _ in range(_MOST):
            if at >= end:
                return
            day = calendar.day(at)
            until = max(min(calendar.end_of(day), end), at)
            yield from _piece(at, until, calendar.is_working_day(day), self._why(day))
            if until == at:
                break
            at = until
        yield from _piece(at, end, True, _FLOOR)

    def _open(self, begin: datetime, end: datetime) -> Iterator[Interval]:
        at, calendar = begin, self.calendar
        for opens, closes in calendar.periods(begin, end):
            yield from self._closed(at, opens)
            yield from _piece(opens, closes, True, _OPEN)
            at = closes
        yield from self._closed(at, end)

    def _closed(self, begin: datetime, end: datetime) -> Iterator[Interval]:
        """Time in which the calendar is closed, day by day."""
        at, calendar = begin, self.calendar
        while at < end:
            day = calendar.day(at)
            until = min(calendar.end_of(day), end)
            if until <= at:
                until = end
            yield from _piece(at, until, False, _CLOSED if calendar.is_working_day(day) else self._why(day))
            at = until

    def _why(self, day: date) -> Text:
        try:
            kind, _, name = self.calendar.why(day).partition(": ")
            if self.reading.earliest is not None and self.calendar.earliest.kind(day) != self.calendar.latest.kind(day):
                return _MAYBE
        except (NotKnown, CalendarError):
            kind, name = "working", ""
        zh = _KINDS.get(kind, kind)
        en = {"working": "a working day", "make-up": "a made-up working day", "weekend": "a weekend",
              "holiday": "a holiday", "closed": "a closed day", "special": "a day with hours of its own",
              "missing": "a day that never was"}.get(kind, kind)  # fmt: skip
        return {"zh": f"{zh}（{name}）" if name else zh, "en": f"{en}: {name}" if name else en}


def _piece(begin: datetime, end: datetime, counted: bool, why: Text) -> Iterator[Interval]:
    if begin < end:
        yield Interval(begin, end, counted, why)


def _unrolled(limit: Limit) -> Limit:
    if isinstance(limit, Days):
        return replace(limit, roll=None, least_working=0)
    return replace(limit, roll=None) if isinstance(limit, (Months, OnDate)) else limit


def _and(one: Text, other: Text) -> Text:
    return {"zh": f"{one['zh']}；{other['zh']}", "en": f"{one['en']}; {other['en']}"}


_FIRST_DAY: Text = {"zh": "起算当日不计入", "en": "the first day is not counted"}
_FIRST_HOUR: Text = {"zh": "自下一个整点起算", "en": "the first hour begins with the next full one"}
_OPEN: Text = {"zh": "工作时间", "en": "open hours"}
_CLOSED: Text = {"zh": "非工作时间", "en": "closed hours"}
_FLOOR: Text = {"zh": "暂停后保留的最短时间", "en": "the least that is left after a pause"}
_MAYBE: Text = {"zh": "可能的休息日（日历尚未公布）", "en": "a day that may be a day of rest (not announced yet)"}
_KINDS: Mapping[str, str] = {
    "working": "工作日",
    "make-up": "调休上班日",
    "weekend": "周末",
    "holiday": "节假日",
    "closed": "休息日",
    "special": "特殊时间日",
    "missing": "不存在的日子",
}


def _given(limit: Given) -> Text:
    if isinstance(limit, Until):
        return {"zh": f"截止时间由 {limit.fact} 给定", "en": f"the deadline is the one that {limit.fact} gives"}
    if isinstance(limit, After):
        return {"zh": f"自 {limit.fact} 起算", "en": f"counted from {limit.fact}"}
    return {"zh": f"自 {limit.fact} 倒推计算", "en": f"counted back from {limit.fact}"}


def _extended(reading: Reading) -> Text:
    on = ", ".join(dict.fromkeys(one.on.mark for one in reading.rule.extend))
    day = reading.acts[-1].begin.date().isoformat()
    return {"zh": f"期限因 {on} 于 {day} 延长", "en": f"the limit was made longer by {on} on {day}"}


def _restarted(reading: Reading) -> Text:
    marks = ", ".join(point.mark for point in reading.rule.restart)
    return {"zh": f"因 {marks} 重新起算", "en": f"begun anew by {marks}"}


def _held(reading: Reading, limit: Limit, is_open: bool) -> Text:
    pairs = ", ".join(f"{pause.begin} - {pause.end}" for pause in reading.rule.pause)
    if isinstance(limit, Given):
        return {
            "zh": f"暂停（{pairs}），但给定的截止时间不变",
            "en": f"paused ({pairs}); a given deadline does not move",
        }
    if is_open:
        return {"zh": f"暂停（{pairs}），尚未结束", "en": f"paused ({pairs}), not ended yet"}
    return {"zh": f"暂停（{pairs}）", "en": f"paused ({pairs})"}
