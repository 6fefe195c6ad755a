"""Switch a connection off: its hook refuses deliveries; its cases stay and are looked after."""

import argparse

from chalicelib.cli import _api as ops
from chalicelib.cli.connections import describe


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CONNECTION")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("DELETE", ["connections", args.name]), describe)
