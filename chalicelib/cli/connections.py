"""List the connected stores, their modes and since when they act; or change how one is reached and read.

With `--credential`, `--option`, `--map` or `--address` the named one is changed: credentials and mapping are replaced
whole, an option of nothing goes away. A credential without a value is taken from the environment (REDRESS_NAME), or
asked for without showing it."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _checkups as checkups
from chalicelib.cli.main import Wrong


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="one of them, with what its platform offers")
    parser.add_argument("--address", metavar="A")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--credential", action="append", default=[], metavar="NAME[=VALUE]")
    parser.add_argument("--map", action="append", default=[], metavar="MARK=PLACE", help="where this shop shows a mark")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = _said(args)
    if said and not args.name:
        raise Wrong("which connection is to be changed?")
    if said:
        return ops.call(args, lambda api: api.ask("PATCH", ["connections", args.name], said), describe)
    if args.name:
        return ops.call(args, lambda api: _shown(api, args.name), _one)
    return ops.call(args, lambda api: api.ask("GET", ["connections"]), _all)


def _said(args: argparse.Namespace) -> dict[str, Any]:
    said: dict[str, Any] = {
        "options": ops.pairs(args.option, "--option"),
        "credentials": ops.secrets(args.credential, "--credential"),
        "mapping": ops.mapping(args.map),
    }
    told = {name: value for name, value in said.items() if value}
    return told if args.address is None else {**told, "address": args.address}


def _shown(api: ops.Api, name: str) -> Any:
    asked = api.ask("GET", ["connections", name, "checkups"])["checkups"]
    return {**api.ask("GET", ["connections", name]), "checkups": asked}


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
    for mark, places in told["mapping"].items():
        yield f"  {mark} = {', '.join(places)}"
    for lever in told["offers"]["levers"]:
        needs = f", needs {lever['needs']}" if lever["needs"] else ""
        yield f"  {lever['action']}: repeats {lever['repeat']}, reverse {lever['reverse']}{needs}"
    yield f"  looks: {', '.join(told['offers']['looks'])}"
    for asked in told["checkups"].values():
        yield f"  {asked['task']}: {asked['state']} at {asked['at']}: {asked['words']}"
        if checkups.answered(asked) and asked["mend"]:
            yield f"    {asked['mend']}"
