"""Read a standard and tell every mistake by line and field. Exit code 1 where it has some."""

import argparse

from chalicelib.cli import _common as common
from chalicelib.cli._common import tell
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.rules.problems import Mistakes
from chalicelib.sellers.standard import read_file


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("standard", metavar="PRESET-or-FILE")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    problems = []
    try:
        read_file(args.standard)
    except Mistakes as mistakes:
        problems = list(mistakes.problems)
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}") from None
    for problem in problems:
        tell(problem)
    if args.json:
        common.put_json({"valid": not problems, "errors": [one.as_dict() for one in problems]})
    elif not problems:
        tell("it can be used")
    return NO if problems else DONE
