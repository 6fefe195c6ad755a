"""Outgoing HTTP requests and their answers as plain values, so that adapters and channels need no I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ORIGIN = re.compile(r"(https?://)(?:[^/?#\\]*@)?([A-Za-z0-9.:\[\]_-]+)")


@dataclass(frozen=True, slots=True)
class Call:
    """One outgoing HTTP request, described. `timeout` is in seconds, in all.

    `most`: bytes of the answer that are taken, where a list is longer than answers usually are; 0 for the usual.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 10.0
    most: int = 0

    def __repr__(self) -> str:
        # The origin alone: user-info, paths (of chat webhooks) and queries carry secrets.
        origin = _ORIGIN.match(self.url)
        return f"Call({self.method} {''.join(origin.groups()) if origin else '?'}, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"
