"""Show the standard that the deployment judges sellers by, or with --number one of before."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--number", default="", metavar="N", help="the one that was in force under this number")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["standard"], number=args.number), _lines)


def _lines(told: Any) -> Iterator[str]:
    yield f"{told['version']}{', since ' + told['since'] if told['since'] else ', which nobody chose'}"
    for one in told["standard"]["measures"]:
        act = one["deciding"]
        yield (
            f"  {one['metric']}: over {one['limit']:.2%} in {'/'.join(str(days) for days in one['windows'])} days, "
            f"{one['enough']} outcomes, mature after {one['matures']} d; warn P >= {act['warn']:g}, act P >= "
            f"{act['act']:g} with {act['buyers']} buyers on {act['days']} days"
        )
    yield f"shipped: {', '.join(told['shipped'])}"
