"""Explain one clock of a history: from when to when what counted, and why.

A rule that runs once per occurrence has several clocks in a case: tell which with --of.
"""

import argparse
from pathlib import Path

from chalicelib.cli import _common as common
from chalicelib.cli import _histories as histories
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.core.clocks import Reading
from chalicelib.core.explain import explanation, page, sentences
from chalicelib.rules.judge import Judge, Judged


def register(parser: argparse.ArgumentParser) -> None:
    common.add_policies(parser)
    histories.add(parser)
    parser.add_argument("--case", required=True, metavar="KIND/ID")
    parser.add_argument("--rule", required=True, metavar="RULE")
    parser.add_argument("--of", metavar="OCCURRENCE", help="which clock of a rule that has one per occurrence")
    parser.add_argument("--lang", choices=("zh", "en"), default="en")
    parser.add_argument("--html", metavar="FILE", help="write a page to this file")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    judge = Judge(common.read_policies(args.policy))
    if not any(policy.rule(args.rule) for policy in judge.policies):
        raise Wrong(f"no rule {args.rule!r} in these policies")
    try:
        with histories.opened(args, judge.words) as history:
            as_of, cases = history.cases(args.now, common.progress())
            found: Judged | None = None
            for subject, events in cases:
                if str(subject) == args.case and as_of is not None:
                    found = judge.judge(subject, events, as_of)
    except OSError as error:
        raise common.unreadable(error) from None
    if found is None or as_of is None:
        common.tell(f"no case {args.case} in {args.history or 'the journal'}")
        return NO
    reading = _choose(found, args.rule, args.of)
    if reading is None:
        common.tell(f"{args.case} has no clock of {args.rule}")
        return NO
    calendar = judge.calendar(found, reading)
    if args.html:
        try:
            Path(args.html).write_text(page(args.case, reading, calendar, as_of, args.lang), encoding="utf-8")
        except OSError as error:
            raise Wrong(f"{args.html}: {error.strerror}") from None
    if args.json:
        common.put_json(explanation(args.case, reading, calendar, as_of, args.lang))
    elif not args.html:
        for line in sentences(args.case, reading, calendar, as_of, args.lang):
            common.tell(line)
    return NO if history.counts.refused else DONE


def _choose(judged: Judged, rule: str, of: str | None) -> Reading | None:
    clocks = [one for one in judged.clocks if one.rule.id == rule]
    if of is not None:
        return next((one for one in clocks if one.clock == f"{rule}#{of}"), None)
    if len(clocks) > 1:
        told = ", ".join(one.clock.partition("#")[2] for one in clocks)
        raise Wrong(f"{judged.subject} has {len(clocks)} clocks of {rule}: tell which with --of ({told})")
    return clocks[0] if clocks else None
