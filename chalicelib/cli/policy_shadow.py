"""Watch a version beside those in force: judged on each case as it changes, recorded, never acted on.

    redress policy shadow house.yaml
    redress policy shadow --report house@4
    redress policy shadow --stop house

It judges the clocks that start from now on. Without an argument it lists what is watched."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._files import text_of
from chalicelib.cli._versions import version
from chalicelib.rules.reader import find


def register(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("file", nargs="?", metavar="PACK-or-FILE")
    what.add_argument("--stop", metavar="POLICY", help="watch it no longer")
    what.add_argument("--report", type=version, metavar="NAME@NUMBER", help="what it would have done otherwise")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.stop:
        return ops.call(
            args, lambda api: api.ask("DELETE", ["shadows", args.stop]), lambda told: [f"stopped: {told['stopped']}"]
        )
    if args.report:
        name, number = args.report
        return ops.call(args, lambda api: api.ask("GET", ["shadows", name, str(number)]), _report)
    if args.file:
        said = {"yaml": text_of(find(args.file))}
        return ops.call(
            args,
            lambda api: api.ask("POST", ["shadows"], said),
            lambda told: [f"{told['version']} is watched since {told['since']}"],
        )
    return ops.call(args, lambda api: api.ask("GET", ["shadows"]), _listed)


def _listed(told: Any) -> list[str]:
    return [f"{one['version']}  since {one['since']}" for one in told["shadows"]] or ["nothing is watched"]


def _report(told: Any) -> Iterator[str]:
    yield f"{told['version']}: cases that would have gone otherwise: {told['cases']:,}"
    for rule, change in told["rules"].items():
        active, beside = change["active"], change["shadow"]
        yield (
            f"{rule}: cases {change['cases']}, breaches {active['breaches']} -> {beside['breaches']}, "
            f"steps {active['steps']} -> {beside['steps']}"
        )
        for what, count in change["status"].items():
            yield f"  {what}: {count}"
        points = {seller: one["points"] for seller, one in change["sellers"].items() if one["points"]}
        if points:
            yield "  points: " + ", ".join(f"{seller} {count:+}" for seller, count in sorted(points.items())[:10])
        for currency, amount in change.get("money", {}).items():
            yield f"  money: {amount} {currency}".rstrip()
