"""List the keys to the ops API and their roles."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args,
        lambda api: api.ask("GET", ["keys"]),
        lambda told: [f"{one['name']}  {one['role']}  {one['made_at']}" for one in told["keys"]],
    )
