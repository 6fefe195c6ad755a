"""Have the stored cases judged anew, so many a second: after a retroactive version, a recall or a calendar.

Without it each case follows with its next event or wake. It can be stopped and taken up again (--from), and does no
harm when repeated."""

import argparse

from chalicelib.cli import _api as ops
from chalicelib.cli import _previews as previews


def _rate(text: str) -> int:
    number = text.removesuffix("/s")
    if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= 200):
        raise argparse.ArgumentTypeError(f"found {text[:20]!r}, wanted 1/s to 200/s")
    return int(number)


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rule", default="", help="only cases of the kind that the rule is about")
    parser.add_argument("--connection", default="", help="only those of one connection")
    parser.add_argument("--rate", type=_rate, default=20, metavar="N/s", help="cases a second; default 20/s")
    parser.add_argument("--from", dest="cursor", default="", metavar="CURSOR", help="go on where it was stopped")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args,
        lambda api: previews.reevaluated(api, args.rule, args.connection, args.rate, args.cursor),
        lambda told: [f"cases looked at until {told['until']}: {told['sent']:,} of {told['looked']:,}"],
    )
