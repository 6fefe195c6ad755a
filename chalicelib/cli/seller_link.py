"""Make a link by which a seller sees its own file and appeals; it ends by itself."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    parser.add_argument("--days", type=int, default=200)
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)
    return ops.call(
        args,
        lambda api: api.ask("POST", ["sellers", args.connection, shown, "link"], {"days": args.days}, **query),
        lambda told: [f"{told['link'] or told['path']}  until {told['until']}"],
    )
