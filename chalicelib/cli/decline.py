"""Drop a held action."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="[CONNECTION:]KIND/ID")
    parser.add_argument("key", help="of the action, as `redress held` shows it")
    parser.add_argument("--reason", required=True, help="for the audit journal")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.decide(args, "decline")
