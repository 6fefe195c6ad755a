"""Ids and states that reading, looking and acting on Mirakl share. Facts: the sheet, section 2."""

from chalicelib.core.events import Subject
from chalicelib.platforms.shapes import ident

READING = 1
TRIAL = "REDRESS_TRIAL"
"""The type of an event of our own, by which the way to us is tried."""

DEAD = frozenset(["CANCELED", "REFUSED"])
"""States of a line, or an order, that nobody has to ship."""
UNSENT = frozenset(["WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING"])
INCIDENT_OPEN, INCIDENT_CLOSED = "INCIDENT_OPEN", "INCIDENT_CLOSED"
AFTER_INCIDENT = frozenset(["SHIPPED", "TO_COLLECT", "RECEIVED", "CLOSED"])
"""States to which a line goes back when its incident is closed; it then has the reason of that. Without an incident a
line in one of these has none."""
REFUNDED = "REFUNDED"
_INCIDENT = ":incident"


def incident(order: str, line: str) -> str:
    """The id of the incident of an order's line: a line has at most one at a time."""
    return f"{order}:{line}{_INCIDENT}"


def incident_line(text: str) -> tuple[str, str]:
    """Order and line of an incident's id; empty ones for another complaint (a thread)."""
    order, _, rest = text.partition(":")
    line = rest.removesuffix(_INCIDENT)
    return (order, line) if rest.endswith(_INCIDENT) and ident(order) and ident(line) else ("", "")


def pair(order: str, own: str) -> str:
    """The id of a refund, which can only be asked for by its order. A return has an id of its own, without a colon."""
    return f"{order}:{own}"


def order_part(subject: Subject) -> str:
    """The order that a subject's own id names; empty where it names none."""
    if subject.kind == "order":
        return ident(subject.id)
    first, colon, _ = subject.id.partition(":")
    return ident(first) if colon and subject.kind in ("refund", "complaint") else ""
