"""Outgoing HTTP requests and their answers as plain values, so that adapters and channels need no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Call:
    """One outgoing HTTP request, described. `timeout` is in seconds, in all."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 10.0

    def __repr__(self) -> str:
        return f"Call({self.method} {self.url.split('?')[0]})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"
