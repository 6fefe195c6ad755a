"""Prove over the whole table that no deadline is forgotten; exit code 1 where one is.

Every open case has a wake or a reason to have none, nothing is overdue by more than five minutes, each taken step has
its effect or an attempt under way, and the journal tells the same story (a long one is compared by night alone). It
reads page by page; --from goes on where it was cut. Each night the same is done by itself: --last shows it."""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli._api import Api
from chalicelib.cli._common import number, tell, whole
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.flow.nightly import cost

MOST_LISTED = 100


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", action="store_true", help="what the last night's audit found")
    parser.add_argument("--mend", action="store_true", help="have what is wrong looked at, or projected, again")
    parser.add_argument(
        "--segments", type=whole(1, 1024), default=1, metavar="N", help="parts in which the table is read"
    )
    parser.add_argument("--from", dest="begin", default="", metavar="SEGMENT,CASE", help="go on where it was cut")
    parser.add_argument(
        "--settle", type=number(0, 600), default=5.0, metavar="SECONDS",
        help="wait before what only the journal lacks counts as missing: the stream may be behind",
    )  # fmt: skip
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    told: dict[str, Any] = {}

    def work(api: Api) -> Any:
        found = _last(api) if args.last else _whole(api, args)
        if not args.last and not args.mend and set(found["problems"]) == {"journal"}:
            time.sleep(args.settle)
            found = _whole(api, args)
        told.update(found)
        return found

    code = ops.call(args, work, _lines)
    return code if code != DONE or told.get("clean") else NO


def _last(api: Api) -> dict[str, Any]:
    last = api.ask("GET", ["audit", "last"])["last"]
    if last is None:
        return {"clean": False, "day": None, "looked": 0, "reasons": {}, "problems": {}, "findings": [], "mended": 0}
    told = {"clean": not last["report"]["problems"], "day": last["day"], **last["report"]}
    return {**told, "journal": last.get("journal", True)}


def _whole(api: Api, args: argparse.Namespace) -> dict[str, Any]:
    segment, after = _place(args.begin)
    if segment >= args.segments:
        # Nothing would be read, and nothing be found wrong.
        raise Wrong(f"--from: found the part {segment}, wanted one of {args.segments}: say --segments as before")
    sums: dict[str, Counter[str]] = {"reasons": Counter(), "problems": Counter()}
    looked, mended, journal = 0, 0, True
    findings: list[Mapping[str, str]] = []
    while segment < args.segments:
        part: dict[str, Any] = {"segment": segment, "total": args.segments, "after": after}
        try:
            page = api.ask("POST", ["audit"], part) if args.mend else api.ask("GET", ["audit"], **part)
        except ops.No:
            tell(f"cut: go on with --from {segment},{after}")
            raise
        looked, mended = looked + page["looked"], mended + page["mended"]
        journal = journal and page["journal"]
        for name, each in sums.items():
            each.update(page[name])
        findings += page["findings"][: MOST_LISTED - len(findings)]
        segment, after = (segment, page["after"]) if page["after"] else (segment + 1, "")
    counts = {name: dict(sorted(each.items())) for name, each in sums.items()}
    return {
        "clean": not sums["problems"], "looked": looked, **counts,
        "findings": findings, "mended": mended, "usd": round(cost(looked), 6), "journal": journal,
    }  # fmt: skip


def _place(text: str) -> tuple[int, str]:
    segment, _, after = text.partition(",")
    if not text:
        return 0, ""
    if not (segment.isascii() and segment.isdecimal() and len(segment) < 6):
        raise Wrong("--from: wanted SEGMENT,CASE as the cut audit printed it")
    return int(segment), after


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    if told.get("day", "") is None:
        yield "no night's audit has ended yet"
        return
    for one in told["findings"]:
        yield f"{one['problem']}: {one['case']} {one['detail']}".rstrip()
    reasons = ", ".join(f"{count} {name}" for name, count in told["reasons"].items())
    problems = ", ".join(f"{count} {name}" for name, count in told["problems"].items()) or "nothing is wrong"
    yield f"{told['looked']:,} cases ({reasons or 'none'}): {problems}"
    if not told.get("journal", True):
        more = "" if "day" in told else "; each night it is with a part of the cases, up to 20,000 objects of it"
        yield f"the journal is long: it was not compared{more}"
    if "usd" in told:
        yield f"reading them cost about {told['usd']:.6f} US dollars"
