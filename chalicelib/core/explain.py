"""Why a clock is due when it is: its time cut into intervals, each counted or not, with the reason (DESIGN law 9).

Pure, from what the clock showed: nothing is judged anew, so an explanation never differs from the verdict.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from chalicelib.core.calendars import Calendar, zone
from chalicelib.core.clocks import PAUSED, Reading
from chalicelib.core.instants import show
from chalicelib.core.rules import Days, Span, Until

Lang: TypeAlias = Literal["zh", "en"]
Text: TypeAlias = Mapping[Lang, str]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a clock's time, whether it counted, and why, in both languages."""

    begin: datetime
    end: datetime
    counted: bool
    why: Text


def intervals(reading: Reading, calendar: Calendar, now: datetime) -> tuple[Interval, ...]:
    """The time of the clock without gaps, from its start to its due, or to `now` while a pause holds the due.

    Empty where there is no start, or no due for another reason. `calendar` is the one that the clock counts in.
    """
    start = reading.start
    if start is None or (reading.due is None and reading.reason != PAUSED):
        return ()
    return tuple(_cut(reading, start, now if reading.due is None else reading.due, calendar))


def _cut(reading: Reading, start: datetime, end: datetime, calendar: Calendar) -> Iterator[Interval]:
    at = start
    for hold in reading.holds:
        if hold.begin >= end:
            break
        yield from _running(reading, start, at, hold.begin, calendar)
        until = end if hold.end is None else min(hold.end, end)
        if hold.begin < until:
            yield Interval(hold.begin, until, False, _held(reading, hold.end is None))
        at = max(at, until)
    yield from _running(reading, start, at, end, calendar)


def _running(
    reading: Reading, start: datetime, begin: datetime, end: datetime, calendar: Calendar
) -> Iterator[Interval]:
    """The stretches between two pauses."""
    limit = reading.rule.limit
    if isinstance(limit, Days) and limit.first_day == "excluded":
        midnight = calendar.end_of(calendar.day(start))
        if begin < min(midnight, end):
            yield Interval(begin, min(midnight, end), False, _FIRST_DAY)
        begin = max(begin, midnight)
    if begin < end:
        yield Interval(begin, end, True, _counted(reading))


_FIRST_DAY: Text = {"zh": "起算当日不计入", "en": "the first day is not counted"}


def _counted(reading: Reading) -> Text:
    limit = reading.rule.limit
    if isinstance(limit, Until):
        return {"zh": f"截止时间由 {limit.fact} 给定", "en": f"the deadline is the one that {limit.fact} gives"}
    if isinstance(limit, Span):
        return {"zh": "每个小时都计入", "en": "every hour counts"}
    return {
        "zh": f"自然日（{reading.zone}），末日 24:00 届满",
        "en": f"calendar days ({reading.zone}), to 24:00 of the last",
    }


def _held(reading: Reading, is_open: bool) -> Text:
    pairs = ", ".join(f"{pause.begin} - {pause.end}" for pause in reading.rule.pause)
    if isinstance(reading.rule.limit, Until):
        return {
            "zh": f"暂停（{pairs}），但给定的截止时间不变",
            "en": f"paused ({pairs}); a given deadline does not move",
        }
    if is_open:
        return {"zh": f"暂停（{pairs}），尚未结束", "en": f"paused ({pairs}), not ended yet"}
    return {"zh": f"暂停（{pairs}）", "en": f"paused ({pairs})"}


def explanation(case: str, reading: Reading, calendar: Calendar, now: datetime, lang: Lang = "en") -> dict[str, Any]:
    """The JSON form (DESIGN section 6). `case` is `KIND/ID`, with its connection where there are several."""
    return {
        "case": case,
        "rule": reading.rule.id,
        "clock": reading.clock,
        "version": reading.version,
        "cite": reading.rule.cite,
        "basis": reading.rule.basis,
        "start": _instant(reading.start),
        "due": _instant(reading.due),
        "due_day": None if reading.due_day is None else reading.due_day.isoformat(),
        "stop": _instant(reading.stop),
        "status": reading.status.value,
        "reason": reading.reason,
        "zone": reading.zone,
        "intervals": [
            {"from": show(one.begin), "to": show(one.end), "counted": one.counted, "why": one.why[lang]}
            for one in intervals(reading, calendar, now)
        ],
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else show(moment)


_STATUS: Mapping[str, str] = {
    "waiting": "等待",
    "running": "计时中",
    "paused": "已暂停",
    "met": "按时完成",
    "met_late": "逾期完成",
    "breached": "已逾期",
    "void": "已失效",
}
_BASIS: Mapping[str, Text] = {
    "law": {"zh": "法律", "en": "law"},
    "platform": {"zh": "平台规则", "en": "platform rule"},
    "policy": {"zh": "内部政策", "en": "house policy"},
}
_LABELS: Mapping[str, Text] = {
    "basis": {"zh": "依据", "en": "basis"},
    "start": {"zh": "起算", "en": "start"},
    "due": {"zh": "届满", "en": "due"},
    "stop": {"zh": "完成", "en": "done"},
    "void": {"zh": "失效", "en": "void since"},
    "steps": {"zh": "步骤", "en": "step"},
    "counted": {"zh": "计入", "en": "counted"},
    "not": {"zh": "不计", "en": "not counted"},
}


def sentences(case: str, reading: Reading, calendar: Calendar, now: datetime, lang: Lang) -> list[str]:
    """The explanation as lines for people, times in the clock's own zone."""
    rule = reading.rule
    status = _STATUS[reading.status] if lang == "zh" else reading.status.value
    title = rule.title.get(lang) or next(iter(rule.title.values()), "")
    lines = [f"{case}  {reading.clock}  {reading.version}: {status}"]
    if title:
        lines.append(f"  {title}")
    basis = _BASIS[rule.basis][lang]
    lines.append(f"  {_LABELS['basis'][lang]}: {basis}{f', {rule.cite}' if rule.cite else ''}")
    if reading.reason:
        lines.append(f"  {_reason(reading.reason, lang)}")
    for name, moment in (
        ("start", reading.start),
        ("due", reading.due),
        ("stop", reading.stop),
        ("void", reading.void),
    ):
        if moment is not None:
            lines.append(f"  {_LABELS[name][lang]}: {_local(moment, reading.zone)}")
    for one in intervals(reading, calendar, now):
        label = _LABELS["counted" if one.counted else "not"][lang]
        lines.append(
            f"    {_local(one.begin, reading.zone)} - {_local(one.end, reading.zone)}  {label}: {one.why[lang]}"
        )
    for step, at in reading.steps:
        lines.append(f"  {_LABELS['steps'][lang]} {step}: {_local(at, reading.zone)}")
    return lines


def _local(moment: datetime, name: str) -> str:
    if name == "UTC":
        return show(moment)
    try:
        local = moment.astimezone(zone(name))
    except OverflowError:
        # At either end of time a zone may lie beyond it.
        return show(moment)
    return f"{local.replace(tzinfo=None).isoformat(' ', 'seconds')} {name}"


_REASONS = (
    (re.compile(r"no (\S+) yet"), "尚无 {}"),
    (re.compile(r"fact (\S+) is missing"), "缺少事实 {}"),
    (re.compile(f"({PAUSED})"), "已暂停"),
)


def _reason(reason: str, lang: Lang) -> str:
    if lang == "zh":
        for pattern, text in _REASONS:
            if found := pattern.fullmatch(reason):
                return text.format(found[1])
    return reason
