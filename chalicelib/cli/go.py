"""Let go what `redress stop` holds."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="*", help="connection:NAME or rule:ID; default: everything")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("POST", ["go"], {"what": args.what}), ops.stopped)
