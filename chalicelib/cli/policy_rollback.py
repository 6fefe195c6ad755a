"""Go back to an older version of a policy: for new clocks, for running ones too, or as though it had never been.

--scope new: clocks that start from now on run under the older version; those that run keep theirs.
--scope running: the older version judges all clocks, as a retroactive activation does.
--scope recall: the versions since are as though they had never been. Steps that they alone took are withdrawn, their
actions taken back where the platform can; money and mail are listed for a person.

Without --scope it asks. The last two show first what they would change, and ask. Exit code 1 where somebody said no."""

import argparse
import sys
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _previews as previews
from chalicelib.cli._common import tell
from chalicelib.cli.main import NO, Wrong
from chalicelib.cli.policy_activate import lines

SCOPES = ("new", "running", "recall")


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="POLICY")
    parser.add_argument("--to", type=int, required=True, metavar="NUMBER")
    parser.add_argument("--scope", choices=SCOPES, help="which clocks; asked for where it is not given")
    previews.add_yes(parser)
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    scope = args.scope or _asked()
    said: dict[str, Any] = {"to": args.to, "scope": scope}

    def work(api: ops.Api) -> Any:
        if scope != "new":
            path = ["policies", args.name, "rollback", "preview"]
            ask = lambda cursor: api.ask("POST", path, {**said, "cursor": cursor})  # noqa: E731
            agreed = previews.confirmed(args, lambda: previews.whole(ask, "judged both ways"))
            said_yes = {**said, "confirmed": agreed}
        return api.ask("POST", ["policies", args.name, "rollback"], said if scope == "new" else said_yes)

    try:
        return ops.call(args, work, lines)
    except previews.SaidNo:
        tell("nothing was changed")
        return NO


def _asked() -> str:
    if not sys.stdin.isatty():
        raise Wrong("--scope: wanted new, running or recall (--help says what they mean)")
    print("new clocks only, running clocks too, or recall? [new/running/recall] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().lower()
    if answer not in SCOPES:
        raise Wrong(f"found {answer[:20]!r}, wanted new, running or recall")
    return answer
