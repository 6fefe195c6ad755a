"""List penalties against sellers, reversed ones too, and the points that stand."""

import argparse

from chalicelib.cli import _api as ops
from chalicelib.cli import penalties


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", default="", help="only those in this state, such as proposed or appealed")
    penalties.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args, lambda api: api.ask("GET", ["penalties"], seller=args.seller, state=args.state, limit=args.limit),
        penalties.lines,
    )  # fmt: skip
