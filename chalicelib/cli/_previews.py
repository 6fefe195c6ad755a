"""What a change of the policies in force would bring about, shown before somebody says yes; and the walks of the ops
API that come in parts: previews, left-overs, re-evaluation."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.cli._api import Api
from chalicelib.cli._common import tell
from chalicelib.cli.main import Wrong
from chalicelib.core.compare import merged

AHEAD = 60
"""Seconds of work that the queue may hold before more is given to it."""
Ask = Callable[[str], Any]
"""Asks for the part after a cursor."""


class SaidNo(Exception):
    """Somebody was asked, and did not say yes."""


def whole(ask: Ask, what: str) -> dict[str, Any]:
    """All parts as one, with progress for whoever watches."""
    told: dict[str, Any] = {}
    cursor = ""
    while True:
        part = ask(cursor)
        cursor = part.pop("cursor")
        told = merged(told, part)
        _progress(f"{told.get('cases', 0):,} cases {what}")
        if not cursor:
            return told


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="\r", file=sys.stderr, flush=True)


def add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="go on without being asked")


def confirmed(args: argparse.Namespace, preview: Callable[[], Mapping[str, Any]]) -> bool:
    """Show what would change and ask. Raises SaidNo, or Wrong where nobody can be asked."""
    if args.yes:
        return True
    told = preview()
    for line in lines(told):
        tell(line)
    if not sys.stdin.isatty():
        raise Wrong("it changes how clocks are judged that began before: say --yes if that is meant")
    print("Go on? [yes/no] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes", "是"):
        raise SaidNo
    return True


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """A preview for people."""
    yield f"cases judged both ways: {told['cases']:,}"
    if not told["rules"]:
        yield "nothing changes"
    for rule, change in told["rules"].items():
        yield rule
        for what, count in change["status"].items():
            yield f"  {what}: {count}"
        if change["due_moved"]:
            yield f"  due moved: {change['due_moved']}"
        for name, word in (("steps_gained", "steps gained"), ("steps_lost", "steps lost")):
            if change[name]:
                yield f"  {word}: " + ", ".join(f"{step} {count}" for step, count in change[name].items())
        sellers = [(one["points"], seller) for seller, one in change["sellers"].items() if one["points"]]
        if sellers:
            yield "  points: " + ", ".join(f"{seller} {points:+}" for points, seller in sorted(sellers)[-10:])
        for currency, amount in change.get("money", {}).items():
            yield f"  money: {amount} {currency}".rstrip()
    for name, word in (("reversed", "taken back"), ("dropped", "not carried out any more")):
        for action, count in told[name].items():
            yield f"{action}: {count} {word}"
    yield from left(told["left"])


def left(found: list[Mapping[str, Any]]) -> Iterator[str]:
    """What is for a person, a line each."""
    if found:
        yield f"for a person, because nobody can take it back: {len(found)}"
    for one in found:
        money = f"  {one['amount']} {one['currency'] or ''}".rstrip() if one["amount"] else ""
        sure = "" if one["state"] == "done" else f"  ({one['state']})"
        yield f"  {one['case']}  {one['key']}  {one['action']}{money}{sure}"


def reevaluated(
    api: Api, rule: str, connection: str, rate: int, cursor: str, wait: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Have the cases looked at, part by part, waiting so that no queue holds more than it can delay."""
    looked = sent = 0
    begin = None
    while True:
        said = {"rule": rule, "connection": connection, "rate": rate, "cursor": cursor, "begin": begin}
        try:
            part = api.ask("POST", ["reevaluate"], {name: value for name, value in said.items() if value is not None})
        except BaseException:
            if cursor:
                tell(f"stopped after {sent} cases; go on with --from {cursor}")
            raise
        looked, sent, cursor = looked + part["looked"], sent + part["sent"], part["cursor"]
        begin = part["until"]
        _progress(f"{looked:,} cases seen, {sent:,} sent")
        if not cursor:
            return {"looked": looked, "sent": sent, "until": part["until"]}
        if part["ahead"] > AHEAD:
            wait(part["ahead"] - AHEAD)
