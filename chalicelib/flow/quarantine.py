"""Quarantine: authentic deliveries that could not be read. Nothing is lost: the body is kept, an escalation is raised,
and after a fix the delivery is replayed through the same door (DESIGN section 3)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.flow.log import log
from chalicelib.flow.messages import Received, group_of, write_received
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Message, Record

KIND = "quarantine"
KEPT = timedelta(days=90)
MOST, MOST_TIME = 500, timedelta(seconds=15)
"""Bounds of one part: a call of the ops API must answer in time."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a delivery could not be read: the field and what was wanted; never what was found, which may be personal."""

    field: str
    wanted: str


def keep(ports: Ports, received: Received, body: bytes, problem: Problem) -> None:
    """Put a delivery aside. Repeating it changes nothing."""
    blob = f"quarantine/{received.account}/{received.connection}/{received.id}"
    ports.blobs.put(blob, body)
    ports.records(received.account).put(
        KIND,
        f"{received.connection}|{received.id}",
        {
            "connection": received.connection, "blob": blob, "headers": dict(received.headers),
            "at": to_ms(received.received_at), "field": problem.field, "wanted": problem.wanted,
        },
        expires=ports.clock.now() + KEPT,
    )  # fmt: skip
    log(
        "quarantined", level="error", account=received.account, connection=received.connection, id=received.id,
        field=problem.field, wanted=problem.wanted,
    )  # fmt: skip


def entries(ports: Ports, account: str, connection: str = "") -> Iterator[Record]:
    """What lies in quarantine, oldest first within a connection."""
    return ports.records(account).query(KIND, f"{connection}|" if connection else "")


def replay(ports: Ports, account: str, connection: str = "") -> int:
    """Send all of it, or that of one connection, through the inbox again; the number sent."""
    sent, after = replay_part(ports, account, connection)
    while after:
        more, after = replay_part(ports, account, connection, after)
        sent += more
    return sent


def replay_part(ports: Ports, account: str, connection: str = "", after: str = "") -> tuple[int, str]:
    """A part of it, from behind `after`: the number sent, and where to go on; empty at the end.

    An entry leaves quarantine only once its message is queued; if it still cannot be read it comes back, to a place
    that lies behind already, so that a walk over all of it ends.
    """
    sent, began = 0, ports.clock.now()
    found = ports.records(account).query(KIND, f"{connection}|" if connection else "", after)
    for entry in list(islice(found, MOST)):
        if ports.clock.now() - began > MOST_TIME:
            return sent, after
        data = entry.data
        ident = entry.sort.partition("|")[2]
        message = Received(account, data["connection"], ident, from_ms(data["at"]), data["headers"], blob=data["blob"])
        ports.inbox.send([Message(write_received(message), group=group_of(account, data["connection"]))])
        # What could still not be read is back already, and stays.
        with suppress(Conflict):
            ports.records(account).delete(KIND, entry.sort, expected=entry.version)
        log("replayed", account=account, connection=data["connection"], id=ident)
        sent, after = sent + 1, entry.sort
    return sent, after if sent == MOST else ""


def describe(entry: Record) -> dict[str, str]:
    """An entry as ops see it."""
    data = entry.data
    return {
        "id": entry.sort, "connection": data["connection"], "received_at": show(from_ms(data["at"])),
        "field": data["field"], "wanted": data["wanted"],
    }  # fmt: skip
