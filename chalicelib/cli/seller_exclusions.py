"""List what scores leave out, or take one of them back."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--remove", default="", metavar="ID")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.remove:
        return ops.call(
            args, lambda api: api.ask("DELETE", ["exclusions", args.remove]), lambda told: [f"gone: {told['removed']}"]
        )
    return ops.call(args, lambda api: api.ask("GET", ["exclusions"]), _lines)


def _lines(told: Any) -> Iterator[str]:
    for one in told["exclusions"]:
        names = [*one["metrics"], *one["sellers"], *one["carriers"]]
        yield f"{one['id']}  {one['why']}  {one['since']} to {one['until']}  {' '.join(names) or 'everything'}"
