"""Put a new secret on a connection's hook; the old one stays live for a while, so no delivery is lost.

A platform that chooses the secret itself (Shopify) needs --secret. Where the platform lets us keep our webhooks it is
told: they sign with the new secret, or go to the new address, at once. Elsewhere enter it there in time.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _checkups as checkups
from chalicelib.cli._common import tell
from chalicelib.cli.main import DONE, NO


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CONNECTION")
    parser.add_argument(
        "--secret", nargs="?", const="", metavar="VALUE", help="that the platform chose; else one is made"
    )
    parser.add_argument("--overlap-hours", type=int, default=24, metavar="N", help="default: 24")
    parser.add_argument("--new-address", action="store_true", help="a new address too; the old one is refused at once")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said: dict[str, Any] = {"overlap_hours": args.overlap_hours, "new_address": args.new_address}
    if args.secret is not None:
        said["secret"] = args.secret or ops.secret("secret")
    bad = ""

    def work(api: ops.Api) -> Any:
        nonlocal bad
        told = api.ask("POST", ["connections", args.name, "rotate"], said)
        for line in () if args.json else _lines(told):
            tell(line)
        if not told["renews"]:
            return told
        asked = api.ask("GET", ["connections", args.name, "checkups", "renew"])
        renewed = checkups.wait(api, args.name, "renew", asked)
        bad = checkups.wrong(renewed)
        for line in () if args.json else checkups.lines(renewed):
            tell(line)
        return {**told, "renewed": renewed}

    code = ops.call(args, work, lambda told: ())
    return NO if code == DONE and bad else code


def _lines(told: Any) -> Iterator[str]:
    if "url" in told:
        yield f"address  {told['url']}"
    yield f"secret   {told['secret']}"
    yield f"Known everywhere from {told['use_from']} on; shown this once."
    for old in told["connection"]["secrets"][1:]:
        yield f"an older one is honoured until {old['until']}"
