"""List the connected stores, their modes and since when they act."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="one of them, with what its platform offers")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.name:
        return ops.call(args, lambda api: api.ask("GET", ["connections", args.name]), _one)
    return ops.call(args, lambda api: api.ask("GET", ["connections"]), _all)


def _all(told: Any) -> Iterator[str]:
    for one in told["connections"]:
        yield from describe(one)


def describe(one: Any) -> Iterator[str]:
    """A connection in two lines."""
    off = "" if one["active"] else "  off"
    yield f"{one['name']}  {one['platform']}  {one['address']}{off}  acts from {one['acts_from']}"
    yield "  " + "  ".join(f"{group}={mode}" for group, mode in one["modes"].items())


def _one(told: Any) -> Iterator[str]:
    yield from describe(told)
    for secret in told["secrets"]:
        yield f"  secret live {'until ' + secret['until'] if secret['until'] else 'until replaced'}"
    for lever in told["offers"]["levers"]:
        needs = f", needs {lever['needs']}" if lever["needs"] else ""
        yield f"  {lever['action']}: repeats {lever['repeat']}, reverse {lever['reverse']}{needs}"
    yield f"  looks: {', '.join(told['offers']['looks'])}"
