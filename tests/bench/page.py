"""docs/figures.md, made from docs/bench/*.json: every goal beside its figure, then what each bench found.

    .venv/bin/python -m tests.bench.page

A bench is on the page when its file is there and holds `goals`: a list of {what, goal, figure, met}. A test says that
the page is what this makes of the files.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench.figures import OUT, ROOT, Goal, at_least, at_most

PAGE = ROOT / "docs" / "figures.md"
ORDER = ("hook", "cold", "cloud", "items", "package", "backtest", "calendar", "conditions")
"""The others follow by name."""
SHOWN_ELSEWHERE = frozenset(["task", "aims", "goals", "on"])
HEAD = """# Speed and cost

Made by `make bench` from the files in [bench/](bench/): do not edit. Each goal stands beside what was measured last.
Times are CPU of one process, the best of several rounds, on a machine that had other work; so the ratios, taken in
turns in one run, say more than the milliseconds. Nothing here ran on AWS: requests are counted on AWS as moto plays it,
and priced by the public list in `tests/bench/prices.json`. What was made faster, with its profiles before and after:
[bench/profiles.md](bench/profiles.md).
"""


def found() -> dict[str, dict[str, Any]]:
    """What the benches with goals found, in the order of the page."""
    names = sorted((path.stem for path in OUT.glob("*.json")), key=lambda name: (_place(name), name))
    told = {name: json.loads((OUT / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    for name, one in told.items():
        if name.startswith("timers") and not one.get("goals"):
            one |= {"goals": [goal._asdict() for goal in _of_timers(one)]}
    return {name: one for name, one in told.items() if one.get("goals")}


def _of_timers(one: Mapping[str, Any]) -> Iterator[Goal]:
    """The goals of a simulation of timers, which knows what it aims at but not this page."""
    names = {"clean": "timer lateness, simulated, without faults", "single": "under any single failed call or process"}
    for kind, aims in one.get("aims", {}).items():
        for share, aim in aims.items():
            if share in one.get(kind, {}):
                yield at_most(f"{names.get(kind, kind)}: {share}", one[kind][share], aim, "s")
    outage = one.get("outage", {})
    if "0" in outage and "14" in outage:
        # Invisible: as late as where no sweep stood still.
        yield at_most("a sweep outage of 14 min: the latest timer", outage["14"], outage["0"] + 1.5, "s", 1)
    first = one.get("crowd", {}).get("seconds_before_due")
    if isinstance(first, int | float):
        yield at_least("a million timers due in one minute: sent so long before", first, 0, "s")


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def page(benches: Mapping[str, Mapping[str, Any]]) -> str:
    """The page's text."""
    return "\n".join(
        [HEAD, *_goals(benches), *(line for name, one in benches.items() for line in _bench(name, one)), ""]
    )


def _goals(benches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| what | goal | measured | |"
    yield "|---|---|---|---|"
    for name, one in benches.items():
        for goal in one["goals"]:
            met = "met" if goal["met"] else "**not met**"
            yield f"| [{goal['what']}](#{name}) | {goal['goal']} | {goal['figure']} | {met} |"


def _bench(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {name}\n"
    yield f"{_sentence(str(one.get('task', 'simulated')))} {one['on']}.\n"
    yield "| | |"
    yield "|---|---|"
    for path, value in _leaves({key: value for key, value in one.items() if key not in SHOWN_ELSEWHERE}):
        yield f"| {': '.join(path)} | {_value(value)} |"


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key).replace("_", " ").replace("|", "\\|")))
    else:
        yield path, value


def _value(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


if __name__ == "__main__":
    PAGE.write_text(page(found()), encoding="utf-8")
