"""The stored form of a record's data. Whole numbers at the top stand apart from the rest, because a store adds to them
in place; everything else is one JSON text, gzipped where it is long. Nothing but JSON is ever stored.
"""

import gzip
import json
from collections.abc import Mapping
from typing import Any

FORM = 1
GZIP_FROM = 4096
MAX_BYTES = 380_000
"""A DynamoDB item holds 400 KB with its keys."""
_MOST = 10**36
"""DynamoDB's numbers have 38 digits; a longer one stays in the text."""


def pack(data: Mapping[str, Any]) -> tuple[str | bytes, dict[str, int]]:
    """The data as text (bytes where gzipped) and its numbers. Raises ValueError for what is too large, TypeError or
    ValueError for what is not JSON."""
    numbers = {key: value for key, value in data.items() if type(value) is int and -_MOST < value < _MOST}
    rest = {key: value for key, value in data.items() if key not in numbers}
    text = json.dumps(rest, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    raw = text.encode()
    packed = gzip.compress(raw, mtime=0) if len(raw) >= GZIP_FROM else text
    if len(packed) > MAX_BYTES:
        raise ValueError(f"a record of {len(packed)} bytes, at most {MAX_BYTES}; larger data belongs into a blob")
    return packed, numbers


def unpack(packed: str | bytes, numbers: Mapping[str, int]) -> dict[str, Any]:
    """The reverse of `pack`; a new value each time, so nobody can change what is stored."""
    text = packed if isinstance(packed, str) else gzip.decompress(packed)
    data: dict[str, Any] = json.loads(text)
    return {**data, **numbers}
