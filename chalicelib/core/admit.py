"""Whether a rule's `when` lets its clock run: yes, no (then there is no clock), or it waits and says for what.

A condition sees the marks only up to the occurrence that starts the clock. A later mark says nothing to it, or clocks
would come and go with what happens on them, and steps rightly taken in time would be withdrawn: what ends a clock is
its `stop` and its `void` (DESIGN law 2 and the status table).
"""

from datetime import timedelta

from chalicelib.core.asof import AsOf
from chalicelib.core.calendars import Calendar
from chalicelib.core.clocks import Reading, occurrence, read_clock
from chalicelib.core.conditions import evaluate
from chalicelib.core.rules import Rule
from chalicelib.core.view import View
from chalicelib.core.words import Status


def clock_of(rule: Rule, version: str, of: str | None, view: View, calendar: Calendar) -> Reading | None:
    """The clock of `rule` (for the occurrence `of`, where it runs once per occurrence) as of `view.now`, or None."""
    start = occurrence(rule.start, view, of)
    # Before the start, what has been seen by then cannot be told yet.
    if rule.when is None or (start is None and rule.when.marks):
        return read_clock(rule, version, of, view, calendar)
    started = view.now if start is None else start - timedelta(seconds=rule.start.offset)
    holds = evaluate(rule.when, AsOf(view, of, started, calendar))
    if holds is True:
        return read_clock(rule, version, of, view, calendar)
    if holds is False:
        return None
    clock = rule.id if of is None else f"{rule.id}#{of}"
    return Reading(clock, rule, version, Status.WAITING, start, reason=str(holds), zone=calendar.zone)
