"""What the last daily round over the sellers did: who was graded, who could not be, what was undone on the platform."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["sellers", "nightly"]), _lines)


def _lines(told: Any) -> Iterator[str]:
    if told["last"] is None:
        yield "no round has ended yet"
        return
    one = told["last"]["report"]
    yield f"{one['day']}: {one['graded']} graded, ended {told['last']['at']}"
    if not one["watched"]:
        yield "the look after measures failed: see the log of the function Sellers"
    yield f"{one['looks']} looked after, {one['undone']} undone, {one['repeated']} suspended without us"
    yield from (f"could not be graded: {who}" for who in one["failed"])
