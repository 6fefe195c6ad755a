"""Check policies that are to be used together: every mistake with its line.

With --platform, or --connection (which asks the deployment; `all` for every one), also tells the steps whose action is
not offered there, and what comes nearest. They are warnings: such a step ends refused on that store (words become a
note on the order), and the policy is valid elsewhere.
Exit code 0 where all are valid, 1 where any is not.
"""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _common as common
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.core.rules import Policy
from chalicelib.platforms import registry
from chalicelib.platforms.base import offered
from chalicelib.platforms.nearest import instead, nearest
from chalicelib.rules.levers import document_of, lacks, line_of
from chalicelib.rules.problems import Mistakes, Problem, meant
from chalicelib.rules.reader import read_files

ALL = "all"


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policies", nargs="*", metavar="PACK-or-FILE")
    parser.add_argument("--policy", action="append", default=[], metavar="PACK-or-FILE", help="the same, as an option")
    parser.add_argument("--platform", action="append", default=[], metavar="NAME", help="tell what it does not offer")
    parser.add_argument(
        "--connection", action="append", default=[], metavar="NAME", help="the same for a store, or all"
    )
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    names = [*args.policies, *args.policy]
    if not names:
        raise Wrong("which policies?")
    places = _places(args.platform, args.connection)
    problems: tuple[Problem, ...] = ()
    warnings: list[dict[str, Any]] = []
    try:
        policies = read_files(names)
        for name, policy in zip(names, policies, strict=True):
            warnings.extend(_warnings(name, policy, places))
    except Mistakes as mistakes:
        problems = mistakes.problems
    except OSError as error:
        raise Wrong(f"{error.filename}: {error.strerror}") from None
    if args.json:
        told = {"warnings": warnings} if args.platform or args.connection else {}
        common.put_json({"valid": not problems, "errors": [problem.as_dict() for problem in problems], **told})
    else:
        for problem in problems:
            common.tell(problem)
        for one in warnings:
            common.tell(
                f"{one['file']}:{one['line']}: {one['field']}: warning: {one['connection'] or one['platform']} "
                f"has no lever for {one['action']}; {instead(one['action'], one['nearest'])}"
            )
        common.tell(f"{len(problems)} mistakes" if problems else "valid")
    return NO if problems else DONE


Place = tuple[str, str, Mapping[str, str] | None]
"""A connection (or none), its platform, and its options where they are known."""


def _places(platforms: list[str], connections: list[str]) -> list[Place]:
    """Where the policies are to be used. Raises Wrong."""
    for name in platforms:
        if name not in registry.NAMES:
            raise Wrong(f"no platform {name!r}: one of {', '.join(registry.NAMES)}{meant(name, registry.NAMES)}")
    found: list[Place] = [("", name, None) for name in platforms]
    if not connections:
        return found
    try:
        known = {one["name"]: one for one in ops.api().ask("GET", ["connections"])["connections"]}
    except ops.No as no:
        raise Wrong(str(no)) from None
    for name in known if ALL in connections else connections:
        if name not in known:
            raise Wrong(f"no connection {name!r}: one of {', '.join(known) or 'none'}")
        found.append((name, known[name]["platform"], known[name]["options"]))
    return found


def _warnings(file: str, policy: Policy, places: list[Place]) -> Iterator[dict[str, Any]]:
    document = document_of(file) if places else None
    for connection, platform, options in places:
        levers = registry.adapter(platform).levers
        there = frozenset(levers) if options is None else offered(levers, options)
        for lack in lacks(policy, there):
            line, field = line_of(document, lack)
            yield {
                "connection": connection or None, "platform": platform, "file": file, "line": line, "field": field,
                "rule": lack.rule, "step": lack.step, "action": lack.action, "nearest": nearest(lack.action, there),
            }  # fmt: skip
