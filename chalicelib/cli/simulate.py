"""Send a connection the webhooks of the demo's scenes, signed as its platform signs them: a drill for any test shop.

Each scene tells of orders, returns and complaints of its own, with fresh ids. What a scene says that nobody must accept
(forged, stale) has to be refused; all else has to be accepted. Nothing answers for the shop: looks find nothing, unless
the connection points to a shop that does. Exit code 1 where an answer was not as it should be.
"""

import argparse
import os
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.cli._common import add_json, put_json, tell
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.core.signing import parse_secret
from chalicelib.ports.clock import SystemClock
from infra.package import ROOT

if TYPE_CHECKING:
    from examples.demo.feed import Sent
    from examples.demo.letters import Address
    from examples.demo.scenes import Scene

VARIABLE = "REDRESS_HOOK_SECRET"


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hook", metavar="URL", help="the connection's hook address")
    parser.add_argument("--secret", help=f"its secret; better in the environment, as {VARIABLE}")
    parser.add_argument("--platform", choices=("standard", "shopify", "woocommerce", "dokan"))
    parser.add_argument("--address", default="", help="the shop's own address as the connection has it")
    parser.add_argument("--scenes", metavar="NAME,...", help="default: all that the platform can play")
    parser.add_argument("--list", action="store_true", help="the scenes, and nothing else")
    parser.add_argument("--together", action="store_true", help="all scenes at once instead of one after the other")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    # The scenes are no part of what is installed or deployed: they lie beside it.
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return _list(args) if args.list else _simulate(args)


def _list(args: argparse.Namespace) -> int:
    from examples.demo.scenes import SCENES

    shown = [one for one in SCENES if not one.needs_shop and args.platform in (None, *one.platforms)]
    if args.json:
        rows = [
            {"name": one.name, "story": one.story, "platforms": list(one.platforms), "seconds": one.seconds}
            for one in shown
        ]
        put_json({"scenes": rows})
    else:
        for one in shown:
            tell(f"{one.name:<15} {one.seconds:>3.0f} s  {one.story} ({', '.join(one.platforms)})")
    return DONE


def _simulate(args: argparse.Namespace) -> int:
    from examples.demo.cast import SHOPS
    from examples.demo.feed import Feed, Sent
    from examples.demo.letters import Post
    from examples.demo.stage import Stage

    now, feed = SystemClock().now, Feed()
    address = _address(args)
    local = urlsplit(address.url).hostname in ("127.0.0.1", "localhost", "::1")
    shop = SHOPS[address.platform]("shop", address, {}, now)
    stage = Stage([shop], Post(local), feed, now)
    sent: list[Sent] = []

    def drain() -> None:
        for entry in feed.drain():
            if isinstance(entry, Sent):
                sent.append(entry)
                tell(_line(entry))

    for scenes in [_scenes(args)] if args.together else [[one] for one in _scenes(args)]:
        for scene in scenes:
            stage.play(scene, shop, now())
        player = threading.Thread(target=stage.run, daemon=True)
        player.start()
        while player.is_alive():
            player.join(0.2)
            drain()
    drain()
    odd = [entry for entry in sent if not entry.fine]
    if args.json:
        put_json({"sent": [_row(entry) for entry in sent], "odd": len(odd)})
    tell(f"{len(sent)} webhooks sent, {len(odd)} answered otherwise than they should be")
    return NO if odd or not sent else DONE


def _address(args: argparse.Namespace) -> "Address":
    """Where to send and how to sign. Raises Wrong."""
    from examples.demo.letters import Address

    secret = args.secret or os.environ.get(VARIABLE, "")
    missing = [name for name, value in (("--hook", args.hook), ("--platform", args.platform)) if not value]
    if not secret:
        missing.append(f"--secret or {VARIABLE}")
    if args.platform not in (None, "standard") and not args.address:
        missing.append(f"--address: a {args.platform} shop names itself in its webhooks")
    if missing:
        raise Wrong(f"wanted {'; '.join(missing)}")
    parts = urlsplit(args.hook)
    if parts.scheme not in ("http", "https") or not parts.hostname or "/hooks/" not in parts.path:
        raise Wrong("--hook: wanted the address that connecting the shop showed, https://HOST/hooks/TOKEN")
    if args.platform == "standard":
        try:
            parse_secret(secret)
        except ValueError as error:
            raise Wrong(f"--secret: found {error}") from None
    return Address(args.platform, args.hook, args.address, secret)


def _scenes(args: argparse.Namespace) -> "list[Scene]":
    """The scenes asked for. Raises Wrong."""
    from examples.demo.scenes import BY_NAME, SCENES

    can = [one for one in SCENES if args.platform in one.platforms and not one.needs_shop]
    if args.scenes is None:
        return can
    asked = [name.strip() for name in args.scenes.split(",") if name.strip()]
    for name in asked:
        if name not in BY_NAME:
            raise Wrong(f"--scenes: found {name!r}, wanted some of {', '.join(one.name for one in can)}")
        if BY_NAME[name] not in can:
            why = "needs a shop that answers" if BY_NAME[name].needs_shop else f"is none of {args.platform}'s"
            raise Wrong(f"--scenes: {name} {why}")
    return [BY_NAME[name] for name in asked]


def _line(entry: "Sent") -> str:
    how = "" if entry.how == "once" else f" ({entry.how})"
    note = "" if entry.fine else "  NOT AS IT SHOULD BE"
    answer = entry.status or "no answer"
    return f"{entry.at:%H:%M:%S} {answer} {entry.subject} {entry.what}{how} · {entry.scene}{note}"


def _row(entry: "Sent") -> dict[str, object]:
    return {
        "scene": entry.scene, "subject": entry.subject, "what": entry.what, "how": entry.how,
        "status": entry.status, "fine": entry.fine,
    }  # fmt: skip
