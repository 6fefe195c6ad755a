"""List who changed what on the deployment, newest first."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--what", default="", help="a beginning, such as policy. or connection.rotate")
    parser.add_argument("--on", default="", help="a beginning of what was changed")
    parser.add_argument("--limit", type=int, default=50, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["changes"], what=args.what, on=args.on, limit=args.limit), _lines)


def _lines(told: Any) -> Iterator[str]:
    for one in told["changes"]:
        yield f"{one['at']}  {one['actor']}  {one['what']}  {one['on']}  {one['outcome']}"
