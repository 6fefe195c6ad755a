"""Asking a shop from the command line: the API writes the question down, `act` answers, and here it is waited for and
told in lines."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.cli._api import Api

PATIENCE = 60.0
"""Seconds without any progress after which the command stops waiting; what was asked goes on."""
FIRST, LONGEST = 0.05, 2.0
"""Seconds between two looks at the answer, growing."""


def ask(
    the_api: Api,
    name: str,
    task: str,
    said: Mapping[str, Any] | None = None,
    watch: Callable[[Mapping[str, Any]], None] = lambda told: None,
) -> dict[str, Any]:
    """Ask and wait; the answer as the API shows it, unended where none came. `watch` sees each step of progress."""
    return wait(the_api, name, task, begin(the_api, name, task, said), watch)


def begin(the_api: Api, name: str, task: str, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Ask, without waiting."""
    told: dict[str, Any] = the_api.ask("POST", ["connections", name, "checkups", task], dict(said or {}))
    return told


def wait(
    the_api: Api,
    name: str,
    task: str,
    told: dict[str, Any],
    watch: Callable[[Mapping[str, Any]], None] = lambda told: None,
) -> dict[str, Any]:
    """Wait until it has ended."""
    pause, end = FIRST, time.monotonic() + PATIENCE
    while not answered(told) and time.monotonic() < end:
        time.sleep(pause)
        pause = min(LONGEST, pause * 1.3)
        before, told = told, the_api.ask("GET", ["connections", name, "checkups", task])
        if told != before:
            watch(told)
            end = time.monotonic() + PATIENCE
    return told


def answered(told: Mapping[str, Any]) -> bool:
    """Whether all is known: a trial has also to arrive."""
    if told["task"] == "trial" and told["state"] == "done" and told["told"].get("offered"):
        return "arrived" in told["told"]
    return told["state"] in ("done", "failed")


def wrong(told: Mapping[str, Any]) -> str:
    """What went wrong, in words; nothing where all is well."""
    if told["state"] == "failed":
        return str(told["words"])
    if answered(told):
        return ""
    if told["task"] == "trial" and told["state"] == "done":
        return f"{told['words']}, but nobody took the delivery up within {PATIENCE:.0f} s"
    so_far = f" ({told['words']})" if told["words"] else ""
    return f"no answer within {PATIENCE:.0f} s{so_far}"


def mend(told: Mapping[str, Any]) -> str:
    """How to mend it."""
    if told["mend"] or not wrong(told):
        return str(told["mend"])
    return "look at redress dlq, and at the logs of act and apply"


def progress(told: Mapping[str, Any]) -> Iterator[str]:
    """How far it has come, for people who wait."""
    if told["words"] and told["state"] == "going":
        yield f"      {told['words']}"


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """An answer for people."""
    bad = wrong(told)
    yield f"{'bad ' if bad else 'well'}  {told['task']}: {bad or told['words']}"
    if bad:
        yield f"      {mend(told)}"


def mapping_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The places that the last orders show, what is proposed, and some of the orders read so."""
    found = told["told"]
    most = sorted(found["places"].items(), key=lambda item: (-item[1], item[0]))
    for place, count in most[:20]:
        yield f"  {count:>5} of {found['orders']}  {place}"
    for mark, places in sorted(found["mapping"].items()):
        yield f"  proposed: {mark} = {', '.join(places)}"
    for row in found["preview"]:
        if "problem" in row:
            yield f"  {row['subject']}  could not be read: {row['problem']}"
            continue
        marks = [
            f"{one['mark']} {one['at']}" + ("" if one["subject"] == row["subject"] else f" ({one['subject']})")
            for one in row["marks"]
        ]
        yield f"  {row['subject']}  {'; '.join(marks) or 'no mark'}"
