"""Propose a penalty against a seller; another person decides."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _penalty
from chalicelib.cli._api import Api

RUNGS = ("notice", "warning", "restrict", "hold_payout", "delist", "suspend", "blacklist")


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("--rung", choices=RUNGS, required=True)
    parser.add_argument("--code", required=True, help="a short code such as late-shipping")
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--reason", required=True, help="shown to the seller: leave out other people's personal data")
    parser.add_argument("--about", default="", metavar="KIND/ID", help="the case that it is about")
    parser.add_argument("--listing", default="", help="the listing to take down")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    names = ("connection", "seller", "rung", "code", "points", "reason", "about", "listing")
    said = {name: getattr(args, name) for name in names}

    def work(api: Api) -> Any:
        return api.ask("POST", ["penalties"], said)

    return ops.call(args, work, _penalty.lines)
