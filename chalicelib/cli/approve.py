"""Let a held action go, looking first where that can be done; or say of one with an unknown outcome what is there."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="[CONNECTION:]KIND/ID")
    parser.add_argument("key", help="of the action, as `redress held` shows it")
    parser.add_argument("--seen", action="store_true", help="nobody knew its outcome, and its effect is there")
    parser.add_argument("--reason", default="", help="for the audit journal")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.decide(args, "confirm" if args.seen else "approve")
