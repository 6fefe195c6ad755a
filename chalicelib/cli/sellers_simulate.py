"""Try a standard's rule on sellers whose true rate is known.

Draws sellers from half the limit to three times the limit, looks at each every day for a year, and tells how many were
warned and penalised by when. The exit code is 1 where the rule does not keep its promise: fewer than 1 in 1,000 good
sellers (half the limit) penalised in a year; of bad ones (three times the limit) 9 in 10 warned by day 60 and penalised
by day 120.
"""

import argparse
from dataclasses import replace
from typing import Any

from chalicelib.cli import _common as common
from chalicelib.cli import _standards as standards
from chalicelib.cli.main import DONE, NO
from chalicelib.core.scores import Deciding
from chalicelib.core.standards import Measure
from chalicelib.sellers.simulate import Outcome, Plan, Promise, Simulation, variants

RATES = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""True rates, as parts of the limit."""
DAYS = (30, 60, 90, 120, 180, 270, 365)


def register(parser: argparse.ArgumentParser) -> None:
    standards.add_standard(parser)
    # A rate is at most one, three times the limit too.
    limit, sellers, per_week, matures = (
        common.number(0.0001, 0.333), common.whole(1, 1_000_000), common.whole(1, 1000), common.whole(0, 300)
    )  # fmt: skip
    parser.add_argument("--limit", type=limit, default=0.02, metavar="RATE", help="the limit; default 0.02")
    parser.add_argument("--sellers", type=sellers, default=20_000, metavar="N", help="of each kind; default 20000")
    parser.add_argument("--per-week", type=per_week, default=20, metavar="N", help="orders of each; default 20")
    parser.add_argument(
        "--matures", type=matures, default=10, metavar="DAYS", help="until an outcome stands; default 10"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--compare", action="store_true", help="other rules beside it")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    standard = standards.read_standard(args.standard)
    measure = replace(standard.measures[0], limit=args.limit, matures=args.matures, deciding=standard.deciding)
    warned = standard.ladder.warned_days
    plan = Plan(measure, standard.usual, args.sellers, args.per_week, seed=args.seed, warned=warned)
    rules = variants(standard.deciding) if args.compare else [(_named(standard.deciding), standard.deciding)]
    said, broken, simulation = [], [], Simulation(plan)
    drawn = [simulation.compare(part * args.limit, [deciding for _, deciding in rules]) for part in RATES]
    for number, (name, deciding) in enumerate(rules):
        outcomes = [each[number] for each in drawn]
        misses = Promise().broken(outcomes[0], outcomes[-1])
        if deciding == standard.deciding:
            broken = misses
        said.append(_report(name, measure, outcomes, misses))
        if not args.json:
            _show(name, measure, outcomes, misses)
    if args.json:
        named = {name: getattr(args, name) for name in ("limit", "sellers", "per_week", "matures", "seed")}
        named["warned_days"] = warned
        common.put_json({**named, "chosen": _named(standard.deciding), "rules": said})
    return NO if broken else DONE


def _named(deciding: Deciding) -> str:
    return f"{deciding.days} days in a row" if deciding.days > 1 else "first look"


def _report(name: str, measure: Measure, outcomes: list[Outcome], misses: list[str]) -> dict[str, Any]:
    return {
        "rule": name,
        "broken": misses,
        "kinds": [
            {
                "rate": one.rate,
                "of_limit": round(one.rate / measure.limit, 2),
                "curve": {
                    str(day): {"warned": one.share_warned(day), "penalised": one.share_penalised(day)} for day in DAYS
                },
            }
            for one in outcomes
        ],
    }


def _show(name: str, measure: Measure, outcomes: list[Outcome], misses: list[str]) -> None:
    common.tell(f"act: {name}; limit {measure.limit:.1%}")
    common.tell(f"{'true rate':>12}  {'':10}" + "".join(f"{f'{day} d':>9}" for day in DAYS))
    for one in outcomes:
        for word, share in (("warned", one.share_warned), ("penalised", one.share_penalised)):
            shares = "".join(f"{share(day):>9.2%}" for day in DAYS)
            common.tell(f"{f'{one.rate / measure.limit:g} x limit':>12}  {word:<10}{shares}")
    common.tell("keeps its promise" if not misses else "does not keep its promise: " + "; ".join(misses))
    common.tell("")
