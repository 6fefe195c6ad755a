"""Quarantine: authentic deliveries that could not be read. Nothing is lost: the body is kept, an escalation is raised,
and after a fix the delivery is replayed through the same door (DESIGN section 3)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.flow.log import log
from chalicelib.flow.messages import Received, group_of, write_received
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Message, Record

KIND = "quarantine"
KEPT = timedelta(days=90)


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
    """Send all of it, or that of one connection, through the inbox again; the number sent.

    An entry leaves quarantine only once its message is queued; if it still cannot be read it comes back.
    """
    sent = 0
    for entry in list(entries(ports, account, connection)):
        data = entry.data
        ident = entry.sort.partition("|")[2]
        message = Received(account, data["connection"], ident, from_ms(data["at"]), data["headers"], blob=data["blob"])
        ports.inbox.send([Message(write_received(message), group=group_of(account, data["connection"]))])
        # What could still not be read is back already, and stays.
        with suppress(Conflict):
            ports.records(account).delete(KIND, entry.sort, expected=entry.version)
        log("replayed", account=account, connection=data["connection"], id=ident)
        sent += 1
    return sent


def describe(entry: Record) -> dict[str, str]:
    """An entry as ops see it."""
    data = entry.data
    return {
        "id": entry.sort, "connection": data["connection"], "received_at": show(from_ms(data["at"])),
        "field": data["field"], "wanted": data["wanted"],
    }  # fmt: skip
