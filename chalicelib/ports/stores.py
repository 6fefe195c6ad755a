"""The ports of everything that is stored or queued. A store handle is bound to one account: a call that would cross
accounts cannot be written. `memory.py` and `chalicelib.aws` keep the same contracts; one suite tests both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chalicelib.core.case import Case, CaseId


class Conflict(Exception):
    """Somebody else wrote first: look again."""


class Newer(Exception):
    """The item was written by a newer form of this program: put the message back, do not touch the item."""


class Clock(Protocol):
    """The only source of the present instant."""

    def now(self) -> datetime: ...


class Cases(Protocol):
    """The cases of one account. Reads are consistent."""

    def get(self, case_id: CaseId) -> Case:
        """The stored case, or a new one of version 0. Raises Newer."""
        ...

    def get_many(self, case_ids: Sequence[CaseId]) -> Mapping[CaseId, Case]:
        """Each asked case, new ones included."""
        ...

    def put(self, case: Case) -> Case:
        """Write on condition that the stored version is `case.version`; the result carries the next one.

        Raises Conflict. Any other exception leaves the outcome unknown: read again, never assume.
        """
        ...

    def scan(self, segment: int, total: int, after: CaseId | None = None) -> Iterator[Case]:
        """Every stored case of one of `total` segments, in an order that stays; from behind `after`, once it was met.

        Reads page by page and may lag behind writes, as nothing else here does. For audits. Raises Newer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Wake:
    """One entry of the wake index: look at this case. Carries no authority (DESIGN law 3). `law_at`: as on the case."""

    case_id: CaseId
    wake_at: datetime
    law_at: datetime | None = None


class WakeIndex(Protocol):
    """The sparse index of what is to be looked at, over all accounts. Reads may lag behind writes."""

    def bucket(self, minute: int, shard: int) -> Iterator[Wake]:
        """Entries whose wake falls into a minute (since 1970), in one shard."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """A stored document with its version (1 and up)."""

    sort: str
    data: Mapping[str, Any]
    version: int


class Records(Protocol):
    """Small documents of one account: policies, purses, checkpoints, quarantine, switches. Keys are (kind, sort)."""

    def get(self, kind: str, sort: str) -> Record | None: ...

    def put(
        self,
        kind: str,
        sort: str,
        data: Mapping[str, Any],
        expected: int | None = None,
        expires: datetime | None = None,
    ) -> int:
        """Write and return the new version. `expected` 0: only where absent; n: only over version n; None: always.

        A put replaces the whole record. One that has expired counts as absent. Raises Conflict.
        """
        ...

    def add(self, kind: str, sort: str, field: str, amount: int, expires: datetime | None = None) -> int:
        """Add to a whole number at the top of the data, atomically, and return its value. Absent counts as 0."""
        ...

    def query(self, kind: str, prefix: str = "", after: str = "") -> Iterator[Record]:
        """The records of a kind in order of `sort`, whose `sort` begins with `prefix` and is past `after`. What comes
        before is not read."""
        ...

    def delete(self, kind: str, sort: str, expected: int | None = None) -> None:
        """What is absent already may be deleted again. `expected` n: only version n, else raises Conflict."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message for a queue, of 1 byte to 256 KB. `delay`: 0 to 900 whole seconds. `group`: whose it is, for fair
    sharing."""

    body: str
    delay: int = 0
    group: str = ""


class Queue(Protocol):
    """Delivers at least once, in any order."""

    def send(self, messages: Iterable[Message]) -> None:
        """Send all, in batches. Raises QueueFailed for those that were not taken, after retrying them once."""
        ...


class Lane(Queue, Protocol):
    """A queue whose sender may ask how much of it waits."""

    def waiting(self) -> int:
        """About how many messages could be received now; delayed and held ones do not count."""
        ...


class QueueFailed(Exception):
    """Some messages were not accepted."""


@dataclass(frozen=True, slots=True)
class Held:
    """A received message; it comes again unless deleted by its `receipt` in time. `receives`: how often it came."""

    id: str
    body: str
    receipt: str
    receives: int


class Receiver(Protocol):
    """The other end of a queue, for what Lambda's event source mapping does not do: dead letters, depth, tests."""

    def receive(self, most: int = 10) -> Sequence[Held]:
        """At most `most` (and at most ten) messages that are there now; empty when none came."""
        ...

    def delete(self, held: Held) -> None: ...

    def release(self, held: Held) -> None:
        """It is to be received again at once, by whoever asks."""
        ...

    def waiting(self) -> int:
        """About how many messages could be received now; delayed and held ones do not count."""
        ...


class Blobs(Protocol):
    """Objects by key, encrypted at rest. Keys begin with `raw/`, `inbox/`, `journal/` or `policies/`: the bucket
    declares how long each lives; any other is refused with a ValueError."""

    def put(self, key: str, body: bytes) -> None: ...

    def get(self, key: str) -> bytes:
        """Raises KeyError."""
        ...

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """In order, those past `after`; what comes before is not read."""
        ...


class Bus(Protocol):
    """The bus of outgoing escalations."""

    def put(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Each a CloudEvent. Raises QueueFailed where the bus did not take all of them."""
        ...


class Vault(Protocol):
    """Encrypts what only hook and act may read. `context` binds a secret to its place."""

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        """Raises ValueError for a secret that is empty or larger than 4 KB."""
        ...

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Raises ValueError where the secret does not belong to this place."""
        ...


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """One secret of a hook, sealed by itself: another one can be put beside it by somebody who cannot open it.

    `until`: from this instant on it is not honoured any more; None while nothing replaces it.
    """

    sealed: bytes = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One store on one platform, as stored. `secrets` (newest first), `credentials` and `hook` are sealed by the Vault.

    `token_hash`: hex SHA-256 of the hook token. `hook`: the address that ends in that token, so that it can be
    subscribed to again; empty where it is not known. `modes`: group of action -> mode. `version` for conditional
    writes.
    """

    account: str
    name: str
    platform: str
    token_hash: str
    secrets: tuple[SealedSecret, ...] = ()
    credentials: bytes = field(repr=False, default=b"")
    address: str = ""
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, str] = field(default_factory=dict)
    acts_from: datetime | None = None
    active: bool = True
    version: int = 0
    hook: bytes = field(repr=False, default=b"")


class Connections(Protocol):
    """The connections of all accounts; the hook knows the account only from the token."""

    def get(self, account: str, name: str) -> Connection | None: ...

    def put(self, connection: Connection) -> Connection:
        """Write on condition of `connection.version`. Raises Conflict."""
        ...

    def names(self, account: str) -> Iterator[str]: ...
