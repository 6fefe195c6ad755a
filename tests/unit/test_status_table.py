"""The status table of DESIGN section 2, line by line and tie by tie."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.clocks import PAUSED, Due, status_of
from chalicelib.core.words import Status

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def h(hours: int | None) -> datetime | None:
    return None if hours is None else START + timedelta(hours=hours)


# due, stop, void, now (hours after the start), wanted, why
ROWS = [
    (24, None, None, 0, Status.RUNNING, "at its start"),
    (24, None, None, 23, Status.RUNNING, "before the due"),
    (24, None, None, 24, Status.BREACHED, "now equal to the due is late"),
    (24, None, None, 25, Status.BREACHED, "after the due"),
    (24, 24, None, 24, Status.MET, "stopped exactly at the due"),
    (24, 25, None, 26, Status.MET_LATE, "stopped after the due"),
    (24, 10, None, 30, Status.MET, "stopped in time, seen later"),
    (24, -5, None, 0, Status.MET, "done before the clock began"),
    (24, 10, 9, 30, Status.VOID, "void before the stop"),
    (24, 10, 10, 30, Status.MET, "void and stop in one instant: it was done"),
    (24, 10, 11, 30, Status.MET, "void after the stop changes nothing"),
    (24, None, 24, 24, Status.VOID, "void exactly at the due"),
    (24, None, 25, 30, Status.BREACHED, "a void after the due changes nothing"),
    (24, 30, 25, 40, Status.MET_LATE, "a void after the due, then stopped late"),
    (24, 30, 20, 40, Status.VOID, "void in time, whatever came later"),
    (24, 25, 24, 40, Status.VOID, "void at the due, stopped after it"),
    (0, None, None, 0, Status.BREACHED, "a limit of nothing is late at once"),
    (0, 0, None, 0, Status.MET, "a limit of nothing, done at once"),
    (-3, -3, None, 0, Status.MET, "due before the start, done in time"),
    (-3, -1, None, 0, Status.MET_LATE, "due before the start, done between"),
]


@pytest.mark.parametrize(("due", "stop", "void", "now", "wanted", "why"), ROWS, ids=[row[-1] for row in ROWS])
def test_a_clock_that_can_tell_its_due(
    due: int, stop: int | None, void: int | None, now: int, wanted: Status, why: str
) -> None:
    assert status_of(START, Due(h(due)), h(stop), h(void), START + timedelta(hours=now)) is wanted


HELD = [
    (None, None, 500, Status.PAUSED, "an open pause holds, however long"),
    (400, None, 500, Status.MET, "done while held: nothing was late"),
    (None, 400, 500, Status.VOID, "void while held"),
    (400, 300, 500, Status.VOID, "void while held, before the stop"),
]


@pytest.mark.parametrize(("stop", "void", "now", "wanted", "why"), HELD, ids=[row[-1] for row in HELD])
def test_a_clock_that_an_open_pause_holds(
    stop: int | None, void: int | None, now: int, wanted: Status, why: str
) -> None:
    assert status_of(START, Due(None, reason=PAUSED), h(stop), h(void), START + timedelta(hours=now)) is wanted


def test_a_pause_does_not_move_a_deadline_that_somebody_else_set() -> None:
    due = Due(h(24), reason=PAUSED)
    assert status_of(START, due, None, None, START + timedelta(hours=23)) is Status.PAUSED
    assert status_of(START, due, None, None, START + timedelta(hours=24)) is Status.BREACHED


def test_without_a_start_or_a_due_a_clock_waits() -> None:
    assert status_of(None, Due(h(24)), h(1), None, START) is Status.WAITING
    assert status_of(START, Due(None, reason="fact ship_by is missing"), h(1), None, START) is Status.WAITING
