"""Fetch the past of a connected store, such as 90d: judged and listed, neither acted on nor told to anybody.

Without a span one that was given up goes on where it was. It goes on too where nobody waits for it."""

import argparse
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _checkups as checkups
from chalicelib.cli._common import span, tell
from chalicelib.cli.main import DONE, NO


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CONNECTION")
    parser.add_argument("span", nargs="?", type=span, metavar="SPAN", help="hours, days or weeks, such as 90d")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = {"hours": args.span // timedelta(hours=1)} if args.span else {}
    bad = ""

    def watch(told: Mapping[str, Any]) -> None:
        for line in checkups.progress(told) if not args.json else ():
            tell(line)

    def work(api: ops.Api) -> Any:
        nonlocal bad
        told = checkups.ask(api, args.name, "backfill", said, watch)
        bad = checkups.wrong(told)
        return told

    code = ops.call(args, work, checkups.lines)
    return NO if code == DONE and bad else code
