"""Keys that a platform publishes and may change at any time: fetched when the door met one that it does not know, and
stored as the hook's newest secret beside the older ones. At most once a minute, because a stranger may name any key.
"""

from datetime import timedelta

from chalicelib.core.instants import to_ms
from chalicelib.flow import credentials
from chalicelib.flow.log import log
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.platforms.base import HasKeys, Later, Refused
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection

KIND = "keys"
PAUSE = timedelta(minutes=1)
AGAIN = timedelta(seconds=10)


def refresh(ports: Ports, shops: Shops, connection: Connection) -> Later | None:
    """Fetch and store the keys where they changed; Later where the platform does not answer now."""
    # Only what asks for keys needs the checks of connecting, and they are heavy.
    from chalicelib.connections.connect import rotate

    adapter = adapter_of(connection)
    account, name, now = connection.account, connection.name, ports.clock.now()
    last = ports.records(account).get(KIND, name)
    if not isinstance(adapter, HasKeys) or (last is not None and to_ms(now - PAUSE) < int(last.data["at"])):
        return None
    ports.records(account).put(KIND, name, {"at": to_ms(now)})
    try:
        found = credentials.run(ports, shops, connection, adapter.keys)
    except (Unsent, Uncertain):
        found = Later(AGAIN.total_seconds(), "no answer")
    if isinstance(found, Later):
        ports.records(account).put(KIND, name, {"at": to_ms(now - PAUSE + AGAIN)})
        return found
    if isinstance(found, Refused):
        log("keys_refused", level="error", account=account, connection=name, reason=found.reason)
    elif found not in shops.secrets(connection):
        rotate(ports, account, name, "", secret=found)
        log("keys_changed", level="warning", account=account, connection=name)
    return None
