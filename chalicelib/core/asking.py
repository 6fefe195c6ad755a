"""What a condition may ask at an instant: the facts as they are, and the marks up to that instant.

A later mark says nothing to it, or clocks and steps would come and go with what happens on them, and steps rightly
taken in time would be withdrawn: what ends a clock is its `stop` and its `void` (DESIGN law 2 and the status table).
"""

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.core.calendars import Calendar
from chalicelib.core.conditions import Condition, Missing, evaluate
from chalicelib.core.events import FactValue
from chalicelib.core.moments import Sight


@dataclass(frozen=True, slots=True)
class _Known:
    sight: Sight
    until: datetime
    calendar: Calendar

    def fact(self, name: str) -> FactValue | None:
        value = self.sight.view.fact(name)
        if type(value) is not date:
            return value
        try:
            # A date alone means the whole of that day, so as an instant it is the end of it.
            return self.calendar.end_of(value)
        except (ValueError, OverflowError):
            # A day at the edge of time has no end; left a date, it is no instant to the condition.
            return value

    def mark(self, name: str) -> datetime | None:
        seen = self.sight.marks(name)
        return seen[0] if seen and seen[0] <= self.until else None


def holds(condition: Condition | None, sight: Sight, until: datetime, calendar: Calendar) -> bool | Missing:
    """Whether a condition holds as of `until`; Missing names the facts that nobody gave. None always holds."""
    return True if condition is None else evaluate(condition, _Known(sight, until, calendar))
