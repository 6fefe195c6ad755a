"""What a row of `tests.support.deliveries` is made of."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""When the rows' deliveries come in; no body of theirs is younger."""
FIXTURES = Path(__file__).parents[1] / "fixtures"

Sign = Callable[[bytes, str, datetime], Mapping[str, str]]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with one place replaced; `...` removes it."""
    if not path:
        return new
    copy = deepcopy(value)
    here = copy
    for key in path[:-1]:
        here = here[key]
    if new is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = new
    return copy


@dataclass(frozen=True)
class Told:
    """A delivery's content and the headers beside its signature."""

    plain: Any
    head: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What the suite must know of a platform.

    `sign`: raw bytes, a secret, the instant of sending -> headers. `secrets`: the new one, the old one, a stranger's.
    `says`: (subject, mark, occurrence) -> instant that `good` states. `zones`: other ways to write an instant at a path
    of `good` -> what must become of the mark `zoned`: an instant, or None where it must not be stated.
    `unknown`: a topic that nobody knows. `elsewhere`: another shop of the platform; None where only the secret tells.
    `undo`: a later delivery that takes back or corrects; `undone`: (subject, mark or fact) that it does that to, and
    what holds then (None: nothing). `dated`: the scheme signs a time. `pack`: content -> the body's bytes.
    """

    address: str
    good: Told
    sign: Sign
    secrets: tuple[str, str, str]
    says: Mapping[tuple[str, str, str], str]
    zoned: tuple[str, str, str]
    zones: tuple[tuple[tuple[Any, ...], Any, str | None], ...]
    unknown: Told
    elsewhere: Told | None
    undo: Told
    undone: tuple[str, str, Any] | None
    dated: bool = False
    sealed: bool = True
    """Whether the bytes are signed. Where they are not, nothing that a body says may be believed."""
    before: Told | None = None
    """What is said before `undo`, where that is not `good`."""
    options: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    pack: Callable[[Any], bytes] = as_json
    more: tuple[Told, ...] = ()
    """Further deliveries, for the fuzz to begin from."""

    def request(self, told: Told, secret: str = "", at: datetime = NOW) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of an authentic request."""
        return self.signed(self.pack(told.plain), told, secret, at)

    def signed(self, body: bytes, told: Told, secret: str = "", at: datetime = NOW) -> tuple[bytes, dict[str, str]]:
        signature = self.sign(body, secret or self.secrets[0], at)
        return body, {"content-type": "application/json", **signature, **told.head}


def load(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def b64_hmac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
