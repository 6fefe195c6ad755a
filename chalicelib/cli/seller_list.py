"""List the sellers of whom anything was counted, with the grade that was last given."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection", nargs="?", default="")
    parser.add_argument("--grade", default="", help="only those of this grade, A to E")
    parser.add_argument("--after", default="", metavar="CONNECTION:SELLER", help="go on after this one")
    parser.add_argument("--limit", type=int, default=100, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    query = {name: getattr(args, name) for name in ("connection", "grade", "after", "limit")}
    return ops.call(args, lambda api: api.ask("GET", ["sellers"], **query), _lines)


def _lines(told: Any) -> Iterator[str]:
    for one in told["sellers"]:
        since = f"since {one['since']}" if one["since"] else "not graded yet"
        yield f"{one['who']}  {one['grade'] or '-'}  {since}{'  trusted' if one['trusted'] else ''}"
    if told["more"]:
        yield f"there is more: --after {told['sellers'][-1]['who']}"
