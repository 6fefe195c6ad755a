"""Where the journal lies: an object for each batch of the stream, by day; and, once a day is over, the same lines again
in few large objects, so that reading all of a journal does not take one request for each delivery that ever came.

Nothing is rewritten or removed. Of a day that is packed the large objects are read and the small ones passed over;
until its mark is there, which is written last, it is the other way round: a packing that is cut off costs only time.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta

from chalicelib.ports.ports import Ports

OVER = timedelta(days=1, minutes=10)
"""So long after its end nothing is added to a day: the stream keeps its records for a day, and dates them itself."""
PART = 500_000
"""Bytes of lines from which a large object is closed; the ops API answers with some of them at once."""
MARK, _LARGE, _PAST = "!0-packed.json", "!1-", "~"
"""Names in a day's folder. The small objects are called in letters, digits and `-`, so these lie before and behind."""


def root_of(account: str) -> str:
    return f"journal/{account}/"


def objects(ports: Ports, account: str, prefix: str = "", after: str = "") -> Iterator[str]:
    """The keys to read for the days that begin with `prefix`, in the order of their lines, those past `after`."""
    root, start = root_of(account), after
    packed = _day(after) if _name(after).startswith(_LARGE) else ""
    while True:
        for key in ports.blobs.keys(root + prefix, start):
            day, name = _day(key), _name(key)
            if name == MARK:
                packed = day
            elif name.startswith(_LARGE):
                if packed == day:
                    yield key
            elif packed == day:
                start = f"{root}{day}/{_PAST}"
                break
            else:
                yield key
        else:
            return


def lines_of(ports: Ports, key: str) -> list[str]:
    return gzip.decompress(ports.blobs.get(key)).decode().splitlines()


def next_day(ports: Ports, account: str, after: str) -> str:
    """The first day of the journal past `after` (empty: of all) that is over; empty where there is none."""
    root = root_of(account)
    first = next(iter(ports.blobs.keys(root, f"{root}{after}/{_PAST}" if after else "")), "")
    day = _day(first)
    return day if day and day < f"{ports.clock.now() - OVER:%Y-%m-%d}" else ""


def pack(ports: Ports, account: str, day: str, number: int = 0, after: str = "") -> tuple[int, str]:
    """The next large object of a day that is over, from behind the small one `after`: the number of those there are,
    and where to go on; empty where the day is packed. Repeating it writes the same again."""
    root, held, size, last = f"{root_of(account)}{day}/", list[str](), 0, ""
    for key in ports.blobs.keys(root, after or f"{root}{_LARGE}{_PAST}"):
        found = lines_of(ports, key)
        held += found
        size, last = size + sum(map(len, found)), key
        if size >= PART:
            break
    if held:
        number += 1
        body = "".join(line + "\n" for line in held)
        ports.blobs.put(f"{root}{_LARGE}{number:06d}.jsonl.gz", gzip.compress(body.encode(), mtime=0))
    if size >= PART:
        return number, last
    ports.blobs.put(root + MARK, json.dumps({"objects": number}).encode())
    return number, ""


def _day(key: str) -> str:
    parts = key.split("/", 3)
    return parts[2] if len(parts) == 4 else ""


def _name(key: str) -> str:
    parts = key.split("/", 3)
    return parts[3] if len(parts) == 4 else ""
