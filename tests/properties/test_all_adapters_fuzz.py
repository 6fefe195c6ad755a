"""Mutated bodies of every platform through the door, the inbox and the store: each ends in a 4xx, in quarantine, or in
events, looks or a reason; never in an exception, and never in a 5xx. Seeded, so a failure comes again."""

import json
import os
import random
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.platforms import registry
from tests.support.deliveries import ROWS
from tests.support.delivery import Row, Told
from tests.support.gate import Gate

PER_GATE = 100
"""Deliveries to one world: so many that cases fill up, so few that they stay small."""
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 255, 2**31, 2**53 + 1, 2**63, 10**18, 10**30, 0.5, -0.0, 1e300, "", " ", "0",
    "-1", "x" * 300, "\x00",
    "\u202eabc", "e\u0301", "\N{SNOWMAN}" * 90, "NaN", "Infinity", "1e5", "１２３", "null", "[]", "{}",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "2026-11-21", "24:00",
    "2026-11-21T10:00:00", "9999-12-31 23:59:59", "gid://shopify/Order/0", "redress:1", "'; --", "../..", "a:b", "a|b",
    "a/b", [], {}, [[]], [None], [{}], {"id": {}}, {"": ""}, [1] * 50,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def changed(value: Any, chance: random.Random) -> Any:
    """The content with one to four places made odd, taken away, swapped, doubled or renamed."""
    value = deepcopy(value)
    for _ in range(chance.randint(1, 4)):
        spots = places(value)
        path = chance.choice(spots)
        if not path:
            if chance.random() < 0.02:
                return chance.choice(ODD)
            continue
        holder, key = at(value, path[:-1]), path[-1]
        how = chance.choice(("odd", "odd", "odd", "cut", "swap", "wrap", "rename"))
        if how == "odd":
            holder[key] = deepcopy(chance.choice(ODD))
        elif how == "cut":
            del holder[key]
        elif how == "swap":
            holder[key] = deepcopy(at(value, chance.choice(spots)))
        elif how == "wrap":
            holder[key] = [holder[key], holder[key]] if chance.random() < 0.5 else {"v": holder[key]}
        elif isinstance(holder, dict):
            holder[f"{key}_"] = holder.pop(key)
    return value


def bruised(body: bytes, chance: random.Random) -> bytes:
    """The bytes with some flipped, cut, doubled or put in."""
    start = chance.randrange(len(body) + 1)
    end = min(len(body), start + chance.randint(0, 12))
    how = chance.choice(("flip", "cut", "end", "double", "noise", "json"))
    if how == "flip" and start < len(body):
        return body[:start] + bytes([body[start] ^ (1 << chance.randrange(8))]) + body[start + 1 :]
    if how == "cut":
        return body[:start] + body[end:]
    if how == "end":
        return body[:start]
    if how == "double":
        return body[:end] + body[start:]
    if how == "noise":
        return body[:start] + chance.randbytes(chance.randint(1, 8)) + body[start:]
    return body[:start] + json.dumps(chance.choice(ODD)).encode() + body[end:]


def request(row: Row, chance: random.Random) -> tuple[bytes, dict[str, str]]:
    told = chance.choice((row.good, row.undo, row.unknown, row.before or row.good, *row.more))
    # What a stranger may put into headers that nobody signs.
    head = dict(told.head)
    if head and chance.random() < 0.1:
        head[chance.choice(sorted(head))] = str(chance.choice(ODD))
    told = Told(told.plain, head)
    try:
        body = row.pack(changed(told.plain, chance))
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError):
        # Not to be packed as this platform does: then its bytes as they are.
        body = row.pack(told.plain)
    if chance.random() < 0.25:
        body = bruised(body, chance)
    secret = row.secrets[2] if chance.random() < 0.02 else ""
    return row.signed(body, told, secret)


def send(there: Gate, body: bytes, headers: dict[str, str], note: str) -> int:
    """One delivery as far as the store; how the door answered it."""
    status: int = there.send(body, headers)["statusCode"]
    assert status < 500, note
    inbox = there.world.queues["inbox"]
    for held in inbox.receive(10):
        assert there.world.consumers["inbox"]([(held.id, held.body)]) == [], note
        inbox.delete(held)
    return status


def fuzz(number: int, seed: int) -> Counter[str]:
    """Sends so many to all platforms in turn; how they ended."""
    ends: Counter[str] = Counter()
    for platform in registry.NAMES:
        ends += fuzz_one(platform, -(-number // len(registry.NAMES)), seed)
    return ends


def fuzz_one(platform: str, share: int, seed: int) -> Counter[str]:
    """Sends so many to one platform; how they ended."""
    ends: Counter[str] = Counter()
    chance = random.Random(f"{seed}/{platform}")
    for start in range(0, share, PER_GATE):
        there = Gate(platform, ROWS[platform])
        for one in range(start, min(share, start + PER_GATE)):
            body, headers = request(ROWS[platform], chance)
            status = send(there, body, headers, f"{platform}, seed {seed}, number {one}: {body[:600]!r}")
            ends[f"{platform}:{'refused' if status >= 400 else 'accepted'}"] += 1
        ends[f"{platform}:quarantined"] += there.quarantined()
        ends[f"{platform}:cases"] += len(there.cases())
    return ends


def check(ends: Counter[str]) -> None:
    for platform in registry.NAMES:
        # Neither everything nor nothing may come through, or the fuzz fuzzes nothing.
        for end in ("accepted", *["cases"] * ROWS[platform].sealed) + (
            ("quarantined",) if platform != "standard" else ("refused",)
        ):
            assert ends[f"{platform}:{end}"], f"{platform}: none {end}"


def test_five_thousand_mutated_deliveries_end_in_a_4xx_or_in_quarantine_or_are_read() -> None:
    check(fuzz(5_000, seed=1))


@pytest.mark.soak
def test_two_hundred_thousand_mutated_deliveries() -> None:
    seed = int(os.environ.get("REDRESS_FUZZ_SEED", "2"))
    ends = fuzz(200_000, seed)
    check(ends)
    print(dict(ends))
