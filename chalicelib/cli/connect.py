"""Connect a store, and see that it works: its address for webhooks and its secret are shown once.

At a terminal, what is not said is asked for. A credential or the secret without a value is taken from the environment
(REDRESS_NAME), or asked for without showing it. A connection observes until its modes say more, and acts on nothing
that was due before it was connected. Then the shop is asked: what our access may do and what its levers do besides,
where its last orders show things and what mapping they suggest (ten of them are shown as they would be read), our
subscriptions; a delivery of our own goes the whole way. `--backfill 90d` fetches the past, acting on nothing and
telling nobody. What fails leaves the connection as it is, and says how to mend it."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _checkups as checkups
from chalicelib.cli._common import instant, span, tell
from chalicelib.cli._questions import complete
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.connections.offers import OFFERS
from chalicelib.core.instants import show
from chalicelib.platforms.keeping import OPTION

OWN_SECRET = "secret"
"""The credential that only signs our calls to a shop which can be asked without one."""


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("platform", metavar="PLATFORM", help="standard, shopify, woocommerce, ...")
    parser.add_argument("--name", help="of the connection: a-z, 0-9 and -")
    parser.add_argument("--address", default="", help="NAME.myshopify.com, or the shop's https address")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--credential", action="append", default=[], metavar="NAME[=VALUE]")
    parser.add_argument(
        "--secret", nargs="?", const="", metavar="VALUE", help="that the platform chose; else one is made"
    )
    parser.add_argument("--mode", action="append", default=[], metavar="GROUP=MODE", help="shop=act, all=advise, ...")
    parser.add_argument("--map", action="append", default=[], metavar="MARK=PLACE", help="where this shop shows a mark")
    parser.add_argument("--acts-from", type=instant, metavar="INSTANT", help="default: now")
    parser.add_argument(
        "--probe", action=argparse.BooleanOptionalAction, default=True, help="ask the shop too (default), or only store"
    )
    parser.add_argument("--backfill", type=span, metavar="SPAN", help="fetch the past too, such as 90d")
    parser.add_argument("--yes", action="store_true", help="take the mapping that is proposed")
    parser.add_argument("--no-ask", action="store_true", help="ask no question: what is proposed is only shown")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    complete(args)
    if args.backfill and args.acts_from:
        raise Wrong("--backfill acts on nothing that was due before now: leave --acts-from away")
    if args.backfill and not args.probe:
        raise Wrong("--backfill asks the shop: leave --no-probe away")
    if args.backfill and _only_listens(args):
        raise Wrong("--backfill asks the shop: give its credentials too")
    steps: list[dict[str, Any]] = []

    def work(api: ops.Api) -> Any:
        made = api.ask("POST", ["connections", args.name], _said(args))
        # At once: whatever comes then, both are shown this once.
        for line in _lines(made) if not args.json else ():
            tell(line)
        if args.probe:
            steps.extend(Wiring(api, args).run())
        shown = api.ask("GET", ["connections", args.name]) if args.probe else made["connection"]
        made["connection"] = {name: shown[name] for name in made["connection"]}
        return {**made, "steps": steps} if args.probe else made

    code = ops.call(args, work, lambda told: ())
    return NO if code == DONE and any(step["bad"] for step in steps) else code


def _said(args: argparse.Namespace) -> dict[str, Any]:
    said: dict[str, Any] = {
        "platform": args.platform,
        "address": args.address,
        "options": ops.pairs(args.option, "--option"),
        "credentials": ops.secrets(args.credential, "--credential"),
        "modes": ops.pairs(args.mode, "--mode"),
        "mapping": ops.mapping(args.map),
        "acts_from": show(args.acts_from) if args.acts_from else None,
    }
    if args.secret is not None:
        said["secret"] = args.secret or ops.secret("secret")
    return said


def _only_listens(args: argparse.Namespace) -> bool:
    """Whether it has no credentials where its platform wants some to be asked anything."""
    offer = OFFERS.get(args.platform)
    return offer is not None and not args.credential and bool(set(offer.credentials) - {OWN_SECRET})


class Wiring:
    """The steps after a connection is stored, in their order; each is told when it ends."""

    def __init__(self, api: ops.Api, args: argparse.Namespace) -> None:
        self._api, self._args = api, args

    def run(self) -> Iterator[dict[str, Any]]:
        if _only_listens(self._args):
            yield self._deaf()
            yield self._ask("trial")
            return
        probe = self._ask("probe")
        yield probe
        if probe["state"] not in ("done", "failed"):
            # Nobody answers, so nothing more is worth asking.
            return
        if probe["bad"]:
            # Who cannot say what we may do will not say more; the way of a delivery is ours to try.
            yield self._ask("trial")
            return
        for right, lost in sorted(probe["told"].get("missing", {}).items()):
            self._tell(f"      {right} is not {'set' if right.startswith(OPTION) else 'granted'}: {lost}")
        for note in probe["told"].get("notes", ()):
            self._tell(f"      {note}")
        yield self._levers()
        yield self._mapping()
        yield self._ask("subscriptions", {"mend": True})
        yield self._ask("trial")
        if self._args.backfill:
            hours = self._args.backfill // timedelta(hours=1)
            yield self._ask("backfill", {"hours": hours}, self._progress)

    def _deaf(self) -> dict[str, Any]:
        """A connection that only listens is a whole one."""
        words = "not asked: without credentials the shop's webhooks are read, and nothing else can be asked or done"
        mend = "redress connections NAME --credential gives them"
        self._tell(f"well  probe: {words}")
        self._tell(f"      {mend}")
        return {
            "task": "probe",
            "state": "done",
            "words": words,
            "bad": False,
            "mend": mend,
            "told": {"offered": False},
        }

    def _levers(self) -> dict[str, Any]:
        """What can be done there, and what else each does that a person should know."""
        levers = self._api.ask("GET", ["connections", self._args.name])["offers"]["levers"]
        words = f"{len(levers)} offered, all held back until their mode says more" if levers else "none"
        self._tell(f"well  levers: {words}")
        effects: dict[str, list[str]] = {}
        for one in levers:
            effects.setdefault(one["effects"], []).append(one["action"])
        for effect, actions in effects.items():
            if effect:
                self._tell(f"      {', '.join(actions)}: {effect}")
        return {"task": "levers", "state": "done", "words": words, "bad": False, "mend": "", "told": {"levers": levers}}

    def _ask(self, task: str, said: Mapping[str, Any] | None = None, watch: Any = None) -> dict[str, Any]:
        told = checkups.ask(self._api, self._args.name, task, said, watch or (lambda told: None))
        for line in checkups.lines(told):
            self._tell(line)
        return {**told, "bad": bool(checkups.wrong(told)), "mend": checkups.mend(told)}

    def _mapping(self) -> dict[str, Any]:
        given = ops.mapping(self._args.map)
        told = self._ask("sample", {"mapping": given} if given else {})
        if told["bad"] or not told["told"].get("offered"):
            return told
        for line in checkups.mapping_lines(told):
            self._tell(line)
        proposed = told["told"]["mapping"]
        taken = bool(proposed) and not given and self._agrees()
        if taken:
            self._api.ask("PATCH", ["connections", self._args.name], {"mapping": proposed})
            self._tell("      the mapping is taken")
        elif proposed and not given:
            self._tell(f"      not taken: redress connections {self._args.name} --map MARK=PLACE sets one")
        return {**told, "taken": taken}

    def _agrees(self) -> bool:
        if self._args.yes:
            return True
        if self._args.no_ask or not sys.stdin.isatty():
            return False
        print("Take this mapping? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _progress(self, told: Mapping[str, Any]) -> None:
        for line in checkups.progress(told):
            self._tell(line)

    def _tell(self, line: str) -> None:
        if not self._args.json:
            tell(line)


def _lines(told: Any) -> Iterator[str]:
    one = told["connection"]
    yield f"{one['name']} ({one['platform']}) is connected"
    yield f"  address  {told['url']}"
    yield f"  secret   {told['secret']}"
    yield "Both are shown this once."
