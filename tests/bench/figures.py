"""Where a bench leaves its figures: docs/bench/NAME.json, from which `page` makes the page. No bench asserts a time."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "bench"
ON = f"Python {platform.python_version()}, {platform.machine()}"


def save(name: str, figures: Mapping[str, Any]) -> None:
    """Write and print what a bench found."""
    text = json.dumps({**figures, "on": ON}, indent=2, ensure_ascii=False)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"\n{name}: {text}")


def load(name: str) -> dict[str, Any] | None:
    """What a bench found last; None where it has not run."""
    path = OUT / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
