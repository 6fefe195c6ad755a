"""End a key to the ops API at once."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args, lambda api: api.ask("DELETE", ["keys", args.name]), lambda told: [f"{told['removed']} has ended"]
    )
