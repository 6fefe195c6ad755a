"""Show the public register of penalties of a connection, signed; with --key the public key to check it with."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("--key", action="store_true", help="show the public key, and those of before")
    parser.add_argument("--renew-key", action="store_true", help="sign with a new key from now on, as after a leak")
    parser.add_argument("--after", default="", metavar="SELLER", help="the page after this seller")
    parser.add_argument("--count", action="store_true", help="count the complaint figures anew; once a day")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.count:
        return ops.call(
            args, lambda api: {"sellers": _count(api, args.connection)}, lambda told: [f"{told['sellers']} sellers"]
        )
    if args.renew_key:
        return ops.call(
            args, lambda api: api.ask("POST", ["register", args.connection, "key"], {"renew": True}), _lines
        )
    parts = ["register", args.connection, *(["key"] if args.key else [])]
    query = {} if args.key else {"after": args.after}
    return ops.call(args, lambda api: api.ask("GET", parts, **query), _lines)


def _count(api: ops.Api, connection: str) -> int:
    number, said = 0, dict[str, str]()
    while True:
        told = api.ask("POST", ["register", connection, "figures"], said)
        number, said = number + int(told["sellers"]), {"after": told["next"]}
        if not told["next"]:
            return number


def _lines(told: Any) -> Iterator[str]:
    if "payload" not in told:
        yield told["key"]
        yield from (f"{one['key']}  until {one['ended']}" for one in told["former"])
        return
    feed = json.loads(told["payload"])
    for seller in feed["sellers"]:
        yield f"{seller['seller']}  {seller.get('grade', '-')}"
        for one in seller["penalties"]:
            yield f"  {one['penalty']}  {one['measure']['en']}  {one['code']}  {one['points']}  until {one['until']}"
    if feed["next"]:
        yield f"there is more: --after {feed['next']}"
