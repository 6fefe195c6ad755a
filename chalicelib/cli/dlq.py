"""Count the dead letters; with --redrive QUEUE, put them back into their queue."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--redrive", metavar="QUEUE", help="inbox, wakes, late, actions or project")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.redrive:
        return ops.call(
            args,
            lambda api: api.ask("POST", ["dlq", args.redrive, "redrive"], {}),
            lambda told: [f"{told['redriven']} put back"],
        )
    return ops.call(
        args,
        lambda api: api.ask("GET", ["dlq"]),
        lambda told: [
            *(f"{name}: {count}" for name, count in told["dlq"].items()),
            *(
                f"  {one['changes']} changes from {one['from']} to {one['to']} ({one['why']}): "
                + ("over, the stream has forgotten them" if one["over"] else "redress dlq --redrive project tells them")
                for one in told.get("given_up", ())
            ),
        ],
    )
