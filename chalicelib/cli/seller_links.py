"""Say under which address sellers reach their files, or end all links at once."""

import argparse
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", default=None, metavar="URL", help="the address of this API as sellers reach it")
    parser.add_argument("--renew", action="store_true", help="a new key: every link that was ever made ends")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said: dict[str, Any] = {"renew": args.renew}
    if args.base is not None:
        said["base"] = args.base
    return ops.call(
        args, lambda api: api.ask("POST", ["sellers", "links"], said), lambda told: [told["base"] or "no address yet"]
    )
