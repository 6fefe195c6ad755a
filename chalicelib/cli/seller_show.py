"""Show how a seller is judged: each metric with n, window, interval and P, the real value beside the protected one."""

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.cli import _api as ops


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("connection")
    parser.add_argument("seller")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    shown, query = ops.in_path("seller", args.seller)
    return ops.call(args, lambda api: api.ask("GET", ["sellers", args.connection, shown], **query), _lines)


def _lines(told: Any) -> Iterator[str]:
    since = f" since {told['since']}" if told["since"] else ""
    trusted = ", trusted" if told["trusted"] else ""
    yield f"{told['connection']}:{told['seller']}  grade {told['grade']}{since}{trusted}; standard {told['standard']}"
    for one in told["scores"]:
        real = one["real"]
        yield (
            f"  {one['metric']}: {one['bad']:g} of {one['n']:g} in {one['window_days']} days (effective "
            f"{one['effective_n']:g}, {one['buyers']} buyers); rate {one['mean']:.2%} ({one['lower']:.2%} to "
            f"{one['upper']:.2%}); P(over {one['limit']:.2%}) {one['p_over']:.3f}: {one['decision']}; "
            f"nothing left out: {real['bad']:g} of {real['n']:g}"
        )
    if not told["scores"]:
        yield "  nothing was counted yet"
    yield f"{told['points']} points stand"
    for row in told["penalties"]:
        yield f"  {row['penalty']}  {row['code']}  {row['points']}  {row['rung']}  {row['state']}"
