"""Judging stored cases anew, metered: after a retroactive version, a recall or a calendar, so that they take effect
without waiting for the next event. It only says *look at this case*; what is to be done is decided from the case.

The meter is the queue: a call spreads its messages over the time that they may take, on the lane that never delays what
is in time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.case import CaseId
from chalicelib.flow import walk
from chalicelib.flow.messages import group_of, write_wake
from chalicelib.flow.rulebook import KEPT
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message

MOST_CASES = 1000
MOST_TIME = timedelta(seconds=15)
LONGEST = timedelta(seconds=900)
"""How far a message can be delayed."""
SETTLING = KEPT + timedelta(seconds=2)
"""Nobody looks before the new version is known everywhere."""
MOST_RATE = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """One part of the walk. `until`: when its last case is looked at. `cursor`: where to go on; empty at the end."""

    looked: int
    sent: int
    until: datetime
    cursor: str


def reevaluate(
    ports: Ports, account: str, kinds: frozenset[str], connection: str, rate: int, cursor: str, begin: datetime | None
) -> Sent:
    """Have cases of these kinds (empty: all) looked at, `rate` of them a second, from `begin` on."""
    now = ports.clock.now()
    first = max(begin or now, now + SETTLING)
    looked, messages = 0, list[Message]()
    for case in walk.cases(ports, account, cursor):
        full = len(messages) >= MOST_CASES or first - now + timedelta(seconds=len(messages) / rate) > LONGEST / 2
        if full or ports.clock.now() - now > MOST_TIME:
            break
        looked, cursor = looked + 1, walk.cursor_of(case)
        if _wanted(case.id, kinds, connection):
            messages.append(_message(case.id, first, now, len(messages) / rate))
    else:
        cursor = ""
    ports.late.send(messages)
    return Sent(looked, len(messages), first + timedelta(seconds=len(messages) / rate), cursor)


def _wanted(case_id: CaseId, kinds: frozenset[str], connection: str) -> bool:
    return (not kinds or case_id.subject.kind in kinds) and connection in ("", case_id.connection)


def _message(case_id: CaseId, first: datetime, now: datetime, later: float) -> Message:
    delay = first - now + timedelta(seconds=later)
    group = group_of(case_id.account, case_id.connection)
    return Message(write_wake(case_id, None), -(-min(LONGEST, delay) // timedelta(seconds=1)), group)
