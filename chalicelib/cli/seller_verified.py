"""Tell that the whole file of a seller was checked; the next check is due six months later."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("--at", default=None, metavar="INSTANT", help="when; default: now")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)
    said = {"at": args.at} if args.at else {}
    return ops.call(
        args,
        lambda api: api.ask("POST", ["sellers", args.connection, shown, "verified"], said, **query),
        lambda told: [told["case"]],
    )
