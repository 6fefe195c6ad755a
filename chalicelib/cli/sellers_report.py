"""Who a standard would have warned and penalised over a history.

Judges the history with the policies, looks at each seller every week as the ledger would have stood, and tells when the
standard would have warned and acted, with how sure it was and on how many orders, beside what a raw rate over the limit
(from ten orders on) would have done. Lines that cannot be read are told on standard error; the exit code is then 1.
"""

import argparse
from typing import Any

from chalicelib.cli import _common as common
from chalicelib.cli import _histories as histories
from chalicelib.cli import _standards as standards
from chalicelib.cli.main import DONE, NO
from chalicelib.core.instants import show
from chalicelib.core.standards import Standard
from chalicelib.rules.judge import Judge
from chalicelib.sellers.report import First, Report, collect, look_back

SHOWN = 15


def register(parser: argparse.ArgumentParser) -> None:
    common.add_policies(parser)
    histories.add(parser)
    standards.add_standard(parser)
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    standard = standards.read_standard(args.standard)
    judge = Judge(common.read_policies(args.policy))
    try:
        with histories.opened(args, judge.words) as history:
            as_of, sellers = collect(history, judge, args.now, common.progress())
    except OSError as error:
        raise common.unreadable(error) from None
    common.told_names(history)
    report = look_back(sellers, standard, as_of) if as_of else Report(None)
    if args.json:
        common.put_json(_json(report, standard))
    else:
        _show(report, standard)
    return NO if history.counts.refused else DONE


def _json(report: Report, standard: Standard) -> dict[str, Any]:
    return {
        "as_of": show(report.as_of) if report.as_of else None,
        "standard": standard.name,
        "weeks": report.weeks,
        "sellers": len(report.sellers),
        **{what: len(report.names(what)) for what in ("warned", "penalised", "raw")},
        "found": {
            seller: {
                what: {metric.value: _first(first) for metric, first in getattr(told, what).items()}
                for what in ("warned", "penalised", "raw")
            }
            for seller, told in sorted(report.sellers.items())
            if told.warned or told.raw
        },
    }


def _first(first: First) -> dict[str, Any]:
    one = first.score
    return {
        "on": first.on.isoformat(), "p_over": round(one.p_over, 4), "n": one.n, "bad": one.bad, "buyers": one.buyers,
        "effective_n": round(one.effective_n, 1), "mean": round(one.mean, 4), "lower": round(one.lower, 4),
        "upper": round(one.upper, 4), "limit": one.limit, "window_days": one.window_days,
        "real": [one.real.n, one.real.bad], "protected": [one.protected.n, one.protected.bad],
    }  # fmt: skip


def _show(report: Report, standard: Standard) -> None:
    warned, penalised, raw = (set(report.names(what)) for what in ("warned", "penalised", "raw"))
    common.tell(
        f"{len(report.sellers)} sellers, {report.weeks} weeks, standard {standard.name}: {len(warned)} warned, "
        f"{len(penalised)} penalised; a raw rate would have acted against {len(raw)}, "
        f"{len(raw - penalised)} of whom the standard would not have penalised ({len(raw - warned)} not even warned)"
    )
    for measure in standard.measures:
        counts = [
            sum(measure.metric in getattr(told, what) for told in report.sellers.values())
            for what in ("warned", "penalised", "raw")
        ]
        if any(counts):
            words = "warned {}, penalised {}, by the raw rate {}".format(*counts)
            common.tell(f"  {measure.metric.value:<13} limit {measure.limit:>6.1%}: {words}")
    common.tell("penalised, surest first:")
    _rows(report, "penalised", penalised)
    common.tell("by the raw rate only, fewest orders first:")
    _rows(report, "raw", raw - warned)


def _rows(report: Report, what: str, sellers: set[str]) -> None:
    found = [
        (first, metric, seller) for seller in sellers for metric, first in getattr(report.sellers[seller], what).items()
    ]
    by_orders = what == "raw"
    found.sort(key=lambda one: (one[0].score.n if by_orders else -one[0].score.p_over, one[2], one[1]))
    for first, metric, seller in found[:SHOWN]:
        one = first.score
        common.tell(
            f"  {seller[:40]:<40} {first.on} {metric.value:<13} {one.bad:g} of {one.n:g} in {one.window_days} d "
            f"({one.bad / one.n if one.n else 0:.1%}), likely {one.lower:.1%} to {one.upper:.1%}, "
            f"P(over {one.limit:.1%}) = {one.p_over:.2f}, {one.buyers} buyers"
        )
    if len(found) > SHOWN:
        common.tell(f"  and {len(found) - SHOWN} more; --json tells all")
