"""Tell that a seller's document was checked and until when it holds; the pack seller-vetting watches the rest."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("document", choices=["licence", "tax", "identity", "production", "report"])
    held = parser.add_mutually_exclusive_group(required=True)
    held.add_argument("--until", help="a day or an instant")
    held.add_argument("--gone", action="store_true", help="it does not hold any more")
    parser.add_argument("--at", default=None, metavar="INSTANT", help="when it was checked; default: now")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)
    said = {"document": args.document, "until": None if args.gone else args.until}
    if args.at:
        said["at"] = args.at
    return ops.call(
        args,
        lambda api: api.ask("POST", ["sellers", args.connection, shown, "documents"], said, **query),
        lambda told: [f"{one['clock']}: {one['status']}, due {one['due']}" for one in told["clocks"]],
    )
