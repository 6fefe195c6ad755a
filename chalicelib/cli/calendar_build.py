"""Compile a calendar: the days of the holidays package, and overlays over them, as hashed data.

    redress calendar build CN --overlay 2027.yaml
    redress calendar build --all

Writes CODE.json into --out (the calendars that ship, if not given). Overlays are laid one over the other, in the order
in which they are given. Exit code 0 where all was written, 1 where an overlay has mistakes (all are told).
"""

import argparse
from pathlib import Path

from chalicelib.cli import _common as common
from chalicelib.cli._calendar_recipes import RECIPES, recipe_of
from chalicelib.cli._calendar_snapshot import NoSnapshot, snapshot
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.core.calendar_data import CODE, MAX_BYTES, SHIPPED, dump, load, shipped
from chalicelib.core.calendars import BadCalendar, Calendar
from chalicelib.core.overlays import apply, unnamed
from chalicelib.rules.overlay import read_overlay
from chalicelib.rules.problems import Mistakes, Problem


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("codes", nargs="*", metavar="CODE", help="a country, or a part: CN, DE-BY, GB-ENG, ECB")
    parser.add_argument("--all", action="store_true", help="every calendar that ships")
    parser.add_argument("--overlay", action="append", default=[], metavar="FILE", help="may be given several times")
    parser.add_argument("--base", metavar="FILE", help="lay over a compiled calendar, or 'shipped'; no package needed")
    parser.add_argument("--zone", metavar="ZONE", help="the IANA zone of a code that does not ship")
    parser.add_argument("--out", metavar="DIR", default=str(SHIPPED), help="where CODE.json is written")
    common.add_json(parser)


def run(args: argparse.Namespace) -> int:
    codes = [*args.codes, *(RECIPES if args.all else ())]
    if not codes:
        raise Wrong("which calendar? a code like CN, or --all")
    if len(codes) > 1 and (args.overlay or args.base or args.zone):
        raise Wrong("--overlay, --base and --zone go with one code")
    out = Path(args.out)
    if not out.is_dir():
        raise Wrong(f"--out: {out} is no directory")
    told = []
    for code in codes:
        base = _base(code, args.base, args.zone)
        try:
            calendar = _laid_over(base, args.overlay)
        except Mistakes as mistakes:
            return _refused(mistakes.problems, args.json)
        path = out / f"{code}.json"
        path.write_bytes(dump(calendar))
        told.append(_summary(calendar, path))
        common.tell(f"{path}: {_line(calendar)}")
    if args.json:
        common.put_json({"valid": True, "calendars": told, "errors": []})
    return DONE


def _base(code: str, base: str | None, zone: str | None) -> Calendar:
    if not CODE.fullmatch(code):
        raise Wrong(f"{code[:40]!r} is no code: found that, wanted a country or a part of one, like CN or DE-BY")
    try:
        if base is None:
            return snapshot(recipe_of(code, zone))
        found = shipped(code) if base == "shipped" else load(_read(base))
    except (NoSnapshot, ValueError) as error:
        raise Wrong(f"{base or code}: {error}" if isinstance(error, BadCalendar) else str(error)) from None
    if found is None or found.code != code:
        raise Wrong(f"--base: found {'no such calendar' if found is None else found.code}, wanted {code}")
    return found


def _laid_over(base: Calendar, overlays: list[str]) -> Calendar:
    for file in overlays:
        overlay = read_overlay(_read(file), file, base)
        silent = unnamed(base, overlay)
        if silent:
            days = ", ".join(f"{day} {name}".rstrip() for day, name in silent.items())
            common.tell(f"{file}: no word of {days}: working days now; if they are not, name them under holidays")
        base = apply(base, overlay)
    return base


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise Wrong(f"{file}: {error.strerror}") from None


def _refused(problems: tuple[Problem, ...], as_json: bool) -> int:
    for problem in problems:
        common.tell(problem)
    common.tell(f"{len(problems)} mistakes; nothing was written")
    if as_json:
        common.put_json({"valid": False, "calendars": [], "errors": [problem.as_dict() for problem in problems]})
    return NO


def _line(calendar: Calendar) -> str:
    plan = calendar.plan
    days = f"{len(plan.holidays)} holidays, {len(plan.working)} make-up days, {len(plan.maybe)} that may go either way"
    until = calendar.known_until or "ever"
    return f"{calendar.code} in {calendar.zone}, known until {until}, {days}, {calendar.digest[:12]}"


def _summary(calendar: Calendar, path: Path) -> dict[str, object]:
    return {
        "code": calendar.code,
        "file": str(path),
        "zone": calendar.zone,
        "known_from": calendar.known_from and str(calendar.known_from),
        "known_until": calendar.known_until and str(calendar.known_until),
        "holidays": len(calendar.plan.holidays),
        "working": len(calendar.plan.working),
        "digest": calendar.digest,
        "sources": [source.name for source in calendar.sources],
    }
