"""Tell that a seller's document was checked and until when it holds; the pack seller-vetting watches the rest."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("document", choices=["licence", "tax", "identity", "production", "report"])
    held = parser.add_mutually_exclusive_group(required=True)
    held.add_argument("--until", help="a day or an instant")
    held.add_argument("--gone", action="store_true", help="it does not hold any more")
    held.add_argument("--needed", action="store_true", help="what this seller sells needs it (production, report)")
    held.add_argument("--not-needed", action="store_true", help="it needs it no more")
    parser.add_argument("--at", default=None, metavar="INSTANT", help="when it was checked; default: now")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)
    said: dict[str, Any] = {"document": args.document}
    if args.needed or args.not_needed:
        said["needed"] = args.needed
    else:
        said["until"] = None if args.gone else args.until
    if args.at:
        said["at"] = args.at
    return ops.call(
        args,
        lambda api: api.ask("POST", ["sellers", args.connection, shown, "documents"], said, **query),
        lambda told: [f"{one['clock']}: {one['status']}, due {one['due']}" for one in told["clocks"]],
    )
