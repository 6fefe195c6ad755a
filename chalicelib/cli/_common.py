"""What several commands share: policies and histories as arguments, and where output goes.

JSON goes to standard output, and only with `--json`; all else goes to standard error.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.cli.main import Wrong
from chalicelib.core.instants import parse_instant
from chalicelib.core.rules import Policy
from chalicelib.rules.history import History
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_files

_SPAN = re.compile(r"([1-9][0-9]{0,3})(h|d|w)")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def instant(text: str) -> datetime:
    """An argument that is an instant."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def span(text: str) -> timedelta:
    """An argument that is a length of time."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"found {text!r}, wanted hours, days or weeks such as 90d")
    return int(found[1]) * _UNITS[found[2]]


def whole(least: int, most: int) -> Callable[[str], int]:
    """An argument that is a whole number of this range."""

    def read(text: str) -> int:
        plain = text.removeprefix("-")
        if not (plain.isascii() and plain.isdecimal() and len(plain) < 10 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"found {text[:20]!r}, wanted {least} to {most}")
        return int(text)

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """An argument that is a number of this range."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"found {text[:20]!r}, wanted {least:g} to {most:g}")
        return value

    return read


def add_policies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy", action="append", required=True, metavar="PACK-or-FILE", help="a policy; may be given several times"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the result as JSON on standard output")


def read_policies(names: list[str]) -> list[Policy]:
    """The policies of the arguments. Raises Wrong after every mistake was told."""
    try:
        return read_files(names)
    except Mistakes as mistakes:
        for problem in mistakes.problems:
            tell(problem)
        raise Wrong("the policies cannot be used") from None
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}") from None


def unreadable(error: OSError) -> Wrong:
    return Wrong(f"{error.filename or 'the history'}: {error.strerror or error}")


_STEERING = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def tell(text: object) -> None:
    """A line for people. What strangers wrote may be part of it: nothing in it steers a terminal."""
    print(str(text).translate(_STEERING), file=sys.stderr)


def put_json(data: Any) -> None:
    """The result of the command."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def progress() -> Callable[[int], None]:
    """Tells how far a long reading is, where somebody watches."""
    if not sys.stderr.isatty():
        return lambda lines: None
    return lambda lines: print(f"\r{lines:,} lines", end="\r", file=sys.stderr, flush=True)


def told_names(history: History) -> None:
    """Says which names of the history nobody declared: what they tell is not judged."""
    names = history.counts.dropped.most_common(5)
    if names:
        listed = ", ".join(f"{name} ({count})" for name, count in names)
        tell(f"{history.name}: left out, because nobody declared them: {listed}")
