"""Bring a policy into force on the deployment.

The first version of a policy has always been in force unless --at says since when; a later one judges the clocks that
start from now on. A retroactive one shows first what it would change, and asks. Exit code 1 where the file has
mistakes, or somebody said no."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _previews as previews
from chalicelib.cli._common import instant, tell
from chalicelib.cli._files import text_of
from chalicelib.cli.main import NO
from chalicelib.core.instants import show
from chalicelib.platforms.nearest import instead
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import find, read_text


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="PACK-or-FILE")
    parser.add_argument("--at", type=instant, metavar="INSTANT", help="for clocks that start from then on")
    parser.add_argument(
        "--retroactive",
        action="store_true",
        help="judge clocks anew that started before, too; as the file's own retroactive: true",
    )
    previews.add_yes(parser)
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    text = text_of(find(args.file))
    retroactive = args.retroactive or _asks_for_it(text)
    said = {"yaml": text, "at": show(args.at) if args.at else None, "retroactive": retroactive}

    def work(api: ops.Api) -> Any:
        if retroactive:
            ask = lambda cursor: api.ask("POST", ["previews"], {"yaml": text, "cursor": cursor})  # noqa: E731
            said["confirmed"] = previews.confirmed(args, lambda: previews.whole(ask, "judged both ways"))
        return api.ask("POST", ["policies"], said)

    try:
        return ops.call(args, work, lines)
    except previews.SaidNo:
        tell("nothing was changed")
        return NO


def _asks_for_it(text: str) -> bool:
    """Whether the file itself says `retroactive: true`. Its mistakes are told by the deployment, which knows more."""
    try:
        return read_text(text).retroactive
    except Mistakes:
        return False


def lines(told: Any) -> Iterator[str]:
    since = f"from {told['at']} on" if told["at"] else "always"
    yield f"{told['version']} is in force already" if told["unchanged"] else f"{told['version']} is in force, {since}"
    if told["retroactive"] and not told["unchanged"]:
        yield "cases follow with their next event or wake; all of them now: redress reevaluate"
    for one in told["warnings"]:
        yield (
            f"warning: {one['connection']} ({one['platform']}) has no lever for {one['action']}: "
            f"rule {one['rule']}, step {one['step']}; {instead(one['action'], one.get('nearest', ''))}"
        )
