"""Leave out of scores what is not the sellers' fault: a carrier's strike, an outage, force majeure, brushing."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="a short name; the same one again takes its place")
    parser.add_argument("--why", required=True, choices=["carrier", "outage", "force_majeure", "brushing", "decision"])
    parser.add_argument("--since", required=True, metavar="DAY")
    parser.add_argument("--until", required=True, metavar="DAY")
    parser.add_argument("--metric", action="append", default=[], help="only these; default: all")
    parser.add_argument("--seller", action="append", default=[], metavar="CONNECTION:SELLER", help="only these")
    parser.add_argument("--carrier", action="append", default=[], help="only these")
    parser.add_argument("--lapses", default="", metavar="DAY", help="from then on it holds no more")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = {name: getattr(args, name) for name in ("id", "why", "since", "until", "lapses")}
    said |= {f"{name}s": getattr(args, name) for name in ("metric", "seller", "carrier")}
    return ops.call(args, lambda api: api.ask("POST", ["exclusions"], said), lambda told: [f"left out: {told['id']}"])
