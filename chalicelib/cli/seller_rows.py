"""Show the rows that a seller's scores rest on, or with --about one order with what leaves it out and its trail; as CSV
with --out.

No cell begins in a way that a spreadsheet would take for a formula.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _table

COLUMNS = ("unit", "metric", "at", "good", "weight", "case", "clock", "category", "carrier")


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("--about", default="", metavar="KIND/ID", help="one order, refund or complaint")
    parser.add_argument("--out", default="", metavar="FILE", help="write CSV; `-` for standard output")
    parser.add_argument("--limit", type=int, default=100, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)

    def work(api: ops.Api) -> Any:
        told = api.ask(
            "GET", ["sellers", args.connection, shown, "rows"], about=args.about, limit=args.limit, **query
        )  # fmt: skip
        if args.out:
            put = _table.put(args, args.out, _table.csv_of(COLUMNS, told["rows"]))
            return {"exported": len(told["rows"]), "more": told["more"], **put}
        return told

    return ops.call(args, work, _lines)


def _lines(told: Any) -> Iterator[str]:
    if "exported" in told:
        yield f"{told['exported']} exported{', and there is more' * told['more']}"
        return
    for one in told["rows"]:
        clock = f"  {one['clock']}" if one["clock"] else ""
        yield f"{one['unit']}  {one['metric']}  {one['at']}  {'good' if one['good'] else 'bad'}{clock}"
    for one in told.get("excluded", []):
        yield f"left out: {one['name']} ({one['why']}){' until ' + one['lapses'] if one['lapses'] else ''}"
    for one in told.get("trail", []):
        yield f"changed by {one['by']}, version {one['version']}: {', '.join(one['changed'])}"
    if told["more"]:
        yield "there is more: --limit"
