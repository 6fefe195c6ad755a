"""List the actions that wait for a person."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["held"], limit=args.limit), _lines)


def _lines(told: Any) -> Iterator[str]:
    for one in told["held"]:
        yield f"{one['case']}  '{one['key']}'  {one['action']}  {one['why']}  {one['version']}"
    if told["more"]:
        yield "... and more"
