"""The penalty ladder as data: its rungs, from how many points each is reached, how long its measure and the points
last, and what a person decides. A standard names its own; the defaults are the house's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Rung(StrEnum):
    """From the mildest to the harshest."""

    NOTICE = "notice"
    WARNING = "warning"
    RESTRICT = "restrict"
    HOLD_PAYOUT = "hold_payout"
    DELIST = "delist"
    SUSPEND = "suspend"
    BLACKLIST = "blacklist"

    @property
    def height(self) -> int:
        return _ORDER.index(self)

    @property
    def measure(self) -> str:
        """The action that it asks of the platform; empty for what is only said."""
        return "" if self.height <= Rung.WARNING.height else self.value


_ORDER = tuple(Rung)


@dataclass(frozen=True, slots=True)
class Ladder:
    """`floors`: points from which a rung is reached. `days`: how long its measure lasts. `points_days`: how long points
    count. A person decides from the rung `approve_rung` or above `approve_points` in one entry, and where more than
    `hour` or `day` measures and warnings were issued on a connection. `warned_days`: a measure that no person decides
    wants a warning that still counts and of which the seller was told so many days before; 0 asks for none."""

    floors: Mapping[Rung, int] = field(
        default_factory=lambda: {
            Rung.NOTICE: 0, Rung.WARNING: 4, Rung.RESTRICT: 12, Rung.HOLD_PAYOUT: 18, Rung.DELIST: 24,
            Rung.SUSPEND: 36, Rung.BLACKLIST: 48,
        }
    )  # fmt: skip
    days: Mapping[Rung, int] = field(
        default_factory=lambda: {
            Rung.RESTRICT: 7, Rung.HOLD_PAYOUT: 14, Rung.DELIST: 14, Rung.SUSPEND: 14, Rung.BLACKLIST: 3650,
        }
    )  # fmt: skip
    points_days: int = 365
    approve_rung: Rung = Rung.SUSPEND
    approve_points: int = 12
    hour: int = 20
    day: int = 100
    warned_days: int = 14

    def rung(self, points: int) -> Rung:
        """The harshest rung that so many points reach."""
        return max((one for one, floor in self.floors.items() if points >= floor), key=lambda one: one.height)

    def points_until(self, rung: Rung, imposed: datetime) -> datetime:
        """Points never end before the measure that rests on them."""
        return imposed + timedelta(days=max(self.points_days, self.days.get(rung, 0) + 1))

    def measure_until(self, rung: Rung, imposed: datetime) -> datetime:
        return imposed + timedelta(days=self.days.get(rung, 0))
