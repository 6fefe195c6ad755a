"""How keys are spelled and what is refused before a store is asked, the same for every implementation of the ports.

An account's name opens every key, and holds no `:`; so no key of one account can be read as a key of another.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from zlib import crc32

from chalicelib.core.case import Case, CaseId
from chalicelib.core.instants import from_ms, to_ms
from chalicelib.ports.stores import Clock, Message, Wake

MINUTE = 60_000
MAX_DELAY = 900
"""Seconds that a queue can delay (Amazon SQS, DelaySeconds)."""
MAX_BODY = 256 * 1024
"""Bytes of one message and of one batch. SQS takes 1 MiB in all since 2025; the older limit holds everywhere."""
MAX_SECRET = 4096
"""Bytes that AWS KMS encrypts without an envelope."""
MAX_SORT = 1024
"""Bytes of a sort key (Amazon DynamoDB)."""
PREFIXES = ("raw/", "inbox/", "quarantine/", "journal/", "policies/")

_NAME = re.compile("[a-z0-9-]{1,40}")

T = TypeVar("T")


def shard_of(key: str, shards: int) -> int:
    """The shard of a case's wakes: stable over processes and versions of Python."""
    return crc32(key.encode()) % shards


def minute_of(moment: datetime) -> int:
    return to_ms(moment) // MINUTE


def wake_bucket(minute: int, shard: int) -> str:
    return f"{minute}#{shard}"


def wake_of(case: Case) -> Wake | None:
    """What the index shows of a case."""
    return None if case.wake_at is None else Wake(case.id, case.wake_at, case.law_at)


def wake_sort(wake: Wake) -> str:
    """Orders the wakes of a bucket by instant: "<ms>#<key>" or, with a legal deadline, "<ms>+<ms from there>#<key>".

    Thirteen digits reach the year 2286."""
    at = to_ms(wake.wake_at)
    law = "" if wake.law_at is None else f"+{to_ms(wake.law_at) - at}"
    return f"{at:013d}{law}#{wake.case_id}"


def read_wake(sort: str) -> Wake:
    """The reverse of `wake_sort`. Raises ValueError."""
    when, _, key = sort.partition("#")
    at, _, law = when.partition("+")
    return Wake(CaseId.parse(key), from_ms(int(at)), from_ms(int(at) + int(law)) if law else None)


def is_name(text: str) -> bool:
    """Whether an account or a connection may be called so."""
    return _NAME.fullmatch(text) is not None


def check_account(account: str) -> str:
    """The account, if a handle may be bound to it. Raises ValueError."""
    if not is_name(account):
        raise ValueError(f"account: found {account[:64]!r}, wanted at most 40 of a-z, 0-9 and -")
    return account


def check_name(name: str) -> str:
    """The name of a connection, spelled like an account's. Raises ValueError."""
    if not is_name(name):
        raise ValueError(f"connection: found {name[:64]!r}, wanted at most 40 of a-z, 0-9 and -")
    return name


def check_secret(plain: bytes) -> bytes:
    """The secret, if the vault can seal it. Raises ValueError; the text does not show it."""
    if not 0 < len(plain) <= MAX_SECRET:
        raise ValueError(f"secret: found {len(plain)} bytes, wanted 1 to {MAX_SECRET}")
    return plain


def check_case(account: str, case_id: CaseId) -> str:
    """The key of a case of this account. Raises ValueError for another's."""
    if case_id.account != account:
        raise ValueError(f"a handle of account {account!r} was asked for a case of {case_id.account!r}")
    return str(case_id)


def check_segment(segment: int, total: int) -> None:
    """Raises ValueError for a segment that a scan does not have (DynamoDB takes up to a million)."""
    if not 0 <= segment < total <= 1_000_000:
        raise ValueError(f"segment: found {segment} of {total}, wanted one from 0 below the total")


def check_record(kind: str, sort: str) -> None:
    """Raises ValueError for a key that a store would refuse."""
    if not kind or not sort:
        raise ValueError(f"a record needs a kind and a sort, found {kind!r} and {sort!r}")
    check_sorts(sort)


def check_sorts(*sorts: str) -> None:
    """Raises ValueError for a sort, or the beginning of one, that is longer than any; the text does not show it."""
    longest = max(len(one.encode()) for one in sorts)
    if longest > MAX_SORT:
        raise ValueError(f"sort: found {longest} bytes, wanted at most {MAX_SORT}")


def check_blob(key: str) -> str:
    """The key of an object, if it lies under a prefix whose lifetime is declared. Raises ValueError."""
    if not key.startswith(PREFIXES):
        raise ValueError(f"blob key: found {key[:64]!r}, wanted one under {', '.join(PREFIXES)}")
    return key


def check_message(message: Message) -> Message:
    """The message, if a queue can take it. Raises ValueError; the text does not show the body."""
    size = len(message.body.encode())
    if not 0 < size <= MAX_BODY:
        raise ValueError(f"message body: found {size} bytes, wanted 1 to {MAX_BODY}; a larger one belongs into a blob")
    if not 0 <= message.delay <= MAX_DELAY:
        raise ValueError(f"message delay: found {message.delay}, wanted 0 to {MAX_DELAY} seconds")
    return message


def expiry(moment: datetime) -> int:
    """The epoch second at which a record has expired: never earlier than asked for."""
    return -(-to_ms(moment) // 1000)


def present(clock: Clock) -> int:
    """The present epoch second, to compare with `expiry`."""
    return to_ms(clock.now()) // 1000


def batches(items: Iterable[tuple[T, int]], count: int, size: int) -> Iterator[Sequence[T]]:
    """Items in order, in batches of at most `count` items and `size` bytes in all. Each item comes with its bytes."""
    batch: list[T] = []
    total = 0
    for item, weight in items:
        if batch and (len(batch) == count or total + weight > size):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += weight
    if batch:
        yield batch
