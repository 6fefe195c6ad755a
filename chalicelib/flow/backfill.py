"""The past of a shop, from an instant on: the same looks as after a silence, one after the other, so that no queue is
flooded and the platform's own pace is kept. It acts on nothing: what was due before `acts_from` is judged and listed,
neither acted on nor told (`flow.project`).

How far it has come stands in its record, so a crash repeats a few looks at most, and looks bear repetition.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.core.events import Subject
from chalicelib.core.instants import parse_instant, show
from chalicelib.flow.checking import STEP, Desk, Failed, Result
from chalicelib.flow.checkup import Checkup
from chalicelib.flow.log import log
from chalicelib.flow.looks import POLL, NoLook
from chalicelib.platforms.base import Later, Read

PATIENCE = 8
"""Tries, some minutes, after which one subject that the platform never answers for is left out, and counted."""


def go_on(desk: Desk, held: Checkup) -> Result:
    """Take it a step further: ask what changed, ask about what that named, until the present is reached.

    Told: `found` so many subjects, `asked` about so many, `refused` so many; `until`: changes up to this instant are
    found. Each step keeps what it has before it waits.
    """
    told = dict(held.told) or _start(str(held.said["since"]))
    began = desk.ports.clock.now()
    while told["left"] or told["next"]:
        if desk.ports.clock.now() - began > STEP:
            return replace(held, state="going", told=told, words=_words(told))
        answer = _next(desk, told) if told["left"] else _page(desk, told)
        if isinstance(answer, Failed):
            return answer
        if isinstance(answer, Later):
            tries = held.tries if told == held.told else 0
            desk.keep(replace(held, state="going", told=told, words=_words(told), tries=tries))
            return answer
        if told["left"] and held.told.get("next") != told["next"]:
            # A page may be the answer to many calls; what it named is not to be asked for twice.
            held = desk.keep(replace(held, state="going", told=dict(told), words=_words(told)))
    told["until"] = show(desk.ports.clock.now())
    return replace(held, state="done", told=told, words=_words(told))


def _start(since: str) -> dict[str, Any]:
    """`next`: from where to ask what changed; `left`: what to ask about; `seen`: what the last page named, because
    pages overlap; `tries`: in vain, about the first of `left`."""
    counts = {"found": 0, "asked": 0, "refused": 0}
    return {"since": since, "until": since, "next": since, "left": [], "seen": [], "tries": 0, **counts}


def _words(told: dict[str, Any]) -> str:
    left_out = f", {told['refused']} refused" if told["refused"] else ""
    return f"{told['found']} found, {told['asked']} asked{left_out}, changes up to {told['until']}"


def _page(desk: Desk, told: dict[str, Any]) -> Later | Failed | None:
    """What changed since `next`: what to ask about, and from where to ask next."""
    subject = Subject(POLL, told["next"])
    try:
        read = desk.looks.read(desk.connection, subject, insist=True)
    except NoLook as error:
        return Failed(f"it cannot be asked what changed: {error.reason}", "look at its credentials and their rights")
    if isinstance(read, Later):
        return read
    onward = [one.id for one in read.looks if one.kind == POLL and one != subject]
    named = [[one.kind, one.id] for one in read.looks if one.kind != POLL]
    fresh = [one for one in named if one not in told["seen"]]
    # Some answer with what happened itself.
    happened = {event.subject for event in read.events}
    desk.looks.pass_on(desk.connection, read.events)
    told["next"] = onward[-1] if onward else ""
    told["until"] = _instant(told["next"]) or told["until"]
    told["found"] += len(fresh) + len(happened)
    told["asked"] += len(happened)
    told["left"], told["seen"] = fresh, named
    return None


def _next(desk: Desk, told: dict[str, Any]) -> Later | None:
    """Ask about the first of what is left."""
    subject = Subject(*told["left"][0])
    try:
        read: Read | Later = desk.looks.read(desk.connection, subject, insist=True)
    except NoLook as error:
        _leave_out(desk, told, subject, error.reason)
        return None
    if isinstance(read, Later):
        told["tries"] += 1
        if told["tries"] < PATIENCE:
            return read
        _leave_out(desk, told, subject, read.reason)
        return None
    desk.looks.pass_on(desk.connection, read.events)
    told["asked"] += 1
    told["left"], told["tries"] = told["left"][1:], 0
    return None


def _leave_out(desk: Desk, told: dict[str, Any], subject: Subject, reason: str) -> None:
    log(
        "backfill_left_out", level="warning", account=desk.connection.account, connection=desk.connection.name,
        case=str(subject), reason=reason,
    )  # fmt: skip
    told["refused"] += 1
    told["left"], told["tries"] = told["left"][1:], 0


def _instant(text: str) -> str:
    """The instant that a position begins with; some platforms add an offset to it."""
    try:
        found: datetime = parse_instant(text.partition("|")[0])
    except ValueError:
        return ""
    return show(found)
