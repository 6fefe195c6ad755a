"""Let a held action go. It still looks first, unless there is nothing to look at."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="[CONNECTION:]KIND/ID")
    parser.add_argument("key", help="of the action, as `redress held` shows it")
    parser.add_argument("--reason", default="", help="for the audit journal")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.decide(args, "approve")
