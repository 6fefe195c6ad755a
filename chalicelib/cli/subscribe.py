"""Tell escalations to an https address, signed; the secret is shown once.

Types are those of the escalations or their beginnings (clock.breached, penalty); none takes all."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("url")
    parser.add_argument("--type", action="append", default=[], metavar="TYPE")
    parser.add_argument("--secret", nargs="?", const="", metavar="VALUE", help="whsec_...; default: one is made")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said: dict[str, Any] = {"name": args.name, "url": args.url, "types": args.type}
    if args.secret is not None:
        said["secret"] = args.secret or ops.secret("secret")
    return ops.call(args, lambda api: api.ask("POST", ["subscribers"], said), _lines)


def _lines(told: Any) -> Iterator[str]:
    yield f"{told['name']} is told {', '.join(told['types']) or 'everything'}"
    yield f"secret  {told['secret']}"
    yield "It is shown this once."
