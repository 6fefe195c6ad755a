"""List what a recalled version did and nobody can take back by itself: money and mail, for a person to settle.

Complete once every case was looked at again (redress reevaluate)."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _previews as previews
from chalicelib.cli._versions import version


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("version", type=version, metavar="NAME@NUMBER")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    name, number = args.version

    def work(api: ops.Api) -> Any:
        path = ["policies", name, str(number), "left"]
        return previews.whole(lambda cursor: api.ask("GET", path, cursor=cursor), "seen")

    return ops.call(args, work, lambda told: previews.left(told["left"]) if told["left"] else ["nothing is left over"])
