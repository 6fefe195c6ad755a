"""Make a key to the ops API; it is shown once."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--role", required=True, choices=("ops", "reviewer", "auditor", "admin"))
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    said = {"name": args.name, "role": args.role}
    return ops.call(
        args,
        lambda api: api.ask("POST", ["keys"], said),
        lambda told: [f"{told['name']} ({told['role']})", f"key  {told['key']}", "It is shown this once."],
    )
