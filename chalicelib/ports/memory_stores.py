"""Records, blobs, bus, vault and connections in memory. See `memory.py`."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import RLock
from typing import Any

from chalicelib.ports.documents import pack, unpack
from chalicelib.ports.keys import (
    check_account,
    check_blob,
    check_name,
    check_record,
    check_secret,
    check_sorts,
    expiry,
    present,
)
from chalicelib.ports.stores import Clock, Conflict, Connection, Record


@dataclass(frozen=True, slots=True)
class _Row:
    packed: str | bytes
    numbers: Mapping[str, int]
    version: int
    expires: int | None


class RecordTable:
    """The records of all accounts."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, _Row]] = {}
        self.lock = RLock()


class MemoryRecords:
    """The records of one account."""

    __slots__ = ("_account", "_clock", "_table")

    def __init__(self, account: str, clock: Clock, table: RecordTable | None = None) -> None:
        self._account = check_account(account)
        self._clock = clock
        self._table = table or RecordTable()

    def get(self, kind: str, sort: str) -> Record | None:
        check_record(kind, sort)
        row = self._row(kind, sort)
        return self._record(sort, row) if row else None

    def put(
        self,
        kind: str,
        sort: str,
        data: Mapping[str, Any],
        expected: int | None = None,
        expires: datetime | None = None,
    ) -> int:
        check_record(kind, sort)
        packed, numbers = pack(data)
        with self._table.lock:
            row = self._row(kind, sort)
            stored = row.version if row else 0
            if expected is not None and expected != stored:
                raise Conflict(f"{kind}/{sort}")
            self._rows(kind)[sort] = _Row(packed, numbers, stored + 1, expiry(expires) if expires else None)
            return stored + 1

    def add(self, kind: str, sort: str, field: str, amount: int, expires: datetime | None = None) -> int:
        check_record(kind, sort)
        with self._table.lock:
            row = self._row(kind, sort) or _Row(*pack({}), 0, None)
            value = row.numbers.get(field, 0) + amount
            until = expiry(expires) if expires else row.expires
            self._rows(kind)[sort] = _Row(row.packed, {**row.numbers, field: value}, row.version + 1, until)
            return value

    def query(self, kind: str, prefix: str = "", after: str = "") -> Iterator[Record]:
        check_sorts(prefix, after)
        with self._table.lock:
            rows = sorted(self._rows(kind).items(), key=lambda item: item[0].encode())
        for sort, row in rows:
            past = not after or sort.encode() > after.encode()
            if past and sort.startswith(prefix) and self._lives(row):
                yield self._record(sort, row)

    def delete(self, kind: str, sort: str, expected: int | None = None) -> None:
        check_record(kind, sort)
        with self._table.lock:
            row = self._row(kind, sort)
            if expected is not None and row is not None and row.version != expected:
                raise Conflict(f"{kind}/{sort}")
            self._rows(kind).pop(sort, None)

    def _rows(self, kind: str) -> dict[str, _Row]:
        return self._table.rows.setdefault(f"{self._account}:{kind}", {})

    def _row(self, kind: str, sort: str) -> _Row | None:
        row = self._rows(kind).get(sort)
        return row if row and self._lives(row) else None

    def _lives(self, row: _Row) -> bool:
        return row.expires is None or row.expires > present(self._clock)

    @staticmethod
    def _record(sort: str, row: _Row) -> Record:
        return Record(sort, unpack(row.packed, row.numbers), row.version)


class MemoryBlobs:
    """Objects by key."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = RLock()

    def put(self, key: str, body: bytes) -> None:
        with self._lock:
            self._objects[check_blob(key)] = bytes(body)

    def get(self, key: str) -> bytes:
        with self._lock:
            return self._objects[check_blob(key)]

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        check_blob(prefix)
        with self._lock:
            return iter(sorted(key for key in self._objects if key.startswith(prefix) and key > after))


class MemoryBus:
    """A bus that keeps what was put on it in `events`."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def put(self, events: Sequence[Mapping[str, Any]]) -> None:
        self.events += [json.loads(json.dumps(event, allow_nan=False)) for event in events]


class MemoryVault:
    """Seals so that tests can tell sealed from plain and one context from another. It protects nothing."""

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        stream = self._stream(context, len(check_secret(plain)))
        return self._tag(plain, context) + bytes(one ^ other for one, other in zip(plain, stream, strict=True))

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        tag, body = sealed[:32], sealed[32:]
        plain = bytes(one ^ other for one, other in zip(body, self._stream(context, len(body)), strict=True))
        if not hmac.compare_digest(tag, self._tag(plain, context)):
            raise ValueError("the secret was not sealed for this place")
        return plain

    @staticmethod
    def _key(context: Mapping[str, str]) -> bytes:
        return json.dumps(context, sort_keys=True).encode()

    def _tag(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        return hmac.digest(self._key(context), plain, "sha256")

    def _stream(self, context: Mapping[str, str], size: int) -> bytes:
        return hashlib.shake_256(self._key(context)).digest(size)


class MemoryConnections:
    """The connections of all accounts."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Connection] = {}
        self._lock = RLock()

    def get(self, account: str, name: str) -> Connection | None:
        return self._rows.get((check_account(account), check_name(name)))

    def put(self, connection: Connection) -> Connection:
        key = (check_account(connection.account), check_name(connection.name))
        with self._lock:
            stored = self._rows.get(key)
            if (stored.version if stored else 0) != connection.version:
                raise Conflict(":".join(key))
            written = replace(connection, version=connection.version + 1)
            self._rows[key] = written
            return written

    def names(self, account: str) -> Iterator[str]:
        with self._lock:
            return iter(sorted(name for owner, name in self._rows if owner == account))
