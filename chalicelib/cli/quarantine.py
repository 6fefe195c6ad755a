"""List authentic deliveries that could not be read."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connection", default="")
    parser.add_argument("--limit", type=int, default=100, metavar="N")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args, lambda api: api.ask("GET", ["quarantine"], connection=args.connection, limit=args.limit), _lines
    )


def _lines(told: Any) -> Iterator[str]:
    for one in told["quarantine"]:
        yield f"{one['received_at']}  {one['id']}  {one['field']}: wanted {one['wanted']}"
    yield "... and more" if told["more"] else f"{len(told['quarantine'])} in quarantine"
