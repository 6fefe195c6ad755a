"""Connections as the shell uses them: looked up once, kept for a minute, secrets opened only where they are needed.

Only `hook` and `act` hold a vault that can open secrets; everywhere else `secrets` and `session` fail.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.core.words import CORE, Vocabulary
from chalicelib.platforms import registry
from chalicelib.platforms.base import Adapter, Session, Shop
from chalicelib.ports.keys import is_name
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection

OPENED = timedelta(minutes=5)
"""An opened secret is kept for so long at most: whoever loses the right to open it loses its use."""
KEPT = timedelta(seconds=60)
"""A changed mode is in force everywhere after this long at most."""
AGAIN = timedelta(seconds=2)
"""What is kept for longer is read anew before anything is refused for it: a rotated secret counts at once."""


class UnknownConnection(LookupError):
    """A message names a connection that does not exist (any more)."""


class Shops:
    """The connections of a deployment, behind a short-lived cache."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._kept: dict[tuple[str, str], tuple[datetime, Connection | None]] = {}
        self._opened: dict[tuple[str, str, str, bytes], tuple[datetime, bytes]] = {}

    def find(self, account: str, name: str, within: timedelta = KEPT) -> Connection | None:
        """As it was stored so long ago at most."""
        now = self._ports.clock.now()
        kept = self._kept.get((account, name))
        if kept is None or kept[0] + within <= now:
            if len(self._kept) > 10_000:
                self._kept.clear()
            kept = self._kept[account, name] = (now, self._ports.connections.get(account, name))
        return kept[1]

    def get(self, account: str, name: str) -> Connection:
        """Read anew before it is said not to exist: what came for it is dropped then. Raises UnknownConnection."""
        found = self.find(account, name) or self.find(account, name, AGAIN)
        if found is None:
            raise UnknownConnection(f"{account}:{name}")
        return found

    def by_token(self, token: str) -> Connection | None:
        """The active connection whose hook address ends in this token, or None. Takes as long either way."""
        account, _, rest = token.partition(".")
        name, _, _ = rest.partition(".")
        if not is_name(account) or not is_name(name):
            return None
        given = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        for within in (KEPT, AGAIN):
            found = self.find(account, name, within)
            if hmac.compare_digest(given, found.token_hash if found else "0" * 64) and found is not None:
                return found if found.active else None
        return None

    def secrets(self, connection: Connection) -> tuple[str, ...]:
        """The live secrets of its hook, newest first. Two are live while one replaces the other."""
        now = self._ports.clock.now()
        live = [one.sealed for one in connection.secrets if one.until is None or one.until > now]
        return tuple(self._open(connection, "secrets", sealed).decode() for sealed in live)

    def session(self, connection: Connection, words: Vocabulary = CORE, secrets: bool = False) -> Session:
        """With opened credentials, for calls to the platform. With the hook's secrets too where they are asked for
        (`secrets`), or where both sides share nothing else."""
        shop, now = shop_of(connection, words), self._ports.clock.now()
        shared = self.secrets(connection) if secrets or not connection.credentials else ()
        if not connection.credentials:
            return Session(shop, {}, now, shared)
        return Session(shop, json.loads(self._open(connection, "credentials", connection.credentials)), now, shared)

    def hook(self, connection: Connection) -> str:
        """The address of its hook; empty where it was not stored yet when this connection was made."""
        return self._open(connection, "hook", connection.hook).decode() if connection.hook else ""

    def _open(self, connection: Connection, what: str, sealed: bytes) -> bytes:
        key, now = (connection.account, connection.name, what, sealed), self._ports.clock.now()
        kept = self._opened.get(key)
        if kept is None or kept[0] + OPENED <= now:
            if len(self._opened) > 10_000:
                self._opened.clear()
            plain = self._ports.vault.decrypt(sealed, context_of(connection.account, connection.name, what))
            kept = self._opened[key] = (now, plain)
        return kept[1]


def context_of(account: str, name: str, what: str) -> dict[str, str]:
    """What binds a sealed secret to its place."""
    return {"account": account, "connection": name, "what": what}


def shop_of(connection: Connection, words: Vocabulary = CORE) -> Shop:
    return Shop(connection.name, connection.platform, connection.address, connection.mapping, connection.options, words)


def hook_of(connection: Connection) -> Callable[[str], bool]:
    """Tells whether an address is this connection's hook, of which only a hash is stored."""

    def is_ours(address: str) -> bool:
        token = address.rstrip("/").rpartition("/")[2]
        found = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(found, connection.token_hash)

    return is_ours


def adapter_of(connection: Connection) -> Adapter:
    return registry.adapter(connection.platform)
