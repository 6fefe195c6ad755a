"""Bring a policy into force on the deployment.

The first version of a policy has always been in force unless --at says since when; a later one judges the clocks that
start from now on. Exit code 1 where the file has mistakes."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._common import instant
from chalicelib.cli.main import Wrong
from chalicelib.core.instants import show
from chalicelib.rules.reader import find


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="PACK-or-FILE")
    parser.add_argument("--at", type=instant, metavar="INSTANT", help="for clocks that start from then on")
    parser.add_argument("--retroactive", action="store_true", help="judge clocks anew that started before, too")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    path = find(args.file)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Wrong(f"{path}: it is not UTF-8") from None
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None
    said = {"yaml": text, "at": show(args.at) if args.at else None, "retroactive": args.retroactive}
    return ops.call(args, lambda api: api.ask("POST", ["policies"], said), lines)


def lines(told: Any) -> Iterator[str]:
    since = f"from {told['at']} on" if told["at"] else "always"
    yield f"{told['version']} is in force already" if told["unchanged"] else f"{told['version']} is in force, {since}"
    for one in told["warnings"]:
        yield (
            f"warning: {one['connection']} ({one['platform']}) has no lever for {one['action']}: "
            f"rule {one['rule']}, step {one['step']}"
        )
