"""Hand in an appeal for a seller who cannot use its link."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _penalty
from chalicelib.cli._api import Api


def register(parser: argparse.ArgumentParser) -> None:
    _penalty.register(parser, "what the seller says")


def run(args: argparse.Namespace) -> int:
    def work(api: Api) -> Any:
        parts, query = _penalty.path(api, args.penalty)
        return api.ask("POST", [*parts, "appeal"], {"text": args.reason}, **query)

    return ops.call(args, work, _penalty.lines)
