"""Escalations as the world sees them: CloudEvents 1.0 in JSON, for the bus and for signed webhooks.

No I/O, no buyer, no free text of a shop. The same transition always gives the same bytes, so that telling it again is
harmless. Facts: DESIGN section 5, CloudEvents 1.0.2 and its JSON format; `docs/schemas/escalation.schema.json` is made
from `schema.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.channels.texts import TEMPLATES, Words, summary
from chalicelib.core.case import Case
from chalicelib.core.transitions import Transition, event_id, incident
from chalicelib.core.words import Status

PREFIX = "redress."
TYPES = frozenset(TEMPLATES)
"""Types of outgoing events, without the prefix."""

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

SEVERITY: Mapping[str, str] = {
    "clock.warned": "warning",
    "clock.breached": "error",
    "clock.storm": "critical",
    "action.refused": "warning",
    "action.unknown": "error",
    "penalty.proposed": "warning",
    "source.silent": "error",
    "source.unreadable": "error",
}
"""Where no step names a severity. What is not listed is `info`."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """One outgoing event. `type` is without the prefix; `at` is when the thing became true; `subject` is `KIND/ID`.

    `connection` is empty for what concerns a whole account. `incident` is equal for everything about one clock.
    `title`: language -> the rule's title. Empty text and None mean that there is none.
    """

    id: str
    type: str
    account: str
    connection: str
    subject: str
    at: datetime
    sequence: int
    incident: str
    case: str = ""
    seller: str = ""
    rule: str = ""
    clock: str = ""
    version: str = ""
    basis: str = ""
    cite: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    status: str | None = None
    previous: str | None = None
    start: datetime | None = None
    due: datetime | None = None
    stop: datetime | None = None
    zone: str = ""
    severity: str = ""
    mode: str = ""
    explain: str = ""
    step: str = ""
    action: str = ""
    key: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What an escalation tells beyond the case's own state: the rule's words, the seller, the mode, where to read on.

    `severity`: of the alert that asked for it; empty takes the type's own.
    """

    seller: str = ""
    basis: str = ""
    cite: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    severity: str = ""
    mode: str = ""
    explain: str = ""


def escalation(case: Case, transition: Transition, about: About) -> Escalation:
    """A transition of a case as an escalation."""
    state = transition.state
    stopped = transition.status in (Status.MET, Status.MET_LATE)
    return Escalation(
        id=event_id(case, transition),
        type=transition.type,
        account=case.id.account,
        connection=case.id.connection,
        subject=str(case.id.subject),
        at=transition.at,
        sequence=transition.sequence,
        incident=incident(case, transition.clock),
        case=case.id.local,
        seller=about.seller,
        rule=transition.clock.partition("#")[0],
        clock=transition.clock,
        version=state.version if state else "",
        basis=about.basis,
        cite=about.cite,
        title=about.title,
        status=transition.status,
        previous=transition.previous,
        start=state.start if state else None,
        due=state.due if state else None,
        stop=state.end if state and stopped else None,
        zone=state.zone if state else "",
        severity=about.severity,
        mode=about.mode,
        explain=about.explain,
        step=transition.step,
        action=transition.action,
        key=transition.key,
        reason=transition.reason,
    )


def cloud_event(told: Escalation) -> dict[str, object]:
    """The event as a JSON object. Raises ValueError for a type that is not one of ours."""
    if told.type not in TYPES:
        raise ValueError(f"not a type of outgoing event: {told.type}")
    source = f"redress/{told.account}/{told.connection}" if told.connection else f"redress/{told.account}"
    data: dict[str, object] = {
        "case": told.case,
        "seller": told.seller,
        "rule": told.rule,
        "clock": told.clock,
        "version": told.version,
        "basis": told.basis,
        "cite": told.cite,
        "status": told.status,
        "previous": told.previous,
        "start": _stamp(told.start),
        "due": _stamp(told.due),
        "stop": _stamp(told.stop),
        "zone": told.zone,
        "severity": told.severity or SEVERITY.get(told.type, "info"),
        "mode": told.mode,
        "incident": told.incident,
        "sequence": told.sequence,
        "summary": summary(_words(told)),
        "explain": told.explain,
    }
    extras = {"step": told.step, "action": told.action, "key": told.key, "reason": told.reason}
    return {
        "specversion": "1.0",
        "id": told.id,
        "source": source,
        "type": PREFIX + told.type,
        "subject": told.subject,
        "time": _stamp(told.at),
        "datacontenttype": "application/json",
        "data": data | {name: value for name, value in extras.items() if value},
    }


def encode(event: Mapping[str, object]) -> bytes:
    """The bytes that are signed and posted: UTF-8, no spaces, fields in the order of the document."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _words(told: Escalation) -> Words:
    return Words(
        told.type, told.subject, told.rule, told.title, told.seller, told.due, told.zone or "UTC",
        told.step, told.action, told.reason, told.version,
    )  # fmt: skip


def _stamp(moment: datetime | None) -> str | None:
    """UTC with milliseconds, always: one width, so that text sorts as time does."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
