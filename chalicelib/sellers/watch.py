"""The daily look that nobody undid or repeated a measure behind our back.

Two things, a day apart: what yesterday's looks brought is compared with what should stand, and everything is asked
about again. A difference is a mark on the case of the seller or listing, so that our own engine raises the alarm, once
each. What a platform does not show of a measure cannot be compared, and is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.instants import from_ms, show
from chalicelib.core.view import View
from chalicelib.core.words import OPEN_STATES, ActionState
from chalicelib.flow.messages import LookAt, write_task, write_told
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message, Records

MEASURED = "measured"
"""The index of everybody, and every listing, on whom a measure was put."""
KEPT = timedelta(days=400)
"""So long after the last measure began or ended somebody is looked after."""
SETTLING = timedelta(hours=1)
"""A platform may take so long until it shows what it was told."""

_SUSPENDED: Mapping[str, bool] = {
    "inactive": True, "suspended": True, "disabled": True, "banned": True,
    "active": False, "open": False, "enabled": False, "approved": False,
}  # fmt: skip
"""What a status says of a suspension. A shop that closed itself (`closed`, `close`) says nothing of it."""
_ENDED: Mapping[str, bool] = {
    "terminated": True, "banned": True, "active": False, "open": False, "enabled": False, "approved": False,
}  # fmt: skip
_HIDDEN: Mapping[str, bool] = {"publish": False, "published": False, "active": False, "visible": False}
"""Only what is for sale again is told: a seller may take its own listing down whenever it likes."""

_BY_STATUS = {"suspend": _SUSPENDED, "blacklist": _ENDED, "delist": _HIDDEN}
_BY_FLAG = {"restrict": "restricted", "hold_payout": "payout_held"}
_OF_KIND = {"seller": ("restrict", "hold_payout", "suspend", "blacklist"), "listing": ("delist",)}


@dataclass(frozen=True, slots=True)
class Watched:
    """What a round found. `looks`: sellers and listings that were asked about."""

    looks: int
    undone: tuple[str, ...]
    repeated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """`name`: undone or repeated. `seen`: when the platform said so."""

    name: str
    measure: str
    seen: datetime


def note(records: Records, connection: str, target: Subject, now: datetime) -> None:
    """A measure is put on it, stands, or ends: from now on it is looked after."""
    records.put(MEASURED, f"{connection}|{target}", {}, expires=now + KEPT)


def watch(ports: Ports, account: str) -> Watched:
    """One round for an account: compare, tell, ask again."""
    now = ports.clock.now()
    found: dict[str, list[str]] = {"undone": [], "repeated": []}
    asked = 0
    for case_id in _measured(ports, account):
        case = ports.cases(account).get(case_id)
        if wanted(case, now):
            note(ports.records(account), case_id.connection, case_id.subject, now)
        for one in differences(case, now):
            if case_id.local not in found[one.name]:
                found[one.name].append(case_id.local)
            at = one.seen
            event = Event(
                f"watch-{one.name}-{one.measure}-{show(at)}", case_id.subject, at, at, "derived",
                marks=(Mark(f"measure.{one.name}", at, f"{one.measure} {show(at)}"),),
            )  # fmt: skip
            ports.inbox.send([Message(write_told(account, case_id.connection, [event]), group=account)])
        ports.actions.send([Message(write_task(LookAt(account, case_id.connection, case_id.subject)), group=account)])
        asked += 1
    return Watched(asked, tuple(found["undone"]), tuple(found["repeated"]))


def differences(case: Case, now: datetime) -> list[Difference]:
    """Where the platform shows something else than what should stand; empty where it says nothing new."""
    asked, found = wanted(case, now), []
    for measure in _OF_KIND.get(case.id.subject.kind, ()):
        since, told = _settled(case, measure), _shown(case, measure)
        if since is None or told is None or told[1] < since + SETTLING:
            continue
        stands, seen = told
        if measure in asked and not stands:
            found.append(Difference("undone", measure, seen))
        elif stands and measure not in asked and not (measure == "suspend" and "blacklist" in asked):
            found.append(Difference("repeated", measure, seen))
    return found


def wanted(case: Case, now: datetime) -> frozenset[str]:
    """The measures that any penalty or missing document asks for."""
    view = View(case.evidence, now)
    return frozenset(one for one in _OF_KIND.get(case.id.subject.kind, ()) if view.marks(f"measure.{one}"))


def _shown(case: Case, measure: str) -> tuple[bool, datetime] | None:
    """Whether the platform shows the measure, and when it said so."""
    told = case.evidence.facts.get((_BY_FLAG.get(measure, "status"), "platform"))
    if told is None or not told.order[0]:
        return None
    value, stands = told.value, None
    if measure in _BY_FLAG:
        stands = value if isinstance(value, bool) else None
    elif isinstance(value, str):
        stands = _BY_STATUS[measure].get(value.lower())
    return None if stands is None else (stands, from_ms(told.order[1]))


def _settled(case: Case, measure: str) -> datetime | None:
    """Since when the platform should show what we last asked of it; None while that is under way, where it came to
    nothing, or was never asked."""
    rule = f"measure-{measure.replace('_', '-')}"
    asked = [(ActionKey.parse(text), action) for text, action in case.ledger.actions.items()]
    ours = [(key, action) for key, action in asked if key.rule == rule]
    if not ours or any(action.state in OPEN_STATES for _, action in ours):
        return None
    # What became of an earlier time, refused or only observed, says nothing of what should stand now.
    _, latest = max(ours, key=lambda one: (one[0].generation, one[0].undo))
    return latest.try_at if latest.state is ActionState.DONE else None


def _measured(ports: Ports, account: str) -> Iterator[CaseId]:
    for record in ports.records(account).query(MEASURED):
        connection, _, text = record.sort.partition("|")
        kind, _, ident = text.partition("/")
        yield CaseId(account, connection, Subject(kind, ident))
