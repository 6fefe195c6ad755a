"""What a condition may ask of a case: its facts as they are, its marks as they were at an instant.

Marks later than that instant are left out, so that an answer given in time is the answer with final knowledge too
(DESIGN law 2).
"""

from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.core.calendars import Calendar
from chalicelib.core.events import FactValue
from chalicelib.core.view import View


@dataclass(frozen=True, slots=True)
class AsOf:
    """The `Known` of a clock (of the occurrence `of`, where it runs once per occurrence) with marks up to `at`."""

    view: View
    of: str | None
    at: datetime
    calendar: Calendar

    def fact(self, name: str) -> FactValue | None:
        value = self.view.fact(name)
        if type(value) is not date:
            return value
        try:
            # A date alone means the whole of that day, so as an instant it is the end of it.
            return self.calendar.end_of(value)
        except (ValueError, OverflowError):
            # A day at the edge of time has no end; left a date, it is no instant to the condition.
            return value

    def mark(self, name: str) -> datetime | None:
        seen = self.view.marks(name, self.of)
        return seen[0].at if seen and seen[0].at <= self.at else None
