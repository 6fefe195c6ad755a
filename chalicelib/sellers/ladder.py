"""The penalty ladder: which rung an entry leads to, whether it may go there without a person, and what stands.

Pure. Points alone never make a measure automatic: a score has to bear it, as the sheet on scoring asks (warn from
P 0.5, act from P 0.9 with enough different buyers), and a warning has to have come before it, as DSA 23 asks. What a
penalty is at an instant is read from its case's marks, so order and repetition do not matter, and what was reversed
stays reversed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.ladder import Ladder, Rung
from chalicelib.core.scores import Decision
from chalicelib.core.view import View


class State(StrEnum):
    """The life of a penalty. A proposal that a person turns down is reversed before it ever stood."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    IMPOSED = "imposed"
    APPEALED = "appealed"
    UPHELD = "upheld"
    REVERSED = "reversed"
    EXPIRED = "expired"


AHEAD = timedelta(days=30)
"""Whoever ends the whole service to a seller says so thirty days ahead (P2B 4(2)); the pack's step `terminate`."""


@dataclass(frozen=True, slots=True)
class Issued:
    """How many entries above a notice were issued on the connection in this hour and on this day, this one included."""

    hour: int = 0
    day: int = 0


class Warned(StrEnum):
    """Whether a seller had the warning that must come before a measure."""

    NO = "no"
    """None stands long enough: the warning is what comes first."""
    UNTOLD = "untold"
    """One stands long enough, and never reached the seller: another would not either, so a person decides."""
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Choice:
    """Where an entry leads. `called`: what the points alone would ask for. `needs`: why a person decides (`weight`,
    `rung`, `many`, `untold`), empty where nobody has to. `first`: it is only a warning because none came before."""

    rung: Rung
    called: Rung
    needs: str = ""
    first: bool = False


def choose(
    ladder: Ladder, points_before: int, weight: int, decisions: Iterable[Decision], issued: Issued,
    listing: bool = True, warned: Warned = Warned.YES,
) -> Choice:  # fmt: skip
    """Where an entry of `weight` points leads a seller who has `points_before`.

    `decisions`: what each of the seller's scores allows; none where there is none, and then nothing beyond a notice is
    automatic. `listing`: whether the case names something to take down.
    """
    called = ladder.rung(points_before + weight)
    if called is Rung.DELIST and not listing:
        called = Rung.HOLD_PAYOUT
    allowed = max((_ALLOWS[one] for one in decisions), key=lambda one: one.height, default=Rung.NOTICE)
    if weight > ladder.approve_points:
        # One entry as heavy as this is put to a person with the numbers, whatever they say.
        return Choice(called, called, "weight")
    rung = min(called, allowed, key=lambda one: one.height)
    if rung.height >= ladder.approve_rung.height:
        return Choice(rung, called, "rung")
    first = bool(rung.measure) and ladder.warned_days > 0 and warned is Warned.NO
    rung = Rung.WARNING if first else rung
    if rung is not Rung.NOTICE and (issued.hour > ladder.hour or issued.day > ladder.day):
        return Choice(rung, called, "many", first)
    if rung.measure and ladder.warned_days > 0 and warned is Warned.UNTOLD:
        return Choice(rung, called, "untold")
    return Choice(rung, called, "", first)


_ALLOWS: Mapping[Decision, Rung] = {
    Decision.NONE: Rung.NOTICE,
    Decision.WARN: Rung.WARNING,
    Decision.ACT: Rung.BLACKLIST,
}


def state_of(view: View) -> State:
    """What a penalty's case shows as of the view's instant."""

    def there(name: str) -> bool:
        return bool(view.marks(f"penalty.{name}"))

    if there("reversed"):
        return State.REVERSED
    if there("appealed") and not there("upheld"):
        return State.APPEALED
    if there("expired"):
        return State.EXPIRED
    for name in (State.UPHELD, State.IMPOSED, State.APPROVED):
        if there(name.value):
            return name
    return State.PROPOSED


@dataclass(frozen=True, slots=True)
class Penalty:
    """One penalty as of an instant, free of personal data. `case`: its own; `about`: the case that it is about.

    `in_force`: its points count and it stands in the register. `measure_on`: so does its measure.
    """

    case: str
    state: State
    seller: str = ""
    about: str = ""
    code: str = ""
    points: int = 0
    rung: str = ""
    measure: str = ""
    rule: str = ""
    version: str = ""
    automated: bool = False
    imposed_at: datetime | None = None
    appealed_at: datetime | None = None
    appeal_until: datetime | None = None
    points_until: datetime | None = None
    measure_until: datetime | None = None
    in_force: bool = False

    def measure_on(self, now: datetime) -> bool:
        since, until = self.imposed_at, self.measure_until
        if not self.in_force or not self.measure or since is None or until is None:
            return False
        return since + (AHEAD if self.measure == Rung.BLACKLIST else timedelta()) <= now < until


def points(penalties: Iterable[Penalty]) -> int:
    """The points that stand."""
    return sum(one.points for one in penalties if one.in_force)


def measures(penalties: Iterable[Penalty], now: datetime) -> frozenset[str]:
    """The measures that are in effect: each for as long as any penalty asks for it."""
    return frozenset(one.measure for one in penalties if one.measure_on(now))
