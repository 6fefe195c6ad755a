"""Export penalties as CSV to standard output or a file.

No cell begins in a way that a spreadsheet would take for a formula. With --json and no file it is the field `csv`.
"""

import argparse
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _table

PAGE = 1000
COLUMNS = (
    "penalty", "seller", "state", "code", "points", "rung", "measure", "automated", "rule", "version", "case",
    "imposed_at", "measure_until", "points_until", "appeal_until",
)  # fmt: skip


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seller", default="")
    parser.add_argument("--state", default="")
    parser.add_argument("--out", default="", metavar="FILE", help="default: standard output")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    def work(api: ops.Api) -> Any:
        rows: list[Any] = []
        after = ""
        while True:
            told = api.ask("GET", ["penalties"], seller=args.seller, state=args.state, limit=PAGE, after=after)
            rows += told["penalties"]
            after = told["next"]
            if not after:
                break
        return {"exported": len(rows), **_table.put(args, args.out, _table.csv_of(COLUMNS, rows))}

    return ops.call(args, work, lambda told: [f"{told['exported']} exported"])
