"""List the calendars that were activated: which version is in force, and whether this release ships other days."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["calendars"]), _lines)


def _lines(told: Any) -> Iterator[str]:
    for one in told["calendars"]:
        differs = ", this release ships other days" if one["shipped"] is False else ""
        yield f"{one['code']}  in force: {one['in_force'] or 'none yet'}{differs}"
        for made in one["activations"]:
            yield f"  {one['code']}@{made['number']}  {made['at'] or 'always'}  {made['digest'][:12]}"
    if not told["calendars"]:
        yield "none was activated: the calendars that ship are in force"
