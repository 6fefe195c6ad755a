"""A standard as an argument of a command."""

import argparse

from chalicelib.cli._common import tell
from chalicelib.cli.main import Wrong
from chalicelib.core.standards import Standard
from chalicelib.rules.problems import Mistakes
from chalicelib.sellers.standard import DEFAULT, presets, read_file


def add_standard(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--standard", default=DEFAULT, metavar="PRESET-or-FILE",
        help=f"what sellers are judged by: {', '.join(presets())}, or a file; default {DEFAULT}",
    )  # fmt: skip


def read_standard(name: str) -> Standard:
    """The standard of the argument. Raises Wrong after every mistake was told."""
    try:
        return read_file(name)
    except Mistakes as mistakes:
        for problem in mistakes.problems:
            tell(problem)
        raise Wrong("the standard cannot be used") from None
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}") from None
