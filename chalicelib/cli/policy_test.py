"""Run rule tests: given a history, expect these clocks and steps.

A test file stands beside the policies that it tests (see docs/handbook.md). Exit code 0 where every test holds, 1 where
one does not or a file cannot be read; every difference is told with its line.
"""

import argparse

from chalicelib.cli import _common as common
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.rules.problems import Mistakes, Problem
from chalicelib.rules.trials import run_file


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a test file")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    tests = failed = 0
    problems: list[Problem] = []
    for file in args.files:
        try:
            outcome = run_file(file)
        except Mistakes as mistakes:
            problems.extend(mistakes.problems)
            continue
        except OSError as error:
            raise Wrong(f"{error.filename or file}: {error.strerror}") from None
        tests, failed = tests + outcome.tests, failed + outcome.failed
        problems.extend(outcome.problems)
    if args.json:
        errors = [problem.as_dict() for problem in problems]
        common.put_json({"passed": tests - failed, "failed": failed, "errors": errors})
    else:
        for problem in problems:
            common.tell(problem)
        common.tell(f"{tests - failed} of {tests} tests hold")
    return NO if problems else DONE
