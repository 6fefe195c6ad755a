"""Buyers as keyed hashes: who a buyer is never reaches a case, a log or the journal, and two accounts' hashes of one
buyer do not match (DESIGN law 12)."""

import hashlib
import hmac
import secrets
from contextlib import suppress

from chalicelib.core.events import Event
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict

KIND, SORT = "keys", "buyer"


class Buyers:
    """Hashes the fact `buyer` of events under the account's own key."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._keys: dict[str, bytes] = {}

    def veil(self, account: str, event: Event) -> Event:
        """The same event with its buyer hashed; hashing again gives another value, so do it once, at the door."""
        buyer = event.facts.get("buyer")
        if not isinstance(buyer, str):
            return event
        hashed = hmac.new(self._key(account), buyer.encode(), hashlib.sha256).hexdigest()[:24]
        return event._replace(facts={**event.facts, "buyer": hashed})

    def _key(self, account: str) -> bytes:
        if account not in self._keys:
            records = self._ports.records(account)
            record = records.get(KIND, SORT)
            if record is None:
                with suppress(Conflict):
                    records.put(KIND, SORT, {"key": secrets.token_hex(32)}, expected=0)
                record = records.get(KIND, SORT)
            assert record is not None, "the key was just written"
            self._keys[account] = bytes.fromhex(record.data["key"])
        return self._keys[account]
