"""Bring a calendar into force on the deployment: a compiled one, an overlay over the one in force, or one that ships.

    redress calendar activate 2027.yaml
    redress calendar activate CN.json --at 2026-12-01T00:00:00+08:00
    redress calendar activate --shipped CN

Running clocks follow it from then on; a clock that has ended keeps its due. Exit code 1 where the file has mistakes."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._common import instant
from chalicelib.cli._files import text_of
from chalicelib.core.instants import show


def register(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", metavar="FILE", help="from `calendar build`, or an overlay")
    what.add_argument("--shipped", metavar="CODE", help="what ships with this release")
    parser.add_argument("--at", type=instant, metavar="INSTANT", help="from then on; default: now")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = {"shipped": args.shipped} if args.shipped else {}
    if args.file:
        text = text_of(Path(args.file))
        # An empty file is an overlay with a mistake, not the lack of one.
        said["calendar" if _compiled(text) else "overlay"] = text or "\n"
    at = show(args.at) if args.at else None
    return ops.call(args, lambda api: api.ask("POST", ["calendars"], {**said, "at": at}), _lines)


def _compiled(text: str) -> bool:
    """A compiled calendar says its form and its digest; an overlay has neither."""
    try:
        data = json.loads(text)
    except ValueError:
        return False
    return isinstance(data, dict) and "digest" in data


def _lines(told: Any) -> Iterator[str]:
    name = f"{told['code']}@{told['number']}, known until {told['known_until'] or 'ever'}"
    if told["unchanged"]:
        yield f"{name} is in force already"
        return
    yield f"{name}, is in force, {'from ' + told['at'] + ' on' if told['at'] else 'always'}"
    yield "running clocks follow with their next event or wake; all of them now: redress reevaluate"
