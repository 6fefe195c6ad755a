"""Keys of the ops API. A key reads `ACCOUNT.NAME.SECRET`: the account is part of it, so no request can name another.

Only a hash is stored, and the key itself is shown once. The secret is random and long, so a plain SHA-256 is enough.
The first key is made by `up` and `deploy`, which have AWS credentials; all others through the API.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.instants import from_ms, to_ms
from chalicelib.ops.wrong import Absent, Clash, wrong
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict

KIND = "ops-keys"
_NAME = re.compile(r"[a-z0-9-]{1,40}")
_NOBODY = "0" * 64


class Role(StrEnum):
    """What a key may do: `ops` run the deployment, `reviewer` decides held cases, `auditor` reads, `admin` all."""

    OPS = "ops"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls: a key's account, name and role."""

    account: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed; what it was made of is not kept."""

    name: str
    role: Role
    made_at: datetime


def create(ports: Ports, account: str, name: str, role: str, replace: bool = False) -> str:
    """Make a key and return it; it cannot be shown again. `replace`: an existing one of this name ends.

    Raises Wrong, or Clash where the name is taken.
    """
    if not _NAME.fullmatch(name):
        raise wrong("name", name, "at most 40 of a-z, 0-9 and -")
    if role not in tuple(Role):
        raise wrong("role", role, f"one of {', '.join(Role)}")
    text = f"{account}.{name}.{secrets.token_urlsafe(32)}"
    data = {"hash": _hash(text), "role": role, "at": to_ms(ports.clock.now())}
    try:
        ports.records(account).put(KIND, name, data, expected=None if replace else 0)
    except Conflict:
        raise Clash(f"a key {name} exists already") from None
    return text


def authenticate(ports: Ports, text: str) -> Actor | None:
    """Whose key this is; None where it is none, whatever is wrong with it. Takes as long either way."""
    account, _, rest = text.partition(".")
    name, _, _ = rest.partition(".")
    plain = len(text) <= 200 and _NAME.fullmatch(account) and _NAME.fullmatch(name)
    record = ports.records(account).get(KIND, name) if plain else None
    stored = str(record.data["hash"]) if record else _NOBODY
    matches = hmac.compare_digest(_hash(text), stored)
    return Actor(account, name, Role(record.data["role"])) if record and matches else None


def entries(ports: Ports, account: str) -> Iterator[Key]:
    """The keys of an account by name."""
    for record in ports.records(account).query(KIND):
        yield Key(record.sort, Role(record.data["role"]), from_ms(record.data["at"]))


def remove(ports: Ports, account: str, name: str) -> None:
    """End a key at once. Raises Absent."""
    records = ports.records(account)
    if not _NAME.fullmatch(name) or records.get(KIND, name) is None:
        raise Absent(f"key {name[:40]}")
    records.delete(KIND, name)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
