"""Leave a store: remove our subscriptions, take back what is still ours there, and switch the connection off.

Open holds, tags, delistings and suspensions of ours are lifted where the platform has a way back; planned actions are
dropped; what could not be undone is listed, and the exit code is then 1. Money paid and messages sent stay. Its cases
stay too, and are exported: to a file in this directory or to FILE, one JSON object a line, and the journal of its
events beside it in FILE.history, as a history that `backtest` reads."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib.cli import _api as ops
from chalicelib.cli import _checkups as checkups
from chalicelib.cli._common import tell
from chalicelib.cli.connections import describe
from chalicelib.cli.main import DONE, NO, Wrong
from chalicelib.connections.check import NAME, NAME_WANTED
from chalicelib.ports.clock import SystemClock


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="CONNECTION")
    parser.add_argument("--export", type=Path, metavar="FILE", help="default: CONNECTION-INSTANT.jsonl, here")
    parser.add_argument("--no-export", action="store_true", help="write no file")
    parser.add_argument("--only-switch-off", action="store_true", help="ask the shop nothing, take nothing back")
    ops.register(parser)


def run(args: argparse.Namespace) -> int:
    if args.no_export and args.export:
        raise Wrong("--export and --no-export: one of them")
    file = args.export if args.export or args.no_export or args.only_switch_off else _default(args.name)
    for path in _files(file) if file else ():
        if path.exists():
            raise Wrong(f"{path}: is there already")
        # Before anything is taken back: a store that was left and not exported would have to be asked again.
        if not path.parent.is_dir():
            raise Wrong(f"{path.parent}: No such file or directory")
    undone = 0

    def work(api: ops.Api) -> Any:
        nonlocal undone
        told: dict[str, Any] = {}
        if not args.only_switch_off:
            told["left"] = left = checkups.ask(api, args.name, "leave")
            _say(args, checkups.lines(left))
            told["lifted"] = lifted = _lift(api, args)
            _say(args, _lifted(lifted))
            undone = bool(checkups.wrong(left)) + len(lifted["stays"]) + lifted["open"]
        if file:
            told["exported"] = _export(api, args.name, file)
            _say(args, [f"exported: {told['exported']}"])
        return {**api.ask("DELETE", ["connections", args.name]), **told}

    code = ops.call(args, work, describe)
    return NO if code == DONE and undone else code


def _lift(api: ops.Api, args: argparse.Namespace) -> dict[str, Any]:
    """Walk over the cases until nothing is under way any more and nobody can plan anything new."""
    pause, end, open_ = checkups.FIRST, time.monotonic() + checkups.PATIENCE, -1
    dropped = 0
    while True:
        told = _walk(api, args.name)
        dropped += told["dropped"]
        if told["open"] != open_:
            open_, end = told["open"], time.monotonic() + checkups.PATIENCE
        if (told["settled"] and not open_) or time.monotonic() > end + (0 if told["settled"] else checkups.PATIENCE):
            return {**told, "dropped": dropped}
        time.sleep(pause)
        pause = min(checkups.LONGEST, pause * 1.3)


def _walk(api: ops.Api, name: str) -> dict[str, Any]:
    lifted: Counter[str] = Counter()
    whole: dict[str, Any] = {"open": 0, "dropped": 0, "stays": [], "settled": False}
    cursor = ""
    while True:
        part = api.ask("POST", ["connections", name, "lift"], {"cursor": cursor})
        lifted.update(part["lifted"])
        for count in ("open", "dropped"):
            whole[count] += part[count]
        whole["stays"] += part["stays"]
        whole["settled"], cursor = part["settled"], part["cursor"]
        if not cursor:
            return {**whole, "lifted": dict(lifted)}


def _default(name: str) -> Path:
    """A file of this moment's own, for a name that can be one."""
    if not NAME.fullmatch(name):
        raise Wrong(f"found {name[:40]!r}, wanted the name of a connection: {NAME_WANTED}")
    return Path(f"{name}-{SystemClock().now():%Y%m%dT%H%M%SZ}.jsonl")


def _files(path: Path) -> tuple[Path, Path]:
    return path, path.with_name(path.name + ".history")


def _export(api: ops.Api, name: str, path: Path) -> str:
    cases, history = _files(path)
    with cases.open("x", encoding="utf-8") as file:
        number = 0
        for one in _pages(api, ["connections", name, "export"], "cases", {}):
            file.write(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n")
            number += 1
    with history.open("x", encoding="utf-8") as file:
        told = 0
        for line in _pages(api, ["journal"], "lines", {"connection": name}):
            file.write(line + "\n")
            told += 1
    return f"{number} cases to {cases}, {told} lines of their journal to {history}"


def _pages(api: ops.Api, parts: list[str], field: str, query: dict[str, str]) -> Iterator[Any]:
    cursor = ""
    while True:
        part = api.ask("GET", parts, **query, cursor=cursor)
        yield from part[field]
        cursor = part["cursor"]
        if not cursor:
            return


def _lifted(told: Any) -> Iterator[str]:
    counts = ", ".join(f"{number} {action}" for action, number in told["lifted"].items())
    yield f"lifted: {counts or 'nothing was ours any more'}; {told['dropped']} planned actions dropped"
    if told["open"]:
        yield f"bad   {told['open']} are still under way: they go on (redress stopped tells what holds them)"
    for one in told["stays"]:
        yield f"bad   {one['action']} on {one['case']} stays: {one['why']}"


def _say(args: argparse.Namespace, lines: Any) -> None:
    for line in () if args.json else lines:
        tell(line)
