"""Read again what lies in quarantine, after the cause is mended; what still cannot be read comes back."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connection", help="default: all")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = {"connection": args.connection}
    return ops.call(
        args,
        lambda api: api.ask("POST", ["quarantine", "replay"], said),
        lambda told: [f"{told['replayed']} sent through the inbox again"],
    )
