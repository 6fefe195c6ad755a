"""A standard: which rates of a seller are judged, against which limits, over which windows, and when to do something.

Data only, made by whoever reads the file that people wrote; `dump` and `load` are its stored form. Limits are rates of
bad outcomes from 0 to 1, windows and maturities whole days.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from chalicelib.core.ladder import Ladder, Rung
from chalicelib.core.scores import Deciding, Grading, Metric, Prior


@dataclass(frozen=True, slots=True)
class Usual:
    """The prior where no category's was fitted: `mean` as a part of the limit, worth so many bad outcomes.

    Counted in bad outcomes it is equally sure at every limit: Beta(2, 198) for a limit of 2 %, Beta(2, 38) for 10 %.
    `fitted`: use a category's own, once there are `sellers` of them.
    """

    mean: float = 0.5
    defects: float = 2.0
    fitted: bool = True
    sellers: int = 20

    def prior(self, limit: float) -> Prior:
        mean = limit * self.mean
        return Prior.of(mean, self.defects / mean)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of a standard. The first of `windows` that holds `enough` outcomes counts, else the last.

    `matures`: days after the row's own day until its outcome stands. `half_life`: days after which an outcome counts
    half, 0 for never. `deciding`: this metric's own, where it differs.
    """

    metric: Metric
    limit: float
    windows: tuple[int, ...] = (90, 180, 365)
    enough: int = 40
    matures: int = 0
    half_life: int = 0
    deciding: Deciding = field(default_factory=Deciding)
    cite: str = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A named set of measures. `basis`, `cite`, `confidence`: whose numbers these are and how well they are known."""

    name: str
    measures: tuple[Measure, ...]
    title: Mapping[str, str] = field(default_factory=dict)
    usual: Usual = field(default_factory=Usual)
    deciding: Deciding = field(default_factory=Deciding)
    grading: Grading = field(default_factory=Grading)
    ladder: Ladder = field(default_factory=Ladder)
    basis: str = "policy"
    cite: str = ""
    confidence: str = ""

    def measure(self, metric: Metric) -> Measure | None:
        return next((one for one in self.measures if one.metric is metric), None)

    @property
    def reach(self) -> int:
        """Days back from today that a score may look at."""
        return max((max(one.windows) + one.matures + one.deciding.days + 1 for one in self.measures), default=0)


def dump(standard: Standard) -> dict[str, Any]:
    """Plain data, fit for JSON."""
    return asdict(standard)


def load(data: Mapping[str, Any]) -> Standard:
    """The reverse of `dump`."""
    measures = tuple(
        Measure(**{
            **one, "metric": Metric(one["metric"]), "windows": tuple(one["windows"]),
            "deciding": Deciding(**one["deciding"]),
        })
        for one in data["measures"]
    )  # fmt: skip
    return replace(
        Standard(**{**data, "measures": measures}),
        usual=Usual(**data["usual"]),
        deciding=Deciding(**data["deciding"]),
        grading=Grading(**data["grading"]),
        ladder=_ladder(data["ladder"]),
    )


def _ladder(data: Mapping[str, Any]) -> Ladder:
    named = {what: {Rung(rung): number for rung, number in data[what].items()} for what in ("floors", "days")}
    return Ladder(**{**data, **named, "approve_rung": Rung(data["approve_rung"])})
