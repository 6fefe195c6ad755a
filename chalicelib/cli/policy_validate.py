"""Check policies that are to be used together: every mistake with its line.

Exit code 0 where all are valid, 1 where any is not.
"""

import argparse

from chalicelib.cli import _common as common
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.rules.problems import Mistakes, Problem
from chalicelib.rules.reader import read_files


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policies", nargs="*", metavar="PACK-or-FILE")
    parser.add_argument("--policy", action="append", default=[], metavar="PACK-or-FILE", help="the same, as an option")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    names = [*args.policies, *args.policy]
    if not names:
        raise Wrong("which policies?")
    problems: tuple[Problem, ...] = ()
    try:
        read_files(names)
    except Mistakes as mistakes:
        problems = mistakes.problems
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}") from None
    if args.json:
        common.put_json({"valid": not problems, "errors": [problem.as_dict() for problem in problems]})
    else:
        for problem in problems:
            common.tell(problem)
        common.tell(f"{len(problems)} mistakes" if problems else "valid")
    return NO if problems else DONE
