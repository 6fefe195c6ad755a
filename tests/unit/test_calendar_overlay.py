"""Overlay files: what is read, how each mistake is told with its line, and what a calendar becomes with one."""

import hashlib
import json
from datetime import date

import pytest

from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import BadCalendar, Calendar, NotKnown, Source
from chalicelib.core.overlays import Overlay, apply
from chalicelib.rules.overlay import read_overlay
from chalicelib.rules.problems import Mistakes

GOOD = """\
calendar: XX
source: A made-up notice, No. 7 of 2026
published: 2026-11-24
known_until: 2027-12-31
holidays:
  2027-01-01/2027-01-03: New Year
  2027-02-05/2027-02-12: Spring
working: [2027-02-14, 2027-02-20]
dates:
  2027-12-24: ['09:00-12:00']
"""

BASE = Calendar(
    "XX",
    "Asia/Shanghai",
    week={"mon-fri": ["09:00-12:00", "13:00-18:00"]},
    holidays={date(2026, 10, 1): "National Day", date(2027, 1, 1): "expected", date(2027, 5, 3): "expected"},
    working=[date(2026, 10, 10)],
    dates={date(2026, 12, 31): ["09:00-12:00"]},
    maybe=[date(2027, 1, 4), date(2027, 2, 14), date(2028, 1, 4)],
    known_from=date(2026, 1, 1),
    known_until=date(2026, 12, 31),
)


def edited(old: str, new: str) -> str:
    assert old in GOOD, "the row edits what is not there"
    return GOOD.replace(old, new)


def problems(text: str, base: Calendar | None = BASE) -> list[tuple[int, str, str, str]]:
    with pytest.raises(Mistakes) as caught:
        read_overlay(text.encode(), "notice.yaml", base)
    assert {one.file for one in caught.value.problems} == {"notice.yaml"}
    return [(one.line, one.field, one.found, one.wanted) for one in caught.value.problems]


def test_reads_each_part() -> None:
    spring = {date(2027, 2, day): "Spring" for day in range(5, 13)}
    assert read_overlay(GOOD.encode(), "notice.yaml", BASE) == Overlay(
        "XX",
        Source("A made-up notice, No. 7 of 2026", date(2026, 11, 24), hashlib.sha256(GOOD.encode()).hexdigest()),
        {date(2027, 1, day): "New Year" for day in (1, 2, 3)} | spring,
        frozenset((date(2027, 2, 14), date(2027, 2, 20))),
        frozenset(),
        {date(2027, 12, 24): ("09:00-12:00",)},
        date(2027, 12, 31),
    )


@pytest.mark.parametrize("indent", [None, 2, "\t"], ids=["one line", "spaces", "tabs"])
def test_reads_json_too(indent: str | int | None) -> None:
    data = {
        "calendar": "CN",
        "source": "通知",
        "published": "2026-11-24",
        "holidays": ["2026-12-01"],
        "dates": {"2026-12-02": []},
    }
    found = read_overlay(json.dumps(data, indent=indent).encode(), "notice.json")
    assert (found.source.name, found.holidays, found.known_until) == ("通知", {date(2026, 12, 1): ""}, None)
    assert found.dates == {date(2026, 12, 2): ()}


MISTAKES = [
    (GOOD.replace("calendar: XX\n", ""), (1, "calendar", "nothing", "the code of a calendar, like CN"), "no calendar"),
    (edited("XX", "xx"), (1, "calendar", "'xx'", "the code of a calendar, like CN"), "a code in small letters"),
    (edited("XX", "YY"), (1, "calendar", "'YY'", "XX, the calendar that it is laid over"), "another calendar"),
    (edited("source: A made-up notice, No. 7 of 2026", "source:"),
     (2, "source", "nothing", "the notice: its name and number, at most 200 characters"), "no source"),
    (edited("2026-11-24", "24.11.2026"), (3, "published", "'24.11.2026'", "a date like 2026-11-20"), "dots"),
    (edited("published: 2026-11-24\n", ""),
     (1, "published", "nothing", "the day on which the notice was published, like 2026-11-20"),
     "no date of the notice"),
    (edited("known_until: 2027-12-31", "known_until: 2027-13-31"),
     (4, "known_until", "'2027-13-31'", "a date like 2026-11-20"), "month 13"),
    (edited("known_until: 2027-12-31", "known_until: 2025-12-31"),
     (4, "known_until", "'2025-12-31'",
      "a day from 2026-12-31 on, until which all is known already, at most 20 years later"),
     "less than is known"),
    (edited("known_until: 2027-12-31", "known_until: 2028-12-31"),
     (4, "known_until", "'2028-12-31'", "days for 2028 too, or an earlier known_until"), "a year without a single day"),
    (edited("working: [2027-02-14, 2027-02-20]", "workng: [2027-02-14]"),
     (8, "workng", "a list", "one of calendar, source, published, known_until, holidays, working, ordinary, "
      "dates, did you mean working?"),
     "a field that is misspelt"),
    (edited("2027-02-14, 2027-02-20", "2027-02-14, 2027-02-30"),
     (8, "working[1]", "'2027-02-30'", "a date like 2027-02-05, or days like 2027-02-05/2027-02-12"), "30 February"),
    (edited("2027-02-14, 2027-02-20", "2027-02-14, 2027-02-22"),
     (8, "working[1]", "'2027-02-22'", "a day that is not worked anyway (2027-02-22 is a Monday)"), "a make-up Monday"),
    (edited("2027-02-14, 2027-02-20", "2027-02-14, 2027-02-12"),
     (8, "working[1]", "'2027-02-12'", "each day once (2027-02-12 stands under holidays already)"), "a holiday too"),
    (edited("2027-02-05/2027-02-12: Spring", "2027-02-12/2027-02-05: Spring"),
     (7, "holidays.2027-02-12/2027-02-05", "'2027-02-12/2027-02-05'",
      "a last day after the first, and at most 400 days"),
     "days backwards"),
    (edited("2027-02-05/2027-02-12: Spring", "2027-02-05/2029-02-12: Spring"),
     (7, "holidays.2027-02-05/2029-02-12", "'2027-02-05/2029-02-12'",
      "a last day after the first, and at most 400 days"),
     "years of holidays"),
    (edited("2027-02-05/2027-02-12: Spring", "9999-12-31: Spring"),
     (7, "holidays.9999-12-31", "'9999-12-31'", "outside the years 3 to 9997"), "the end of time"),
    (edited("2027-02-05/2027-02-12: Spring", "2027-02-05: [Spring]"),
     (7, "holidays.2027-02-05", "a list", "the name of a holiday, at most 200 characters"), "a name that is a list"),
    (edited("['09:00-12:00']", "['09:00-12.00']"),
     (10, "dates.2027-12-24[0]", "'09:00-12.00'", "a window like 09:00-18:00 (until 24:00 is the end of the day)"),
     "a window that is none"),
    (edited("['09:00-12:00']", "half a day"),
     (10, "dates.2027-12-24", "'half a day'", "a list of windows like 09:00-18:00"), "words for windows"),
    (edited("working: [2027-02-14, 2027-02-20]", "working: 2027-02-14"),
     (8, "working", "'2027-02-14'", "a list of days"), "a day for a list"),
    (edited("working: [2027-02-14, 2027-02-20]", "working: {2027-02-14: x}"),
     (8, "working", "a mapping", "a list of days"), "names of make-up days"),
    ("calendar: XX\nsource: x\npublished: 2026-11-24\n",
     (1, "file", "a mapping", "at least one day under holidays, working, ordinary or dates"), "nothing to change"),
    ("[]", (1, "file", "a list", "a mapping"), "a list"),
    ("", (1, "file", "nothing", "a mapping"), "an empty file"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem", "why"), MISTAKES, ids=[row[-1] for row in MISTAKES])
def test_tells_line_field_found_and_wanted_of_a_mistake(
    text: str, problem: tuple[int, str, str, str], why: str
) -> None:
    assert problem in problems(text)


def test_tells_all_mistakes_in_one_report_in_order_of_lines() -> None:
    text = """\
calendar: XX
source: x
published: yesterday
known_until: 2020-01-01
holidays: [2027-01-01, 2027-01-32, 2027-01-01]
working: [2027-01-04]
dates: {2027-12-24: ['9-12']}
extra: 1
"""
    assert [(line, field) for line, field, _, _ in problems(text)] == [
        (3, "published"), (4, "known_until"), (5, "holidays[1]"), (5, "holidays[2]"), (6, "working[0]"),
        (7, "dates.2027-12-24[0]"), (8, "extra"),
    ]  # fmt: skip


def test_a_mistake_in_one_item_hides_none_in_the_next() -> None:
    text = edited("2027-02-14, 2027-02-20", "soon, 2027-02-22/2027-02-23")
    assert [(field, found) for _, field, found, _ in problems(text)] == [
        ("working[0]", "'soon'"),
        ("working[1]", "'2027-02-22/2027-02-23'"),
    ]


def test_a_calendar_with_a_notice_knows_a_year_more() -> None:
    made = apply(BASE, read_overlay(GOOD.encode(), "notice.yaml", BASE))
    assert made.known_until == date(2027, 12, 31)
    assert made.why(date(2027, 2, 5)) == "holiday: Spring"
    assert made.kind(date(2027, 2, 14)) == "make-up"
    assert made.kind(date(2027, 12, 24)) == "special"
    assert made.kind(date(2027, 1, 4)) == "working", "what might have been is decided"
    assert made.kind(date(2027, 5, 3)) == "working", "what was expected and did not come is gone"
    assert made.kind(date(2026, 10, 1)) == "holiday" and made.kind(date(2026, 10, 10)) == "make-up", "the past stays"
    assert made.kind(date(2026, 12, 31)) == "special"
    assert made.earliest.kind(date(2028, 1, 4)) == "working" and made.latest.kind(date(2028, 1, 4)) == "holiday"
    assert made.sources[-1].published == date(2026, 11, 24)
    assert made.digest != BASE.digest
    with pytest.raises(NotKnown):
        made.kind(date(2028, 1, 4))
    again = apply(made, read_overlay(GOOD.encode(), "notice.yaml", made))
    assert again.digest == made.digest, "laid over twice, it changes nothing more"


def test_a_notice_may_add_and_take_back_single_days() -> None:
    text = """\
calendar: XX
source: x
published: 2026-09-01
holidays: {2026-11-20: Mourning}
working: [2026-10-01]
ordinary: [2026-10-10, 2026-12-31]
"""
    made = apply(BASE, read_overlay(text.encode(), "x", BASE))
    assert made.why(date(2026, 11, 20)) == "holiday: Mourning"
    assert made.kind(date(2026, 10, 1)) == "make-up", "a holiday that is worked after all"
    assert made.kind(date(2026, 10, 10)) == "weekend", "a make-up day taken back"
    assert made.kind(date(2026, 12, 31)) == "working", "half a day taken back"
    assert made.known_until == BASE.known_until
    assert made.earliest.kind(date(2027, 1, 4)) != made.latest.kind(date(2027, 1, 4)), "the unknown stays unknown"


def test_an_overlay_is_of_one_calendar() -> None:
    with pytest.raises(BadCalendar, match="found 'XX', wanted CN"):
        found = shipped("CN")
        assert found is not None
        apply(found, read_overlay(GOOD.encode()))


def test_a_file_of_any_size_is_answered() -> None:
    days = "\n".join(f"- 2{year:03d}-01-01/2{year:03d}-12-31" for year in range(999))
    found = problems(f"calendar: XX\nsource: x\npublished: 2026-11-24\nholidays:\n{days}\n")
    assert [wanted for _, _, _, wanted in found] == ["at most 20000 days in all"]
    assert problems("x" * 300_000)[0][3] == "at most 262144 bytes"
    aliased = "a: &a [2027-01-01]\n" + "\n".join(f"b{n}: [*a, *a, *a]" for n in range(9))
    assert problems(aliased)
