"""Show a penalty: its state, who did what, the appeal; with --lang its statement of reasons."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _penalty, _table
from chalicelib.cli._api import Api


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=["zh", "en"], default="", help="the statement of reasons in this language")
    parser.add_argument("--html", default="", metavar="FILE", help="write that statement as a page, too")
    _penalty.register(parser)


def run(args: argparse.Namespace) -> int:
    def work(api: Api) -> Any:
        parts, query = _penalty.path(api, args.penalty)
        if args.lang or args.html:
            told = api.ask("GET", [*parts, "reasons"], lang=args.lang or "en", **query)
            if args.html:
                # With --json the page is part of the result in any case.
                _table.put(args, args.html, told["html"])
            return told
        return api.ask("GET", parts, **query)

    return ops.call(args, work, lambda told: [told["text"]] if "text" in told else _penalty.lines(told))
