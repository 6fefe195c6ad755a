"""Export penalties as CSV to standard output or a file.

No cell begins in a way that a spreadsheet would take for a formula.
"""

import argparse
import csv
import io
import sys
from pathlib import Path
from typing import Any

from chalicelib.cli import _api as ops

COLUMNS = (
    "penalty", "seller", "state", "code", "points", "rung", "measure", "automated", "rule", "version", "case",
    "imposed_at", "measure_until", "points_until", "appeal_until",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seller", default="")
    parser.add_argument("--state", default="")
    parser.add_argument("--out", default="", metavar="FILE", help="default: standard output")
    parser.add_argument("--limit", type=int, default=1000, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    def work(api: ops.Api) -> Any:
        told = api.ask("GET", ["penalties"], seller=args.seller, state=args.state, limit=args.limit)
        _write(args.out, table(told["penalties"]))
        return {"exported": len(told["penalties"]), "more": told["more"]}

    return ops.call(args, work, lambda told: [f"{told['exported']} exported{', and there is more' * told['more']}"])


def table(rows: list[dict[str, Any]]) -> str:
    """Rows of penalties as CSV with a head."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _write(name: str, text: str) -> None:
    if name:
        Path(name).write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.write(text)
