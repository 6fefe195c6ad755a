"""What the last daily round over the sellers did: who was graded, who could not be, what was undone on the platform.
With --run it is done now, turn by turn until it ends: on a laptop, or once what kept the night from it is mended."""

import argparse
import time
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops

PAUSE = 2.0
"""Seconds before another turn is asked for."""
TURNS = 400


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", action="store_true", help="do today's round now, from its beginning")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, _round if args.run else lambda api: api.ask("GET", ["sellers", "nightly"]), _lines)


def _round(api: ops.Api) -> Any:
    told = api.ask("POST", ["sellers", "nightly"], {"anew": True})
    for _ in range(TURNS):
        if told["done"]:
            break
        time.sleep(PAUSE)
        told = api.ask("POST", ["sellers", "nightly"], {})
    return told


def _lines(told: Any) -> Iterator[str]:
    if not told.get("done", True):
        yield "the round goes on by itself"
    if told["last"] is None:
        yield "no round has ended yet"
        return
    one = told["last"]["report"]
    yield f"{one['day']}: {one['graded']} graded, ended {told['last']['at']}"
    if not one["watched"]:
        yield "the look after measures failed: see the log of the function Sellers"
    yield f"{one['looks']} looked after, {one['undone']} undone, {one['repeated']} suspended without us"
    yield from (f"could not be graded: {who}" for who in one["failed"])
