"""Look whether somebody undid or repeated a measure on the platform; once a day."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("POST", ["sellers", "watch"], {}), _lines)


def _lines(told: Any) -> Iterator[str]:
    yield from (f"undone: {one}" for one in told["undone"])
    yield from (f"suspended without us: {one}" for one in told["repeated"])
    yield f"{told['looks']} sellers are being asked about"
