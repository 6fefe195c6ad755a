"""Show a penalty: its state, who did what, the appeal; with --lang its statement of reasons."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _penalty
from chalicelib.cli._api import Api


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=["zh", "en"], default="", help="the statement of reasons in this language")
    _penalty.register(parser)


def run(args: argparse.Namespace) -> int:
    def work(api: Api) -> Any:
        parts, query = _penalty.path(api, args.penalty)
        if args.lang:
            return api.ask("GET", [*parts, "reasons"], lang=args.lang, **query)
        return api.ask("GET", parts, **query)

    return ops.call(args, work, lambda told: [told["text"]] if args.lang else _penalty.lines(told))
