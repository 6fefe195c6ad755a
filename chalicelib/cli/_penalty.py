"""What the commands about one penalty share: its name `[CONNECTION:]penalty/ID`, a person's word on it, its lines."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._api import Api


def register(parser: argparse.ArgumentParser, reason: str = "") -> None:
    """`reason`: what is asked for beside the penalty; empty for nothing."""
    parser.add_argument("penalty", metavar="[CONNECTION:]penalty/ID")
    if reason:
        parser.add_argument("--reason", required=True, help=reason)
    ops.register(parser)


def path(api: Api, text: str) -> tuple[list[str], dict[str, str]]:
    """Path parts and query of a penalty. Raises Wrong or No."""
    (connection, _, ident), query = ops.case_of(api, text)
    return ["penalties", connection, ident], query


def decide(args: argparse.Namespace, decision: str) -> int:
    """A person's word on a penalty."""
    said = {"decision": decision, "reason": getattr(args, "reason", "")}

    def work(api: Api) -> Any:
        parts, query = path(api, args.penalty)
        return api.ask("POST", [*parts, "decision"], said, **query)

    return ops.call(args, work, lines)


def lines(told: Any) -> Iterator[str]:
    yield f"{told['penalty']}  {told['seller']}  {told['code']}  {told['points']}  {told['rung']}  {told['state']}"
    for one in told["deeds"]:
        yield f"  {one['at']}  {one['what']} by {one['by']}{': ' + one['reason'] if one['reason'] else ''}"
    if told["appeal"]:
        yield f"  {told['appeal']['at']}  appeal: {told['appeal']['text']}"
