"""Read again what lies in quarantine, after the cause is mended; what still cannot be read comes back."""

import argparse

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connection", help="default: all")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    return ops.call(
        args,
        lambda api: {"replayed": _all(api, args.connection)},
        lambda told: [f"{told['replayed']} sent through the inbox again"],
    )


def _all(api: ops.Api, connection: str | None) -> int:
    sent, said = 0, {"connection": connection, "cursor": ""}
    while True:
        told = api.ask("POST", ["quarantine", "replay"], said)
        sent, said = sent + int(told["replayed"]), {**said, "cursor": told.get("cursor", "")}
        if not said["cursor"]:
            return sent
