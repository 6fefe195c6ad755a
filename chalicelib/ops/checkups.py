"""Asking a shop through the ops API, which can open no secret: it writes down what it wants to know, `act` asks, and
whoever wants the answer reads it here. Also leaving a shop: what of ours is taken back, and what is known of its cases.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from chalicelib.connections import connect as connecting
from chalicelib.connections.connect import Change
from chalicelib.connections.leaving import lift
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.words import Mode
from chalicelib.flow import checkup, walk
from chalicelib.flow.checkup import TASKS, Checkup
from chalicelib.flow.looks import POLL
from chalicelib.flow.shops import KEPT, adapter_of
from chalicelib.ops import cases, stores
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import EVERYBODY, OPS, Answer, Call, Route, weight
from chalicelib.ops.keys import Role
from chalicelib.ops.models import Cursor, Instant, Mapped, Says
from chalicelib.ops.wrong import Absent, wrong
from chalicelib.ports.stores import Connection

_INNER = frozenset({"left", "seen", "next", "tries", "digest"})
"""What a task notes for itself."""
FRESH = timedelta(minutes=10)
LONGEST = timedelta(days=3 * 365)
MOST_CASES, MOST_TIME, MOST_TEXT = 500, timedelta(seconds=15), 4_500_000
"""Bounds of one part of an export, its text as weighed by the gate; one case more is far less than what is left."""


class Asked(Says):
    """What to ask. `sample`: `mapping` to read the last orders under (else what is proposed), `preview` so many of
    them. `subscriptions`: with `mend`, put them in order. `backfill`: from `since` on, or from so many `hours` ago; by
    default as last time: one that was given up goes on where it was."""

    mapping: Mapped | None = None
    preview: Annotated[int, Field(ge=0, le=50)] = 10
    mend: bool = False
    since: Instant | None = None
    hours: Annotated[int, Field(ge=1, le=LONGEST // timedelta(hours=1))] | None = None


class Lift(Says):
    """A part of the walk over the cases."""

    cursor: Cursor = ""


def describe(one: Checkup) -> dict[str, Any]:
    """A question and what is known of its answer."""
    told = {name: value for name, value in one.told.items() if name not in _INNER}
    return {
        "task": one.task, "state": one.state, "asked_at": show(one.asked), "at": show(one.at), "words": one.words,
        "mend": one.mend, "told": told,
    }  # fmt: skip


def list_checkups(call: Call) -> Any:
    one = _connection(call)
    found = checkup.entries(call.ports, call.account, one.name)
    return {"checkups": {task: describe(held) for task, held in found.items()}}


def show_checkup(call: Call) -> Any:
    one, task = _connection(call), _task(call)
    found = checkup.find(call.ports, call.account, one.name, task)
    if found is None:
        raise Absent(f"answer to {task} of {one.name}: it was never asked")
    return describe(found)


def ask(call: Call) -> Any:
    """Ask, and answer at once: 202, with what is known so far."""
    one, task, said = _connection(call), _task(call), call.said
    asked: dict[str, Any] = {}
    if task == "sample":
        _check_mapping(call, said.mapping)
        asked = {"mapping": said.mapping, "preview": said.preview}
    elif task == "subscriptions":
        asked = {"mend": said.mend}
    elif task == "renew":
        held = checkup.find(call.ports, call.account, one.name, task)
        asked = {**(held.said if held else {}), "at": show(call.ports.clock.now())}
    elif task == "backfill":
        asked = {"since": show(_since(call, one, said))}
    with journalled(call.ports, call.account, call.actor.name, f"connection.{task}", one.name, **asked):
        delay = _no_history_acts(call, one) if task == "backfill" else 0
        if task == "leave":
            asked = {"acted": _observe(call, one)}
        return Answer(202, describe(checkup.ask(call.ports, call.account, one.name, task, asked, delay)))


def _since(call: Call, one: Connection, said: Asked) -> datetime:
    now, held = call.ports.clock.now(), checkup.find(call.ports, call.account, one.name, "backfill")
    if POLL not in adapter_of(one).looks:
        raise wrong("task", "backfill", f"another one: {one.platform} cannot be asked what changed")
    if said.hours is not None:
        return now - timedelta(hours=said.hours)
    since = parse_instant(held.said["since"]) if said.since is None and held is not None else said.since
    if since is None or not now - LONGEST <= since < now:
        raise wrong("since", show(since) if since else None, f"an instant within {LONGEST.days} days")
    return since


def _check_mapping(call: Call, mapping: dict[str, list[str]] | None) -> None:
    for mark in mapping or {}:
        if mark not in call.desk.book(call.account).words.marks:
            raise wrong(f"mapping.{mark[:40]}", mark[:40], "a mark")


def _no_history_acts(call: Call, one: Connection) -> int:
    """What the past brings was due before this moment; a connection made just now says so already. The seconds until
    everybody knows."""
    now = call.ports.clock.now()
    if one.acts_from is not None and one.acts_from >= now - FRESH:
        return 0
    connecting.amend(call.ports, call.account, one.name, Change(acts_from=now), frozenset())
    return KEPT // timedelta(seconds=1) + 1


def _observe(call: Call, one: Connection) -> bool:
    """Have nothing new planned; whether it did more than observe until now."""
    held, now = checkup.find(call.ports, call.account, one.name, "leave"), call.ports.clock.now()
    acted = any(mode != Mode.OBSERVE for mode in one.modes.values())
    if acted:
        # Said before: of whoever is cut off after it, nobody could tell that others may still act for a while.
        version = held.version if held else 0
        checkup.write(
            call.ports, call.account, one.name, Checkup("leave", "asked", now, now, {"acted": True}, version=version)
        )
        connecting.amend(call.ports, call.account, one.name, Change(modes={"all": Mode.OBSERVE.value}), frozenset())
    return acted or bool(held is not None and held.said.get("acted"))


def lift_part(call: Call) -> Any:
    """Take back what is still ours. `settled`: from now on nobody plans anything new, so a walk with nothing open is
    the last one."""
    one = _connection(call)
    left = checkup.find(call.ports, call.account, one.name, "leave")
    if left is None:
        raise wrong("connection", one.name, "one that is being left: POST .../checkups/leave comes first")
    cursor = _cursor(call, call.said.cursor)
    with journalled(call.ports, call.account, call.actor.name, "connection.lift", one.name) as learnt:
        told = lift(call.ports, call.desk.advance, one, cursor).as_dict()
        learnt.update(lifted=told["lifted"], open=told["open"], dropped=told["dropped"])
    settled = not left.said.get("acted") or call.ports.clock.now() >= left.asked + KEPT
    return {**told, "settled": settled}


def export(call: Call) -> Any:
    """The cases of a connection, one JSON object each, a part at a time."""
    one, began = _connection(call), call.ports.clock.now()
    cursor = _cursor(call, call.query.get("cursor", ""))
    found: list[Any] = []
    looked = size = 0
    for case in walk.cases(call.ports, call.account, cursor):
        late = call.ports.clock.now() - began > MOST_TIME
        if late or looked >= 4 * MOST_CASES or len(found) >= MOST_CASES or size > MOST_TEXT:
            return {"cases": found, "cursor": cursor}
        looked, cursor = looked + 1, walk.cursor_of(case)
        if case.id.connection == one.name:
            found.append(cases.describe(call.desk, case))
            size += weight(found[-1])
    return {"cases": found, "cursor": ""}


def _cursor(call: Call, text: str) -> str:
    try:
        walk.cases(call.ports, call.account, text)
    except ValueError:
        raise wrong("cursor", text[:60], "one that an answer gave") from None
    return text


def _connection(call: Call) -> Connection:
    return stores.get(call.desk, call.account, call.parts["name"])


def _task(call: Call) -> str:
    task = call.parts["task"]
    if task not in TASKS:
        raise Absent(f"{task[:40]}, only {', '.join(TASKS)}")
    return task


_OF = "/connections/{name}"
READS = OPS | {Role.AUDITOR}
ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_OF}/checkups", EVERYBODY, list_checkups),
    Route("GET", f"{_OF}/checkups/{{task}}", EVERYBODY, show_checkup),
    Route("POST", f"{_OF}/checkups/{{task}}", OPS, ask, Asked),
    Route("POST", f"{_OF}/lift", OPS, lift_part, Lift),
    Route("GET", f"{_OF}/export", READS, export),
)
