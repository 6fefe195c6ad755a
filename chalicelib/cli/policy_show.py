"""Show what a policy compiles to: its rules, their clocks and steps, and the digest of its content."""

import argparse

from chalicelib.cli import _common as common
from chalicelib.cli.main import DONE
from chalicelib.core.compiled import dump


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
        title = " / ".join(rule.title[lang] for lang in ("zh", "en") if lang in rule.title)
        common.tell(f"\n{rule.id}  {title}")
        calendar = rule.calendar if isinstance(rule.calendar, str) else " or ".join(rule.calendar.facts)
        cited = f": {rule.cite}" if rule.cite else ""
        common.tell(f"  {rule.basis}{cited}; {rule.applies_to}, {rule.obliged}, {calendar}")
        for step in rule.steps:
            common.tell(f"  {step.id}: {', '.join(do.action for do in step.do)}")
    return DONE
