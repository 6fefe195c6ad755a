"""The daily look that nobody undid or repeated a measure behind our back.

Two things, a day apart: what yesterday's looks brought is compared with what should stand, and everything is asked
about again. A difference is a mark on the seller's case, so that our own engine raises the alarm, once each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.instants import from_ms, show
from chalicelib.core.view import View
from chalicelib.core.words import ActionState
from chalicelib.flow.messages import LookAt, write_task, write_told
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message

PENALTIES = "penalties"
SETTLING = timedelta(hours=1)
"""A platform may take so long until it shows what it was told."""
CLOSED = frozenset({"inactive", "suspended", "disabled", "banned", "closed"})
RULE = "measure-suspend"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a round found. `looks`: sellers that were asked about."""

    looks: int
    undone: tuple[str, ...]
    repeated: tuple[str, ...]


def watch(ports: Ports, account: str) -> Watched:
    """One round for an account: compare, tell, ask again."""
    now = ports.clock.now()
    undone: list[str] = []
    repeated: list[str] = []
    asked = 0
    for case_id in _sellers(ports, account):
        case = ports.cases(account).get(case_id)
        found = difference(case, now)
        if found:
            name, at = found
            (undone if name == "undone" else repeated).append(case_id.local)
            event = Event(
                f"watch-{name}-{show(at)}", case_id.subject, at, at, "derived",
                marks=(Mark(f"measure.{name}", at, f"suspend {show(at)}"),),
            )  # fmt: skip
            ports.inbox.send([Message(write_told(account, case_id.connection, [event]), group=account)])
        ports.actions.send([Message(write_task(LookAt(account, case_id.connection, case_id.subject)), group=account)])
        asked += 1
    return Watched(asked, tuple(undone), tuple(repeated))


def difference(case: Case, now: datetime) -> tuple[str, datetime] | None:
    """`undone` or `repeated`, and when the platform said so; None where it says what should be, or says nothing new."""
    told = case.evidence.facts.get(("status", "platform"))
    if told is None or not isinstance(told.value, str):
        return None
    kind, number, _, _ = told.order
    if not kind:
        return None
    seen, closed = from_ms(number), told.value in CLOSED
    wanted = bool(View(case.evidence, now).marks("measure.suspend"))
    since = _settled(case)
    if since is None or seen < since + SETTLING:
        return None
    if wanted and not closed and told.value == "active":
        return "undone", seen
    return ("repeated", seen) if not wanted and closed else None


def _settled(case: Case) -> datetime | None:
    """Since when the platform should show what we asked of it; None while that is under way or was never asked."""
    latest = None
    for text, action in case.ledger.actions.items():
        if ActionKey.parse(text).rule != RULE:
            continue
        if action.state is not ActionState.DONE:
            return None
        latest = action.try_at if latest is None else max(latest, action.try_at)
    return latest


def _sellers(ports: Ports, account: str) -> Iterator[CaseId]:
    """Everybody whom a penalty ever put a measure on, once."""
    seen = set()
    for row in ports.records(account).query(PENALTIES):
        if row.data["measure"] == "suspend" and row.data["seller"]:
            connection = row.data["penalty"].partition(":")[0]
            seen.add((connection, row.data["seller"]))
    for connection, seller in sorted(seen):
        yield CaseId(account, connection, Subject("seller", seller))
