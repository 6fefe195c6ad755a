"""Show what a policy compiles to: its rules in the language of the files, conditions in their canonical form, and the
digest of its content."""

import argparse

from chalicelib.cli import _common as common
from chalicelib.cli.main import DONE
from chalicelib.core.compiled import dump
from chalicelib.rules import written


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policy", metavar="PACK-or-FILE")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    (policy,) = common.read_policies([args.policy])
    if args.json:
        common.put_json(dump(policy))
        return DONE
    common.tell(f"{policy.name}  {policy.digest}")
    for rule in policy.rules:
        common.tell("\n" + "\n".join(written.lines(written.rule(rule))))
    return DONE
