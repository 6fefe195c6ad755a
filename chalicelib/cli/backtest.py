"""Judge a history with policies and count what they would have concluded.

A history is one event a line, in any order. Lines that cannot be read are told on standard error and left out; the
exit code is then 1.
"""

import argparse
import os
import time
from contextlib import ExitStack

from chalicelib.cli import _common as common
from chalicelib.cli import _histories as histories
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.core.words import Status
from chalicelib.rules.backtest import Report, backtest
from chalicelib.rules.judge import Judge
from chalicelib.rules.spill import Sorted


def register(parser: argparse.ArgumentParser) -> None:
    common.add_policies(parser)
    histories.add(parser)
    parser.add_argument("--clocks", metavar="FILE", help="write a line a clock to this file, by case, rule and clock")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    judge = Judge(common.read_policies(args.policy))
    if args.clocks and args.history and _same(args.clocks, args.history):
        raise Wrong(f"--clocks: {args.clocks} is the history itself")
    began = time.perf_counter()
    try:
        with ExitStack() as stack:
            history = stack.enter_context(histories.opened(args, judge.words))
            out = stack.enter_context(open(args.clocks, "w", encoding="utf-8")) if args.clocks else None
            clocks = stack.enter_context(Sorted()) if out else None
            report = backtest(judge, history, args.now, clocks, common.progress())
            if out and clocks:
                out.writelines(clocks)
    except OSError as error:
        raise common.unreadable(error) from None
    common.told_names(history)
    seconds = time.perf_counter() - began
    if args.json:
        common.put_json(report.as_dict(seconds))
    else:
        _summary(report, seconds)
    return NO if report.refused else DONE


def _same(one: str, other: str) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def _summary(report: Report, seconds: float) -> None:
    common.tell(
        f"as of {report.as_dict(seconds)['as_of']}: {report.cases} cases, {report.events} events, "
        f"{report.refused} lines refused, {seconds:.1f} s"
    )
    width = max((len(rule) for rule in report.rules), default=0)
    common.tell(" ".join([" " * width, *(f"{status.value:>9}" for status in Status)]))
    for rule, counts in report.rules.items():
        common.tell(" ".join([f"{rule:<{width}}", *(f"{counts[status]:>9}" for status in Status)]))
        for step, count in report.steps[rule].items():
            common.tell(f"  {step}: {count}")
    worst = sorted(report.sellers.items(), key=lambda one: (-one[1], one[0]))[:10]
    if worst:
        common.tell("points: " + ", ".join(f"{seller} {points}" for seller, points in worst))
    if report.nobody:
        common.tell(f"points of cases that name no seller: {report.nobody}")
