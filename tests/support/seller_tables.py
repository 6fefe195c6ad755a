"""The tables of docs/sellers.md, made from the figures that `make bench` writes to docs/bench; a test says that the
page shows these and nothing else."""

import json
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "sellers.md"
RULE, HISTORY = ROOT / "docs" / "bench" / "sellers-rule.json", ROOT / "docs" / "bench" / "sellers-olist.json"
DAYS = ("30", "60", "90", "120", "180", "270", "365")
SHOWN = 12


def rule(figures: Mapping[str, Any]) -> str:
    """The rules beside each other, then the curve of the one that holds."""
    lines = [
        "| act when | good (half the limit), penalised in a year | exactly at the limit, in a year "
        "| bad (three times): warned by day 60 | penalised by day 120 | |",
        "|---|---|---|---|---|---|",
    ]
    for one in figures["rules"]:
        kinds = {kind["of_limit"]: kind["curve"] for kind in one["kinds"]}
        cells = [
            one["rule"], f"{kinds[0.5]['365']['penalised']:.3%}", f"{kinds[1.0]['365']['penalised']:.2%}",
            f"{kinds[3.0]['60']['warned']:.1%}", f"{kinds[3.0]['120']['penalised']:.1%}",
            "breaks the promise" if one["broken"] else "keeps it",
        ]  # fmt: skip
        mark = "**" if one["rule"] == figures["chosen"] else ""
        lines.append("| " + " | ".join(f"{mark}{cell}{mark}" for cell in cells) + " |")
    lines += ["", _chance(figures["sellers"])]
    lines += ["", f"The curve of the rule that was chosen, share of {figures['sellers']:,} by day:", ""]
    lines += ["| true rate | | " + " | ".join(DAYS) + " |", "|---" * (len(DAYS) + 2) + "|"]
    (held,) = [one for one in figures["rules"] if one["rule"] == figures["chosen"]]
    for kind in held["kinds"]:
        for word in ("warned", "penalised"):
            name = f"{kind['of_limit']:g} x limit" if word == "warned" else ""
            shares = " | ".join(f"{kind['curve'][day][word]:.2%}" for day in DAYS)
            lines.append(f"| {name} | {word} | {shares} |")
    return "\n".join(lines)


def _chance(sellers: int) -> str:
    """How far another draw of as many sellers would move a share: one standard error."""
    near = {share: sqrt(share * (1 - share) / sellers) for share in (0.9, 0.001)}
    return (
        f"Another draw of {sellers:,} moves a share near {0.9:.0%} by about {100 * near[0.9]:.2f} points up or "
        f"down, and one near {0.001:.1%} by {100 * near[0.001]:.3f} (one standard error)."
    )


def history(figures: Mapping[str, Any]) -> str:
    """What became of the sellers of the history, by metric; then the surest, and those that a raw rate alone hits."""
    lines = [
        f"{figures['sellers']:,} sellers, looked at in {figures['weeks']} weeks up to {figures['as_of']}, under the "
        f"standard `{figures['standard']}`:",
        "",
    ]
    lines += ["| | limit | warned | penalised | by the raw rate |", "|---|---|---|---|---|"]
    for one in figures["metrics"]:
        lines.append(f"| {one['metric']} | {one['limit']:.2%} | {one['warned']} | {one['penalised']} | {one['raw']} |")
    lines.append(
        f"| **sellers, any of them** | | **{figures['warned']}** | **{figures['penalised']}** | **{figures['raw']}** |"
    )
    lines += ["", _sentence(figures), "", f"Penalised, the {SHOWN} surest:", "", *_rows(figures["penalised_rows"])]
    lines += ["", f"Acted against by the raw rate alone, the {SHOWN} with the fewest outcomes:", ""]
    return "\n".join([*lines, *_rows(figures["raw_rows"])])


def _sentence(figures: Mapping[str, Any]) -> str:
    return (
        f"Of the {figures['raw']} the standard would not have penalised {figures['raw_not_penalised']}, and not even "
        f"warned {figures['raw_not_warned']}."
    )


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    named = "metric", "week", "bad of n", "days", "raw rate", "95 % interval", "P(over the limit)", "buyers"
    lines = [f"| {' | '.join(named)} |", "|---" * len(named) + "|"]
    for one in rows[:SHOWN]:
        lines.append(
            f"| {one['metric']} | {one['on']} | {one['bad']:g} of {one['n']:g} | {one['window_days']} "
            f"| {one['bad'] / one['n']:.1%} | {one['lower']:.1%} to {one['upper']:.1%} | {one['p_over']:.2f} "
            f"| {one['buyers']} |"
        )
    return lines


TABLES = {"rule": (RULE, rule), "history": (HISTORY, history)}


def between(text: str, name: str) -> tuple[int, int]:
    """Where the page holds the tables of a name. Raises ValueError."""
    begin, end = f"<!-- {name}: make bench -->\n", f"\n<!-- end of {name} -->"
    first = text.index(begin) + len(begin)
    return first, text.index(end, first)


def tables(name: str) -> str:
    path, made = TABLES[name]
    return made(json.loads(path.read_text(encoding="utf-8")))


def write() -> None:
    """Put the tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name in TABLES:
        first, end = between(text, name)
        text = text[:first] + tables(name) + text[end:]
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
