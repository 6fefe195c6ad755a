"""What is wrong with a file that people wrote: where, what was found, what was wanted.

All mistakes of a file make one report, in order of lines; nothing here decides what a mistake is.
"""

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `line` counts from 1; `field` is a path such as `rules[0].clock.limit`, or `file`."""

    file: str
    line: int
    field: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: found {self.found}, wanted {self.wanted}"

    def as_dict(self) -> dict[str, str | int]:
        """The JSON form (DESIGN section 6)."""
        return asdict(self)


class Mistakes(ValueError):
    """Everything that is wrong with the files that were read, sorted by file and line; never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def brief(value: object) -> str:
    """A short rendering of what was found, fit for one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = ascii(str(value)) if not str(value).isprintable() else repr(str(value))
    return text if len(text) <= 60 else text[:57] + "..."


def meant(found: str, known: Iterable[str]) -> str:
    """`, did you mean X?` where a known word is close to the found one; else nothing."""
    near = difflib.get_close_matches(found[:80], sorted(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""
