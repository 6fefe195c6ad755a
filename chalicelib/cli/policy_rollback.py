"""Bring an older version of a policy into force again.

Clocks that start from now on run under it; those that run keep their version."""

import argparse

from chalicelib.cli import _api as ops
from chalicelib.cli.policy_activate import lines


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="POLICY")
    parser.add_argument("--to", type=int, required=True, metavar="NUMBER")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("POST", ["policies", args.name, "rollback"], {"to": args.to}), lines)
