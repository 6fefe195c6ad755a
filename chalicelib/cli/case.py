"""Show a case: its clocks, steps, actions and evidence; with --clock, why that clock is due when it is."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="[CONNECTION:]KIND/ID")
    parser.add_argument("--clock", help="explain this one")
    parser.add_argument("--lang", choices=("zh", "en"), default="en")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    def work(api: ops.Api) -> Any:
        parts, query = ops.case_of(api, args.case)
        if not args.clock:
            return api.ask("GET", ["cases", *parts], **query)
        clock, more = ops.in_path("clock", args.clock)
        return api.ask("GET", ["explain", *parts, clock], lang=args.lang, **query, **more)

    return ops.call(args, work, _explained if args.clock else _lines)


def _explained(told: Any) -> Iterator[str]:
    yield from told["text"]


def _lines(told: Any) -> Iterator[str]:
    yield f"{told['case']}  version {told['version']}{'  FULL' if told['full'] else ''}"
    for one in told["clocks"]:
        yield f"  {one['clock']}  {one['version']}  {one['status']}  start {one['start']}  due {one['due']}"
    for one in told["steps"]:
        more = "  withdrawn" if one["withdrawn"] else "  observed" if one["observed"] else ""
        yield f"  step {one['clock']} {one['step']}  {one['at']}{more}"
    for one in told["actions"]:
        more = "".join(f"  {name} {one[name]}" for name in ("hold", "reason") if one[name])
        yield f"  action {one['action']}  {one['state']}{more}  {one['key']}"
    for one in told["marks"]:
        yield f"  {one['name']}{'#' + one['of'] if one['of'] else ''}  {one['at']}  {one['source']}"
    for one in told["facts"]:
        yield f"  {one['name']} = {one['value']}  {one['source']}"
