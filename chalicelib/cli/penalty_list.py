"""List penalties against sellers, reversed ones too, and the points that stand."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seller", default="")
    parser.add_argument("--state", default="", help="only those in this state, such as proposed or appealed")
    parser.add_argument("--limit", type=int, default=100, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args, lambda api: api.ask("GET", ["penalties"], seller=args.seller, state=args.state, limit=args.limit), _lines
    )


def _lines(told: Any) -> Iterator[str]:
    for one in told["penalties"]:
        yield f"{one['seller']}  {one['case']}  {one['code']}  {one['points']}  {one['state']}  {one['version']}"
    yield f"{told['points']} points stand{' among these, and there is more' if told['more'] else ''}"
