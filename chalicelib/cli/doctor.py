"""Say what is wrong with the connected stores and how to mend it; exit code 1 where anything is.

It judges what Redress knows itself: what was heard, secrets, credentials, quarantine, versions. It does not ask the
platforms.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="one of them; else all that are active")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    bad = 0

    def work(the_api: ops.Api) -> Any:
        nonlocal bad
        names = [args.name] if args.name else _active(the_api)
        told = {name: the_api.ask("GET", ["connections", name])["checks"] for name in names}
        bad = sum(check["bad"] for checks in told.values() for check in checks)
        return {"connections": told, "bad": bad}

    code = ops.call(args, work, _lines)
    return 1 if code == 0 and bad else code


def _active(the_api: ops.Api) -> list[str]:
    return [one["name"] for one in the_api.ask("GET", ["connections"])["connections"] if one["active"]]


def _lines(told: Any) -> Iterator[str]:
    for name, checks in told["connections"].items():
        yield name
        for check in checks:
            yield f"  {'bad ' if check['bad'] else 'well'}  {check['check']}: {check['found']}"
            if check["mend"]:
                yield f"        {check['mend']}"
    yield f"{told['bad']} to mend" if told["bad"] else "all is well"
