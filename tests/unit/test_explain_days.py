"""Why a day counted or did not: rests by name, make-up days, rolls, closed hours, extensions, restarts, caps."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.cli.main import main
from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.explain import explanation, page, sentences
from chalicelib.core.instants import parse_instant
from chalicelib.core.rules import (
    After,
    Ahead,
    Days,
    Extension,
    Least,
    Limit,
    Months,
    Most,
    OnDate,
    Pause,
    Point,
    Policy,
    Roll,
    Rule,
    Span,
    Until,
    WorkingDays,
    WorkingSpan,
)
from chalicelib.rules.judge import Judge

OFFICE = Calendar("OFFICE", "Asia/Shanghai", {"mon-fri": ["09:00-12:00", "13:00-18:00"]})
SHORT = Calendar("SHORT", "Asia/Shanghai", {"mon-fri": ["00:00-24:00"]}, known_until=date(2026, 3, 4),
                 maybe=[date(2026, 3, 6)])  # fmt: skip
CALENDARS = Calendars({"OFFICE": OFFICE, "SHORT": SHORT}, find=shipped)
NOW = parse_instant("2026-12-31T00:00:00Z")


def explained(
    limit: Limit, start: str, calendar: str = "CN", marks: Sequence[tuple[str, str]] = (), lang: str = "en",
    facts: dict[str, FactValue | None] | None = None, **parts: object,
) -> list[str]:  # fmt: skip
    rule = Rule(
        "r", "refund", Point("return.received"), (Point("refund.paid"),), limit, calendar=calendar,
        pause=(Pause("inspection.started", "inspection.ended", Span(8 * 86_400)),), **parts,  # type: ignore[arg-type]
    )  # fmt: skip
    at = parse_instant(start)
    told = [Mark("return.received", at), *(Mark(name, parse_instant(when)) for name, when in marks)]
    event = Event("e", Subject("refund", "1"), at, at, marks=tuple(told), facts=facts or {})
    judge = Judge([Policy("p", 1, "", (rule,))], CALENDARS)
    judged = judge.judge(event.subject, [event], NOW)
    (clock,) = judged.clocks
    used = judge.calendar(judged, clock)
    shown = explanation("refund/1", clock, used, NOW, "zh" if lang == "zh" else "en")["intervals"]
    zone = timedelta(hours=8)
    return [
        f"{_short(one['from'], zone)} - {_short(one['to'], zone)} {'+' if one['counted'] else '-'} {one['why']}"
        for one in shown
    ]


def _short(text: str, zone: timedelta) -> str:
    return f"{parse_instant(text) + zone:%m-%d %H}"


WORKED: list[tuple[str, list[str], list[str]]] = [
    ("working days over Spring Festival", explained(WorkingDays(3), "2026-02-13T10:00:00+08:00"), [
        "02-13 10 - 02-14 00 - the first day is not counted",
        "02-14 00 - 02-15 00 + a made-up working day",
        "02-15 00 - 02-16 00 - a holiday: Spring Festival Golden Week",
        "02-24 00 - 02-26 00 + a working day",
    ]),
    ("a roll", explained(Days(7, roll=Roll()), "2026-09-12T10:00:00+08:00"), [
        "09-12 10 - 09-13 00 - the first day is not counted",
        "09-13 00 - 09-20 00 + calendar days (Asia/Shanghai), to 24:00 of the last",
        "09-20 00 - 09-21 00 - the last day, 2026-09-19, is a weekend, so it moves",
    ]),
    ("a roll back", explained(Days(7, roll=Roll("backward")), "2026-09-12T10:00:00+08:00"), [
        "09-12 10 - 09-13 00 - the first day is not counted",
        "09-13 00 - 09-19 00 + calendar days (Asia/Shanghai), to 24:00 of the last; the last day, 2026-09-19, "
        "is a weekend, so it moves",
    ]),
    ("days that hold working days", explained(Days(2, least_working=2), "2026-03-06T10:00:00+08:00"), [
        "03-06 10 - 03-07 00 - the first day is not counted",
        "03-07 00 - 03-09 00 + calendar days (Asia/Shanghai), to 24:00 of the last",
        "03-09 00 - 03-11 00 - longer, so that it holds 2 working days",
    ]),
    ("months", explained(Months(1), "2026-01-31T10:00:00+08:00"), [
        "01-31 10 - 02-01 00 - the first day is not counted",
        "02-01 00 - 03-01 00 + calendar months (Asia/Shanghai), to 24:00 of the day of the same number",
    ]),
    ("hours of an office", explained(WorkingSpan(6 * 3600), "2026-03-06T16:00:00+08:00", "OFFICE"), [
        "03-06 16 - 03-06 18 + open hours",
        "03-06 18 - 03-07 00 - closed hours",
        "03-07 00 - 03-09 00 - a weekend",
        "03-09 00 - 03-09 09 - closed hours",
        "03-09 09 - 03-09 12 + open hours",
        "03-09 12 - 03-09 13 - closed hours",
        "03-09 13 - 03-09 14 + open hours",
    ]),
    ("the first hour", explained(Span(7200, "next_full"), "2026-03-06T16:20:00+08:00"), [
        "03-06 16 - 03-06 17 - the first hour begins with the next full one",
        "03-06 17 - 03-06 19 + every hour counts",
    ]),
    ("an extension", explained(
        Days(5), "2026-03-02T10:00:00+08:00", marks=[("refund.approved", "2026-03-04T10:00:00+08:00")],
        extend=(Extension(Point("refund.approved"), Days(9)),)), [
        "03-02 10 - 03-03 00 - the first day is not counted",
        "03-03 00 - 03-12 00 + calendar days (Asia/Shanghai), to 24:00 of the last; the limit was made longer by "
        "refund.approved on 2026-03-04",
    ]),
    ("a restart", explained(
        Span(86_400), "2026-03-02T10:00:00+08:00", marks=[("refund.approved", "2026-03-02T20:00:00+08:00")],
        restart=(Point("refund.approved"),)), [
        "03-02 10 - 03-02 20 - begun anew by refund.approved",
        "03-02 20 - 03-03 20 + every hour counts",
    ]),
    ("a cap", explained(
        Days(9), "2026-03-02T10:00:00+08:00", cap=Days(5)), [
        "03-02 10 - 03-03 00 - the first day is not counted",
        "03-03 00 - 03-08 00 + calendar days (Asia/Shanghai), to 24:00 of the last; no longer than the cap",
    ]),
    ("a pause with a floor", explained(
        Span(2 * 86_400), "2026-03-02T10:00:00+08:00",
        marks=[("inspection.started", "2026-03-03T02:00:00Z"), ("inspection.ended", "2026-03-04T02:00:00Z")]), [
        "03-02 10 - 03-03 10 + every hour counts",
        "03-03 10 - 03-04 10 - paused (inspection.started - inspection.ended)",
        "03-04 10 - 03-05 10 + every hour counts",
        "03-05 10 - 03-12 10 + the least that is left after a pause",
    ]),
    ("the least of two", explained(Least((Span(86_400), WorkingDays(5))), "2026-03-02T10:00:00+08:00"), [
        "03-02 10 - 03-03 10 + every hour counts",
    ]),
    ("the later of two, while a pause is open", explained(
        Most((Until("ship_by"), Span(86_400))), "2026-03-02T10:00:00+08:00", facts={"ship_by": date(2026, 3, 10)},
        marks=[("inspection.started", "2026-03-02T12:00:00Z")])[:2], [
        "03-02 10 - 03-02 20 + every hour counts",
        "03-02 20 - 12-31 08 - paused (inspection.started - inspection.ended), not ended yet",
    ]),
    ("counted back", explained(
        Ahead("ship_by", Days(3)), "2026-03-02T10:00:00+08:00", facts={"ship_by": date(2026, 3, 10)}), [
        "03-02 10 - 03-07 00 + counted back from ship_by",
    ]),
    ("counted from a fact", explained(
        After("ship_by", Days(3)), "2026-03-02T10:00:00+08:00", facts={"ship_by": date(2026, 3, 10)}), [
        "03-02 10 - 03-14 00 + counted from ship_by",
    ]),
    ("given", explained(Until("ship_by"), "2026-03-02T02:00:00Z", facts={"ship_by": date(2026, 3, 3)}, lang="zh"), [
        "03-02 10 - 03-04 00 + 截止时间由 ship_by 给定",
    ]),
    ("a fixed date", explained(OnDate(3, 5), "2026-03-02T10:00:00+08:00", lang="zh"), [
        "03-02 10 - 03-06 00 + 至固定日期 24:00",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "found", "wanted"), WORKED, ids=[row[0] for row in WORKED])
def test_each_interval_says_why(why: str, found: list[str], wanted: list[str]) -> None:
    if why == "working days over Spring Festival":
        # The names of the festival's days are the calendar's own.
        assert found[:2] == wanted[:2]
        assert found[-1] == wanted[-1]
        assert all("- a holiday" in one or "- a weekend" in one for one in found[2:-1])
    else:
        assert found == wanted


def test_what_the_calendar_does_not_know_is_provisional() -> None:
    rule = Rule("r", "refund", Point("return.received"), (Point("refund.paid"),), WorkingDays(4), calendar="SHORT")
    at = parse_instant("2026-03-02T10:00:00+08:00")
    event = Event("e", Subject("refund", "1"), at, at, marks=(Mark("return.received", at),))
    now = datetime.fromisoformat("2026-03-03T00:00:00+00:00")
    (clock,) = Judge([Policy("p", 1, "", (rule,))], CALENDARS).judge(event.subject, [event], now).clocks
    told = explanation("refund/1", clock, SHORT, now)
    assert (told["due_day"], told["earliest"], told["provisional"]) == ("2026-03-09", "2026-03-06T16:00:00Z", True)
    assert told["intervals"][-1]["to"] == told["due"]
    unsure = [one for one in told["intervals"] if "may be a day of rest" in one["why"]]
    assert unsure and not any(one["counted"] for one in unsure), "no day is said to be a holiday that none announced"
    assert "  暂定：日历尚未公布至该日期" in sentences("refund/1", clock, SHORT, now, "zh")
    shown = page("<script>", clock, SHORT, now, "zh")
    assert "<script>" not in shown
    assert "最早届满" in shown
    assert 'lang="zh"' in shown


def test_the_command_writes_a_page(tmp_path: Path) -> None:
    house = Path(__file__).resolve().parents[2] / "examples" / "policies" / "house.yaml"
    history, out = tmp_path / "h.jsonl", tmp_path / "page.html"
    history.write_text(
        '{"id":"e","subject":{"kind":"order","id":"1"},"occurred_at":"2026-03-02T10:00:00Z",'
        '"marks":[{"name":"order.paid","at":"2026-03-02T10:00:00Z"}]}\n'
    )
    words = ["explain", "--policy", str(house), "--history", str(history), "--case", "order/1", "--rule", "ship-48h"]
    assert main([*words, "--html", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith('<!doctype html><html lang="en">')
    assert main([*words, "--html", str(tmp_path / "no" / "page.html")]) == 2
