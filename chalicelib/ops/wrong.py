"""What can be wrong with something that a person asks for: few errors, each mapped to an answer once (`gate.py`).

None of them may quote a secret: `found` is for what a person may read back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.rules.problems import brief


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One field that cannot be taken as it is."""

    field: str
    found: str
    wanted: str

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


class Wrong(Exception):
    """The call was wrong: every mistake in it. `problems` is how they are written in an answer."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.problems: tuple[dict[str, str | int], ...] = tuple(one.as_dict() for one in mistakes)
        super().__init__(
            "; ".join(f"{one['field']}: found {one['found']}, wanted {one['wanted']}" for one in self.problems)
        )


class Absent(Exception):
    """There is no such thing; the text names it."""


class Clash(Exception):
    """It cannot be done as things stand; the text says why."""


class Unconfirmed(Clash):
    """It judges clocks anew that began before, so it needs a yes to what it would change. `told`: the difference."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__("it changes how clocks are judged that began before: say yes to the difference")
        self.told = told


def wrong(field: str, found: object, wanted: str) -> Wrong:
    """One mistake. `found` is shown shortened, so it must be no secret."""
    return Wrong([Mistake(field, brief(found), wanted)])
