"""Connect a store: its address for webhooks and its secret are shown once.

A credential or the secret without a value is taken from the environment (REDRESS_NAME), or asked for without showing
it. A connection observes until its modes say more, and acts on nothing that was due before it was connected."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._common import instant
from chalicelib.core.instants import show


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("platform", metavar="PLATFORM", help="standard, shopify, woocommerce or dokan")
    parser.add_argument("--name", required=True, help="of the connection: a-z, 0-9 and -")
    parser.add_argument("--address", default="", help="NAME.myshopify.com, or the shop's https address")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--credential", action="append", default=[], metavar="NAME[=VALUE]")
    parser.add_argument(
        "--secret", nargs="?", const="", metavar="VALUE", help="that the platform chose; else one is made"
    )
    parser.add_argument("--mode", action="append", default=[], metavar="GROUP=MODE", help="shop=act, all=advise, ...")
    parser.add_argument("--map", action="append", default=[], metavar="MARK=PLACE", help="where this shop shows a mark")
    parser.add_argument("--acts-from", type=instant, metavar="INSTANT", help="default: now")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    mapping: dict[str, list[str]] = {}
    for text in args.map:
        for mark, place in ops.pairs([text], "--map").items():
            mapping.setdefault(mark, []).append(place)
    said: dict[str, Any] = {
        "platform": args.platform,
        "address": args.address,
        "options": ops.pairs(args.option, "--option"),
        "credentials": ops.secrets(args.credential, "--credential"),
        "modes": ops.pairs(args.mode, "--mode"),
        "mapping": mapping,
        "acts_from": show(args.acts_from) if args.acts_from else None,
    }
    if args.secret is not None:
        said["secret"] = args.secret or ops.secret("secret")
    return ops.call(args, lambda api: api.ask("POST", ["connections", args.name], said), _lines)


def _lines(told: Any) -> Iterator[str]:
    one = told["connection"]
    yield f"{one['name']} ({one['platform']}) is connected"
    yield f"  address  {told['url']}"
    yield f"  secret   {told['secret']}"
    yield "Both are shown this once."
