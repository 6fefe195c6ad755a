"""Set what may be done on a connection: GROUP=MODE, such as shop=act money=advise, or all=observe.

Groups: tell, seller, buyer, shop, money, penalty. Modes: observe (judge and report), advise (a person presses), act."""

import argparse

from chalicelib.cli import _api as ops
from chalicelib.cli.connections import describe


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CONNECTION")
    parser.add_argument("mode", nargs="+", metavar="GROUP=MODE")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = {"modes": ops.pairs(args.mode, "modes")}
    return ops.call(args, lambda api: api.ask("PATCH", ["connections", args.name], said), describe)
