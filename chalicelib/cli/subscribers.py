"""List who is told of escalations."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["subscribers"]), _lines)


def _lines(told: Any) -> Iterator[str]:
    for one in told["subscribers"]:
        off = "" if one["active"] else "  off: it answered that it is gone"
        yield f"{one['name']}  {one['url']}  {', '.join(one['types']) or 'everything'}{off}"
