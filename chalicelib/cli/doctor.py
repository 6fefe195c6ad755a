"""Say what is wrong with the connected stores and how to mend it; exit code 1 where anything is.

The platforms are asked, each as far as it lets itself be asked: what our access may do, what its clock says, which
subscriptions to us stand, where its last orders show things. Beside it stands what Redress knows itself: what was
heard, secrets, credentials, quarantine, versions. `--offline` asks nobody and judges the last answers, with their age.
`--mend` has subscriptions that were stopped set going again, missing ones made, and tells the platform of a rotation
that it was not told of."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _checkups as checkups
from chalicelib.cli.main import Wrong


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="one of them; else all that are active")
    parser.add_argument("--offline", action="store_true", help="do not ask the platforms")
    parser.add_argument("--mend", action="store_true", help="put the subscriptions in order")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.mend and args.offline:
        raise Wrong("--mend asks the platform: leave --offline away")
    bad = 0

    def work(the_api: ops.Api) -> Any:
        nonlocal bad
        names = [args.name] if args.name else _active(the_api)
        late = {} if args.offline else _ask(the_api, names, args.mend)
        told = {name: the_api.ask("GET", ["connections", name])["checks"] + late.get(name, []) for name in names}
        bad = sum(check["bad"] for checks in told.values() for check in checks)
        return {"connections": told, "bad": bad}

    code = ops.call(args, work, _lines)
    return 1 if code == 0 and bad else code


def _ask(the_api: ops.Api, names: list[str], mend: bool) -> dict[str, list[dict[str, Any]]]:
    """Ask all of them before any is waited for; what nobody answered, as a finding."""
    asked: dict[str, dict[str, Any]] = {"probe": {}, "subscriptions": {"mend": mend}, "sample": {"preview": 0}}
    begun = [(name, task, checkups.begin(the_api, name, task, said)) for name in names for task, said in asked.items()]
    for name in names if mend else ():
        held = the_api.ask("GET", ["connections", name, "checkups"])["checkups"].get("renew")
        if held and held["state"] == "failed":
            begun.append((name, "renew", checkups.begin(the_api, name, "renew")))
    late: dict[str, list[dict[str, Any]]] = {}
    for name, task, told in begun:
        # Where one was waited for in vain, nobody carries out the others either.
        ended = told if late.get(name) else checkups.wait(the_api, name, task, told)
        if not checkups.answered(ended) and name not in late:
            found = f"{task}: {checkups.wrong(ended)}"
            late[name] = [{"check": "asked", "bad": True, "found": found, "mend": checkups.mend(ended)}]
    return late


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
