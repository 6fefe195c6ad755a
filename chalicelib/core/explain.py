"""Why a clock is due when it is, as JSON, as lines of text and as a page (DESIGN law 9 and section 6).

Pure, from what the clock showed: nothing is judged anew, so an explanation never differs from the verdict. Text and
page are in the clock's own zone, in Chinese or in English; whatever a page shows is escaped.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from chalicelib.core.calendars import Calendar, zone
from chalicelib.core.clocks import PAUSED, Reading
from chalicelib.core.instants import show
from chalicelib.core.intervals import Interval, Lang, Text, intervals

__all__ = ["Interval", "Lang", "Text", "explanation", "intervals", "page", "sentences"]


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
        **({} if reading.earliest is None else {"earliest": show(reading.earliest), "provisional": True}),
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
    "earliest": {"zh": "最早届满（暂定）", "en": "due at the earliest (provisional)"},
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
        ("earliest", reading.earliest),
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
    (re.compile("(provisional): the calendar is not known so far"), "暂定：日历尚未公布至该日期"),
    (re.compile("(the due) lies beyond all calendars"), "届满日超出所有日历"),
)


def _reason(reason: str, lang: Lang) -> str:
    if lang == "zh":
        for pattern, text in _REASONS:
            if found := pattern.fullmatch(reason):
                return text.format(found[1])
    return reason


_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;
vertical-align:top}tr.not{color:#777;background:#f6f6f6}dt{font-weight:600;float:left;clear:left;width:12rem}
dd{margin-left:12rem}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}tr.not{background:#1c1c1c}}
"""


def page(case: str, reading: Reading, calendar: Calendar, now: datetime, lang: Lang = "en") -> str:
    """The explanation as one HTML page that needs nothing else. Everything in it is escaped."""
    rule = reading.rule
    status = _STATUS[reading.status] if lang == "zh" else reading.status.value
    title = rule.title.get(lang) or next(iter(rule.title.values()), "") or rule.id
    basis = _BASIS[rule.basis][lang] + (f", {rule.cite}" if rule.cite else "")
    terms = [(_LABELS["basis"][lang], basis)]
    if reading.reason:
        terms.append(("", _reason(reading.reason, lang)))
    for name, moment in (
        ("start", reading.start), ("due", reading.due), ("earliest", reading.earliest), ("stop", reading.stop),
        ("void", reading.void),
    ):  # fmt: skip
        if moment is not None:
            terms.append((_LABELS[name][lang], _local(moment, reading.zone)))
    terms += [(f"{_LABELS['steps'][lang]} {step}", _local(at, reading.zone)) for step, at in reading.steps]
    rows = "".join(
        f"<tr{'' if one.counted else ' class=not'}><td>{escape(_local(one.begin, reading.zone))}</td>"
        f"<td>{escape(_local(one.end, reading.zone))}</td>"
        f"<td>{escape(_LABELS['counted' if one.counted else 'not'][lang])}</td><td>{escape(one.why[lang])}</td></tr>"
        for one in intervals(reading, calendar, now)
    )
    listed = "".join(f"<dt>{escape(term) or '&nbsp;'}</dt><dd>{escape(told)}</dd>" for term, told in terms)
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1><p>{escape(case)} · {escape(reading.clock)} · {escape(reading.version)} · "
        f"<strong>{escape(status)}</strong></p><dl>{listed}</dl><table>{rows}</table></body></html>\n"
    )
