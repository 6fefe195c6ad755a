"""Leave one order (refund, complaint) out of a seller's protected value, until a day or for good, or take that back."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("about", metavar="KIND/ID")
    parser.add_argument("--id", required=True, help="a short name; the same one again takes its place")
    held = parser.add_mutually_exclusive_group(required=True)
    held.add_argument("--why", choices=["carrier", "outage", "force_majeure", "brushing", "decision"])
    held.add_argument("--back", action="store_true", help="it counts again")
    parser.add_argument("--lapses", default="", metavar="DAY", help="from then on it holds no more")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)
    said = {"about": args.about, "id": args.id, "why": None if args.back else args.why, "lapses": args.lapses}

    def work(api: ops.Api) -> Any:
        return api.ask("POST", ["sellers", args.connection, shown, "excuse"], said, **query)

    return ops.call(
        args, work,
        lambda told: [f"{told['about']}: {', '.join(one['why'] for one in told['excluded']) or 'it counts'}"],
    )  # fmt: skip
