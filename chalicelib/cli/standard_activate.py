"""Judge sellers by this standard from now on; grades follow with the next daily round."""

import argparse
from pathlib import Path
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._files import text_of
from chalicelib.sellers.standard import presets


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="PRESET-or-FILE")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    # A file of that name wins, as with every command that takes a standard.
    shipped = args.file in presets() and not Path(args.file).exists()
    said = {"preset": args.file} if shipped else {"yaml": text_of(Path(args.file))}

    def lines(told: Any) -> list[str]:
        return [f"{told['version']} is in force{' already' if told['unchanged'] else ''}"]

    return ops.call(args, lambda api: api.ask("POST", ["standard"], said), lines)
