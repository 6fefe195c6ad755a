"""What is authentic goes into the inbox: small bodies in the message itself, large ones as a pointer. The door of HTTP
and the queues that platforms fill themselves end here alike."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.instants import to_ms
from chalicelib.flow.messages import INLINE_BYTES, Received, group_of, write_received
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection, Message


def receive(ports: Ports, connection: Connection, body: bytes, headers: Mapping[str, str], at: datetime) -> str:
    """Queue one authentic delivery, received `at`; its id. Raises what the ports raise: then the sender tries again."""
    ident = f"{to_ms(at)}-{hashlib.sha256(body).hexdigest()[:16]}"
    message = Received(connection.account, connection.name, ident, at, headers, body)
    if len(body) > INLINE_BYTES:
        blob = f"inbox/{connection.account}/{connection.name}/{ident}"
        ports.blobs.put(blob, body)
        message = Received(connection.account, connection.name, ident, at, headers, blob=blob)
    ports.inbox.send([Message(write_received(message), group=group_of(connection.account, connection.name))])
    return ident
