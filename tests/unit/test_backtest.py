"""Backtest and diff over small histories that can be judged by hand, in any order and any wrapping."""

import gzip
import io
import json
import random
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.instants import show
from chalicelib.core.words import Status
from chalicelib.rules.backtest import Report, backtest
from chalicelib.rules.diff import diff
from chalicelib.rules.history import MAX_LINE, History
from chalicelib.rules.judge import Judge
from chalicelib.rules.problems import Problem
from chalicelib.rules.reader import read_text
from chalicelib.rules.spill import Sorted

SHIP = """\
policy: ship
rules:
  - id: ship
    applies_to: order
    clock:
      start: order.paid
      stop: [order.shipped]
      void: [order.cancelled]
      limit: {hours: 48}
    steps:
      - {id: nudge, at: 50%, do: [remind_seller]}
      - {id: fine, at: due, do: [{penalise: {code: late, points: 3}}, {penalise: {code: later, points: 1}}]}
"""
ANSWER = """\
policy: answer
rules:
  - id: answer
    applies_to: refund
    clock:
      start: {each: refund.requested}
      stop: [refund.approved]
      limit: {until: respond_by}
"""
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def at(hours: float) -> str:
    return show(JANUARY + timedelta(hours=hours))


def said(ident: str, hours: float, *marks: str, kind: str = "order", seller: str | None = "s1", **rest: Any) -> str:
    told = {
        "id": f"{ident}-{hours}",
        "subject": {"kind": kind, "id": ident},
        "occurred_at": at(hours),
        "marks": [{"name": mark, "at": at(hours)} for mark in marks],
        **rest,
    }
    return json.dumps(told if seller is None else {**told, "seller": seller})


ORDERS = [
    said("met", 0, "order.paid"), said("met", 48, "order.shipped"),
    said("late", 0, "order.paid", seller="s2"), said("late", 49, "order.shipped", seller="s2"),
    said("void", 0, "order.paid"), said("void", 20, "order.cancelled"),
    said("breach", 1, "order.paid"),
    said("open", 60, "order.paid"),
    said("waits", 3, "order.placed"),
    said("nobody", 2, "order.paid", seller=None),
]  # fmt: skip
"""As of hour 60: met, met_late, void, breached, running, waiting, breached."""


def write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def judged(
    path: Path, *policies: str, now: datetime | None = None, clocks: Sorted | None = None
) -> tuple[Report, list[str]]:
    judge = Judge([read_text(text) for text in policies])
    told: list[Problem] = []
    with History(str(path), judge.words, told.append) as history:
        report = backtest(judge, history, now, clocks)
    return report, [str(problem).replace(str(path), "H") for problem in told]


def test_counts_clocks_steps_and_points(tmp_path: Path) -> None:
    report, told = judged(write(tmp_path / "h", ORDERS), SHIP)
    assert told == []
    data = report.as_dict(1.23456)
    assert data == {
        "as_of": at(60),
        "events": 10,
        "refused": 0,
        "cases": 7,
        "rules": {"ship": {"waiting": 1, "running": 1, "paused": 0, "met": 1, "met_late": 1, "breached": 2, "void": 1}},
        "steps": {"ship": {"nudge": 4, "fine": 3}},
        "sellers": {"s1": {"points": 4}, "s2": {"points": 4}},
        "seconds": 1.235,
    }
    assert report.nobody == 4


def test_judges_as_of_an_earlier_instant_without_what_came_later(tmp_path: Path) -> None:
    report, _ = judged(write(tmp_path / "h", ORDERS), SHIP, now=JANUARY + timedelta(hours=10))
    assert report.rules["ship"] == {**dict.fromkeys(Status, 0), Status.RUNNING: 5, Status.WAITING: 1}
    assert (report.events, report.cases) == (6, 6)


def test_the_rest_of_time_is_known_when_now_is_later(tmp_path: Path) -> None:
    report, _ = judged(write(tmp_path / "h", ORDERS), SHIP, now=JANUARY + timedelta(days=365))
    assert report.rules["ship"][Status.BREACHED] == 3


def test_a_clock_per_occurrence(tmp_path: Path) -> None:
    rounds = [{"name": "refund.requested", "of": of, "at": at(1)} for of in ("r1", "r2")]
    lines = [
        said("x", 1, kind="refund", marks=rounds, facts={"respond_by": at(5)}),
        said("x", 2, kind="refund", marks=[{"name": "refund.approved", "of": "r1", "at": at(2)}]),
        said("x", 9, "refund.paid", kind="refund"),
    ]
    with Sorted() as clocks:
        report, _ = judged(write(tmp_path / "h", lines), ANSWER, clocks=clocks)
        told = [json.loads(line) for line in clocks]
    assert (report.rules["answer"][Status.MET], report.rules["answer"][Status.BREACHED]) == (1, 1)
    assert [(one["clock"], one["status"]) for one in told] == [("answer#r1", "met"), ("answer#r2", "breached")]


def test_a_line_a_clock_ordered_by_case_rule_and_clock(tmp_path: Path) -> None:
    with Sorted(held=2) as clocks:
        judged(write(tmp_path / "h", ORDERS), SHIP, clocks=clocks)
        told = [json.loads(line) for line in clocks]
    names = ("met", "late", "void", "breach", "open", "waits", "nobody")
    assert [one["case"] for one in told] == sorted(f"order/{name}" for name in names)
    assert told[1] == {
        "case": "order/late", "seller": "s2", "rule": "ship", "clock": "ship", "version": "ship@1",
        "status": "met_late", "start": at(0), "due": at(48), "due_day": None, "stop": at(49), "reason": "",
    }  # fmt: skip
    assert (told[-1]["status"], told[-1]["reason"], told[-1]["start"]) == ("waiting", "no order.paid yet", None)
    assert told[3]["seller"] is None


def test_several_policies_judge_the_same_history(tmp_path: Path) -> None:
    report, _ = judged(write(tmp_path / "h", ORDERS), SHIP, ANSWER)
    assert list(report.rules) == ["ship", "answer"]


@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_the_order_of_lines_and_their_repetition_do_not_matter(chance: random.Random, repeats: int) -> None:
    lines = [*ORDERS, *chance.choices(ORDERS, k=repeats)]
    chance.shuffle(lines)
    judge = Judge([read_text(SHIP)])
    with _Held(lines) as history:
        report = backtest(judge, history)
    assert report.rules["ship"] == {
        Status.WAITING: 1, Status.RUNNING: 1, Status.PAUSED: 0, Status.MET: 1, Status.MET_LATE: 1,
        Status.BREACHED: 2, Status.VOID: 1,
    }  # fmt: skip
    assert (report.cases, report.events) == (7, len(lines))


class _Held(History):
    """A history in memory."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("held")
        self._file = io.BytesIO("".join(f"{line}\n" for line in lines).encode())

    def __enter__(self) -> "_Held":
        return self


def test_a_case_comes_once_wherever_its_lines_stand() -> None:
    lines = [said("a", 0, "order.paid"), said("b", 0, "order.paid"), said("a", 1, "order.shipped"),
             said("c", 0, "order.paid"), said("c", 5, "order.shipped"), said("b", 2, "order.shipped")]  # fmt: skip
    with _Held(lines) as history:
        _, cases = history.cases()
        told = [(subject.id, [event.id for event in events]) for subject, events in cases]
    assert told == [("a", ["a-0", "a-1"]), ("c", ["c-0", "c-5"]), ("b", ["b-0", "b-2"])]


def test_a_case_is_given_as_soon_as_its_last_line_was_read() -> None:
    with _Held([*(said(str(number), 0, "order.paid") for number in range(50)), "broken"]) as history:
        _, cases = history.cases()
        next(cases)
        assert (history.counts.events, history.counts.refused) == (1, 0)


def test_ids_that_are_written_in_two_ways_are_one_case() -> None:
    with _Held(
        [said("é", 0, "order.paid"), said("x", 0, "order.paid"), said("e\u0301", 1, "order.shipped")]
    ) as history:
        _, cases = history.cases()
        assert [(subject.id, len(events)) for subject, events in cases] == [("x", 1), ("é", 2)]


WRAPPINGS = [("h.jsonl", False), ("h.jsonl.gz", True), ("packed-by-another-name", True)]


@pytest.mark.parametrize(("name", "packed"), WRAPPINGS)
def test_reads_packed_and_plain_files(name: str, packed: bool, tmp_path: Path) -> None:
    raw = "\n\n".join(ORDERS).encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if packed else raw)
    report, told = judged(tmp_path / name, SHIP)
    assert (report.events, told) == (10, [])


@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_before_all_else_is_no_matter(packed: bool, tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf" + "\r\n".join(ORDERS).encode()
    (tmp_path / "h").write_bytes(gzip.compress(raw) if packed else raw)
    report, told = judged(tmp_path / "h", SHIP)
    assert (report.events, told) == (10, [])
    (tmp_path / "empty").write_bytes(b"\xef\xbb\xbf")
    assert judged(tmp_path / "empty", SHIP)[1] == []


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO(gzip.compress("\n".join(ORDERS).encode()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    report, told = judged(Path("-"), SHIP)
    assert (report.events, report.as_of, told) == (10, JANUARY + timedelta(hours=60), [])


BAD = [
    ("{", "H:2: column 2: found the end of the body, wanted a key in double quotes", "broken JSON"),
    ('{"a": 1, "a": 2}', "H:2: column 10: found a key for the second time in one object, wanted each key once",
     "a key twice"),
    ("[]", "H:2: event: found 'list', wanted an object", "a list"),
    (said("", 0, "order.paid"), "H:2: subject.id: found '', wanted an id as text", "no id"),
    (said("a", 0, "order.paid").replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00"),
     "H:2: occurred_at: found '2026-01-01T00:00:00', wanted an instant like 2026-11-20T10:00:00Z (an instant without a "
     "zone (end it with Z or an offset))", "no zone"),
    (said("a", 0, seller=None), "H:2: event: found 'nothing', wanted one of marks, facts, links", "nothing said"),
    ('"' + "x" * MAX_LINE + '"', f"H:2: line: found more than {MAX_LINE} bytes, wanted a shorter one", "too long"),
    ("\ufeff" + said("a", 0, "order.paid"), "H:2: column 1: found a byte order mark, wanted UTF-8 without one",
     "a BOM"),
    ("[" * 5000, "H:2: column 33: found level 33 of nesting, wanted at most 32 levels", "a deep nest"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "problem", "why"), BAD, ids=[row[2] for row in BAD])
def test_a_bad_line_is_told_and_the_others_are_judged(line: str, problem: str, why: str, tmp_path: Path) -> None:
    lines = [said("b", 0, "order.paid"), line, said("b", 49, "order.shipped")]
    report, told = judged(write(tmp_path / "h", lines), SHIP)
    assert told == [problem]
    assert (report.events, report.refused, report.cases) == (2, 1, 1)
    assert report.rules["ship"][Status.MET_LATE] == 1


def test_a_bad_line_does_not_move_the_instant_of_judgement(tmp_path: Path) -> None:
    later = said("b", 999, "order.paid").replace('"order"', '"ordeal"')
    report, told = judged(write(tmp_path / "h", [*ORDERS, later, *ORDERS[:1]]), SHIP)
    assert report.as_of == JANUARY + timedelta(hours=60)
    assert len(told) == 1


def test_the_greatest_instant_is_found_however_it_is_written(tmp_path: Path) -> None:
    first = said("a", 0, "order.paid").replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.100Z")
    later = said("a", 0, "order.paid").replace("2026-01-01T00:00:00Z", "2026-01-01T00:00:00,900Z")
    report, _ = judged(write(tmp_path / "h", [first, later]), SHIP)
    assert report.as_of == JANUARY + timedelta(milliseconds=900)


def test_a_broken_packed_file_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    raw = gzip.compress("".join(said(str(n), n, "order.paid") + "\n" for n in range(3000)).encode())
    (tmp_path / "h.gz").write_bytes(raw[: len(raw) // 2])
    report, told = judged(tmp_path / "h.gz", SHIP)
    assert report.refused == 1
    assert report.cases > 100
    assert told[0].endswith("file: found broken gzip data, wanted the rest of the file")


def test_an_empty_history_has_no_instant(tmp_path: Path) -> None:
    report, told = judged(write(tmp_path / "h", []), SHIP)
    assert report.as_dict(0)["as_of"] is None
    assert (report.cases, told) == (0, [])


def test_names_that_nobody_declared_are_counted(tmp_path: Path) -> None:
    judge = Judge([read_text(SHIP)])
    path = write(tmp_path / "h", [said("a", 0, "order.paid", "order.gift_wrapped")] * 2)
    with History(str(path), judge.words) as history:
        backtest(judge, history)
    assert history.counts.dropped == {"order.gift_wrapped": 2}


def test_a_diff_tells_what_would_change(tmp_path: Path) -> None:
    before, after = (
        SHIP,
        SHIP.replace("hours: 48", "hours: 50").replace("id: nudge, at: 50%", "id: early, at: start + 1h")
        + ANSWER.split("rules:\n")[1],
    )
    path = write(
        tmp_path / "h", [*ORDERS, said("r", 5, "refund.requested", kind="refund", facts={"respond_by": at(9)})]
    )
    one, other = Judge([read_text(before)]), Judge([read_text(after)])
    with History(str(path), other.words) as history:
        changes = diff(one, other, history)
    assert {rule: change.as_dict() for rule, change in changes.items()} == {
        "ship": {
            "status": {"met_late->met": 1},
            "due_moved": 6,
            "steps_gained": {"early": 5},
            "steps_lost": {"fine": 1, "nudge": 4},
            "sellers": {"s2": {"points": -4}},
        },
        "answer": {
            "status": {"none->breached": 1},
            "due_moved": 0, "steps_gained": {}, "steps_lost": {}, "sellers": {},
        },
    }  # fmt: skip


def test_a_policy_does_not_differ_from_itself(tmp_path: Path) -> None:
    judge = Judge([read_text(SHIP)])
    with History(str(write(tmp_path / "h", ORDERS)), judge.words) as history:
        changes = diff(judge, judge, history)
    assert changes["ship"].as_dict() == {
        "status": {}, "due_moved": 0, "steps_gained": {}, "steps_lost": {}, "sellers": {},
    }  # fmt: skip
