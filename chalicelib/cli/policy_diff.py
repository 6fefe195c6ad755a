"""Show what would change over a history if policy B took the place of policy A."""

import argparse

from chalicelib.cli import _common as common
from chalicelib.cli import _histories as histories
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.rules.diff import diff
from chalicelib.rules.judge import Judge, vocabulary


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help="a pack or a file")
    parser.add_argument("after", metavar="B", help="a pack or a file")
    histories.add(parser)
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    before, after = Judge(common.read_policies([args.before])), Judge(common.read_policies([args.after]))
    words = vocabulary([*before.policies, *after.policies])
    for judge in (before, after):
        for name, word in judge.words.facts.items():
            if words.facts[name].type is not word.type:
                raise Wrong(f"the policies declare the fact {name} with different types: their histories differ")
    try:
        with histories.opened(args, words) as history:
            changes = diff(before, after, history, args.now, common.progress())
    except OSError as error:
        raise common.unreadable(error) from None
    common.told_names(history)
    if args.json:
        common.put_json({"rules": {rule: change.as_dict() for rule, change in changes.items()}})
    else:
        for rule, change in changes.items():
            common.tell(rule)
            for name, value in change.as_dict().items():
                common.tell(f"  {name}: {value or 'no change'}")
    return NO if history.counts.refused else DONE
