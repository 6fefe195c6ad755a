"""Where a bench leaves its figures: docs/bench/NAME.json, from which `page` makes docs/figures.md. No bench asserts a
time; each says what it aims at and whether that was met."""

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "bench"
ON = f"Python {platform.python_version()}, {platform.machine()}"


class Goal(NamedTuple):
    """One line of the page: what was measured, what it should be, what it is."""

    what: str
    goal: str
    figure: str
    met: bool


def at_most(what: str, figure: float, goal: float, unit: str = "", digits: int = 2) -> Goal:
    """A goal that is met by a figure up to it. `unit` follows the number; `$` stands before it."""
    return Goal(what, f"at most {_shown(goal, unit, digits)}", _shown(figure, unit, digits), figure <= goal)


def at_least(what: str, figure: float, goal: float, unit: str = "", digits: int = 0) -> Goal:
    """A goal that is met by a figure from it on."""
    return Goal(what, f"at least {_shown(goal, unit, digits)}", _shown(figure, unit, digits), figure >= goal)


def _shown(number: float, unit: str, digits: int) -> str:
    text = f"{number:,.{digits}f}"
    return f"${text}" if unit == "$" else f"{text} {unit}".strip()


def save(name: str, figures: Mapping[str, Any], goals: Sequence[Goal] = ()) -> None:
    """Write and print what a bench found."""
    told = [goal._asdict() for goal in goals]
    text = json.dumps({**figures, "goals": told, "on": ON}, indent=2, ensure_ascii=False)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"\n{name}: {text}")


def load(name: str) -> dict[str, Any] | None:
    """What a bench found last; None where it has not run."""
    path = OUT / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
