"""Reads standards: YAML that people write -> `core.standards.Standard`, or every mistake of the file with its line.

The presets are the files of `chalicelib/packs/standards`. The standard in force is a record, so that what runs reads no
YAML.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path as FilePath
from typing import TypeVar

from chalicelib.core.ladder import Ladder, Rung
from chalicelib.core.scores import Deciding, Grading, Metric
from chalicelib.core.standards import Measure, Standard, Usual, dump, load
from chalicelib.ports.stores import Records
from chalicelib.rules.lines import MAX_BYTES, Data, Document, Path, Plain, read_document
from chalicelib.rules.problems import Mistakes, Problem, brief, meant

PRESETS = FilePath(__file__).resolve().parent.parent / "packs" / "standards"
DEFAULT = "house"
KIND, ACTIVE = "standards", "active"

_T = TypeVar("_T")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s?%")
_DAYS = re.compile(r"(\d{1,4})d")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_BASES = ("law", "platform", "policy")


def presets() -> list[str]:
    """The names of the standards that are shipped."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def read_file(preset_or_file: str | os.PathLike[str]) -> Standard:
    """The standard of a preset's name or of a path; a file of that name wins. Raises Mistakes, or OSError."""
    path = FilePath(preset_or_file)
    preset = PRESETS / f"{path.name}.yaml"
    if not path.exists() and path.name == str(preset_or_file) and preset.is_file():
        path = preset
    with path.open("rb") as file:
        return read_bytes(file.read(MAX_BYTES + 1), str(preset_or_file))


def read_bytes(raw: bytes, file: str = "standard") -> Standard:
    """The standard in `raw`. Raises Mistakes."""
    problems: list[Problem] = []
    document = read_document(raw, file, problems)
    standard = _Reader(document, problems).standard() if document else None
    if problems or standard is None:
        raise Mistakes(problems)
    return standard


@dataclass(frozen=True, slots=True)
class InForce:
    """The standard of an account, as `NAME@NUMBER`, and since when; number 0 is the house's, which nobody chose."""

    standard: Standard
    number: int = 0
    since: str = ""

    @property
    def version(self) -> str:
        return f"{self.standard.name}@{self.number}"


def in_force(records: Records) -> InForce:
    """The standard in force on an account; the house's where none was chosen."""
    record = records.get(KIND, ACTIVE)
    if record is None:
        return InForce(_house())
    return InForce(load(record.data["standard"]), record.data["number"], record.data["since"])


@cache
def _house() -> Standard:
    return read_file(DEFAULT)


def active(records: Records) -> Standard:
    """As `in_force`, the standard alone."""
    return in_force(records).standard


def activate(records: Records, standard: Standard, since: str = "") -> InForce:
    """Judge by this standard from now on; those of before are kept under their numbers. Raises Conflict."""
    held = records.get(KIND, ACTIVE)
    number = held.data["number"] + 1 if held else 1
    data = {"standard": dump(standard), "number": number, "since": since}
    # Kept first: what was ever in force can be looked up, whoever fails in between.
    records.put(KIND, f"{number:06d}", data)
    records.put(KIND, ACTIVE, data, expected=held.version if held else 0)
    return InForce(standard, number, since)


def of_version(records: Records, number: int) -> InForce | None:
    """A standard that was in force once, by its number."""
    record = records.get(KIND, f"{number:06d}")
    return InForce(load(record.data["standard"]), number, record.data["since"]) if record else None


class _Reader:
    """Walks one document. Each field that cannot be read is one problem and stands at its default meanwhile."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document, self._problems = document, problems

    def standard(self) -> Standard | None:
        root = self._mapping(
            (),
            [
                "standard",
                "title",
                "basis",
                "cite",
                "confidence",
                "review_by",
                "decide",
                "prior",
                "grades",
                "ladder",
                "metrics",
            ],
        )
        name = self._field(("standard",), _name, "a name of a-z, 0-9 and -", "")
        deciding = self._deciding(("decide",), Deciding())
        measures = []
        metrics = self._mapping(("metrics",), [one.value for one in Metric])
        if "metrics" not in root:
            self._problems.append(self._document.missing(("metrics",), "the metrics that are judged"))
        for metric in metrics:
            if metric in tuple(Metric):
                measures.append(self._measure(("metrics", metric), Metric(metric), deciding))
        if "standard" not in root:
            self._problems.append(self._document.missing(("standard",), "its name"))
        if self._problems:
            return None
        return Standard(
            name, tuple(measures), self._title(), self._usual(), deciding, self._grading(), self._ladder(),
            self._field(("basis",), _one_of(_BASES), f"one of {', '.join(_BASES)}", "policy"),
            self._field(("cite",), _line, "a line of text", ""),
            self._field(("confidence",), _line, "a line of text", ""),
        )  # fmt: skip

    def _measure(self, path: Path, metric: Metric, deciding: Deciding) -> Measure:
        self._mapping(path, ["limit", "windows", "enough", "matures", "half_life", "decide", "cite"])
        limit = self._field((*path, "limit"), _rate, "a rate such as 2% or 0.3%, above 0% and below 100%", 0.5)
        if "limit" not in self._node(path):
            self._problems.append(self._document.missing((*path, "limit"), "the rate that is too much"))
        base = Measure(metric, limit)
        return replace(
            base,
            windows=self._field((*path, "windows"), _windows, "days such as 90d, or [60d, 365d]", base.windows),
            enough=self._field((*path, "enough"), _number(0, 100_000), "a whole number of outcomes", base.enough),
            matures=self._field((*path, "matures"), _days, "days such as 10d", base.matures),
            half_life=self._field((*path, "half_life"), _days, "days such as 30d", base.half_life),
            deciding=self._deciding((*path, "decide"), deciding),
            cite=self._field((*path, "cite"), _line, "a line of text", ""),
        )  # fmt: skip

    def _deciding(self, path: Path, base: Deciding) -> Deciding:
        self._mapping(path, ["warn", "act", "buyers", "days"])
        sure = "a probability such as 90%, from 50% and below 100%"
        found = Deciding(
            self._field((*path, "warn"), _at_least(0.5), sure, base.warn),
            self._field((*path, "act"), _at_least(0.5), sure, base.act),
            self._field((*path, "buyers"), _number(1, 10), "1 to 10 buyers", base.buyers),
            self._field((*path, "days"), _number(1, 30), "1 to 30 days", base.days),
        )
        if found.act < found.warn:
            self._problems.append(self._document.problem((*path, "act"), "at least what warns"))
        return found

    def _usual(self) -> Usual:
        base = Usual()
        self._mapping(("prior",), ["mean", "defects", "fitted", "sellers"])
        return Usual(
            self._field(("prior", "mean"), _at_most(0.75), "a part of the limit, above 0% and at most 75%", base.mean),
            self._field(("prior", "defects"), _decimal(0.5, 50), "0.5 to 50 bad outcomes", base.defects),
            self._field(("prior", "fitted"), _truth, "true or false", base.fitted),
            self._field(("prior", "sellers"), _number(5, 10_000), "5 sellers or more", base.sellers),
        )

    def _grading(self) -> Grading:
        base = Grading()
        self._mapping(("grades",), ["a", "b", "margin", "enough", "trusted"])
        found = Grading(
            self._field(("grades", "a"), _rate, "a probability such as 5%", base.a),
            self._field(("grades", "b"), _at_most(0.5), "a probability of at most 50%", base.b),
            self._field(("grades", "margin"), _at_most(0.9), "a part of the limit such as 20%", base.margin),
            self._field(("grades", "enough"), _number(1, 100_000), "a whole number of outcomes", int(base.enough)),
            self._field(("grades", "trusted"), _days, "days such as 90d", base.trusted),
        )
        if found.b < found.a:
            self._problems.append(self._document.problem(("grades", "b"), "at least what ends an A"))
        return found

    def _ladder(self) -> Ladder:
        base, root = Ladder(), ("ladder",)
        self._mapping(root, ["from", "lasts", "points_last", "warned", "person"])
        named = [one.value for one in Rung if one is not Rung.NOTICE]
        measures = [one.value for one in Rung if one.measure]
        floors = {**base.floors, **self._each((*root, "from"), named, _number(1, 10_000), "1 to 10000 points")}
        lasts = self._each((*root, "lasts"), measures, _days_up_to(3650), "days such as 14d, at most 3650d")
        order = [floors[one] for one in Rung]
        if order != sorted(order):
            self._problems.append(self._document.problem((*root, "from"), "a harsher rung from no fewer points"))
        person = (*root, "person")
        self._mapping(person, ["rung", "points", "hour", "day"])
        # Nobody is shut out without a person, whatever a house thinks.
        mildest = tuple(one.value for one in Rung if Rung.NOTICE.height < one.height <= Rung.SUSPEND.height)
        rung = self._field((*person, "rung"), _one_of(mildest), f"one of {', '.join(mildest)}", base.approve_rung.value)
        return Ladder(
            floors, {**base.days, **lasts},
            self._field((*root, "points_last"), _days_up_to(3650), "days such as 365d", base.points_days),
            Rung(rung),
            self._field((*person, "points"), _number(1, 10_000), "1 to 10000 points", base.approve_points),
            self._field((*person, "hour"), _number(1, 100_000), "1 to 100000 in an hour", base.hour),
            self._field((*person, "day"), _number(1, 100_000), "1 to 100000 in a day", base.day),
            self._field((*root, "warned"), _days, "days such as 7d; 0d for none", base.warned_days),
        )  # fmt: skip

    def _each(
        self, path: Path, rungs: list[str], read: Callable[[Data], int | None], wanted: str
    ) -> dict[Rung, int]:  # fmt: skip
        """A number for each rung that is named."""
        known = [one for one in self._mapping(path, rungs) if one in rungs]
        return {Rung(one): self._field((*path, one), read, wanted, 1) for one in known}

    def _title(self) -> Mapping[str, str]:
        return {
            language: self._field(("title", language), _line, "a line of text", "")
            for language in self._mapping(("title",), ["zh", "en"])
        }

    def _node(self, path: Path) -> Mapping[str, Data]:
        data = self._data(path)
        return data if isinstance(data, dict) else {}

    def _data(self, path: Path) -> Data:
        return self._document.node(path).data if self._document.existing(path) == path else None

    def _mapping(self, path: Path, known: list[str]) -> Mapping[str, Data]:
        """The mapping at `path`, empty where there is none; keys that nobody knows are problems."""
        data = self._data(path)
        if data is not None and not isinstance(data, dict):
            self._problems.append(self._document.problem(path, "a mapping"))
        for key in self._node(path):
            if key not in known:
                line = self._document.key_line((*path, key))
                where = ".".join(str(one) for one in (*path, key))[:80]
                wanted = f"one of {', '.join(known)}{meant(key, known)}"
                self._problems.append(Problem(self._document.file, line, where, f"the key {brief(key)}", wanted))
        return self._node(path)

    def _field(self, path: Path, read: Callable[[Data], _T | None], wanted: str, default: _T) -> _T:
        """What stands at `path`; the default where nothing does."""
        data = self._data(path)
        if data is None and self._document.existing(path) != path:
            return default
        found = read(data)
        if found is None:
            self._problems.append(self._document.problem(path, wanted))
            return default
        return found


def _name(data: Data) -> str | None:
    return str(data) if isinstance(data, str) and _NAME.fullmatch(data) else None


def _line(data: Data) -> str | None:
    return str(data) if isinstance(data, str) and data.isprintable() and len(data) <= 400 else None


def _truth(data: Data) -> bool | None:
    return {"true": True, "false": False}.get(data) if isinstance(data, Plain) else None


def _rate(data: Data) -> float | None:
    """`2%` -> 0.02. A bare number is refused: nobody could tell 0.02 from 0.02 %."""
    match = _PERCENT.fullmatch(data) if isinstance(data, str) else None
    value = float(match[1]) / 100 if match else 0.0
    return value if 0 < value < 1 else None


def _at_least(least: float) -> Callable[[Data], float | None]:
    def read(data: Data) -> float | None:
        value = _rate(data)
        return value if value is not None and value >= least else None

    return read


def _at_most(most: float) -> Callable[[Data], float | None]:
    def read(data: Data) -> float | None:
        value = _rate(data)
        return value if value is not None and value <= most else None

    return read


def _number(least: int, most: int) -> Callable[[Data], int | None]:
    def read(data: Data) -> int | None:
        whole = isinstance(data, Plain) and data.isascii() and data.isdecimal() and len(data) <= 9
        return int(str(data)) if whole and least <= int(str(data)) <= most else None

    return read


def _decimal(least: float, most: float) -> Callable[[Data], float | None]:
    def read(data: Data) -> float | None:
        plain = isinstance(data, Plain) and re.fullmatch(r"\d{1,6}(\.\d{1,6})?", data)
        return float(str(data)) if plain and least <= float(str(data)) <= most else None

    return read


def _days_up_to(most: int) -> Callable[[Data], int | None]:
    def read(data: Data) -> int | None:
        match = _DAYS.fullmatch(data) if isinstance(data, str) else None
        return int(match[1]) if match and 0 < int(match[1]) <= most else None

    return read


def _days(data: Data) -> int | None:
    match = _DAYS.fullmatch(data) if isinstance(data, str) else None
    return int(match[1]) if match and int(match[1]) <= 400 else None


def _windows(data: Data) -> tuple[int, ...] | None:
    told = data if isinstance(data, list) else [data]
    days = [_days(one) for one in told]
    found = tuple(one for one in days if one)
    return (
        found if len(found) == len(days) and found and list(found) == sorted(set(found)) and found[-1] <= 366 else None
    )


def _one_of(words: tuple[str, ...]) -> Callable[[Data], str | None]:
    return lambda data: str(data) if isinstance(data, str) and data in words else None
