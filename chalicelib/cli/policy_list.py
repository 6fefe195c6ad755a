"""List the policies of the deployment: which version is in force, and every activation."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(args, lambda api: api.ask("GET", ["policies"]), _lines)


def _lines(told: Any) -> Iterator[str]:
    for policy in told["policies"]:
        yield f"{policy['name']}  in force: {policy['in_force'] or 'none yet'}"
        for one in policy["activations"]:
            more = ", retroactive" if one["retroactive"] else ""
            yield f"  {policy['name']}@{one['number']}  {one['at'] or 'always'}{more}"
