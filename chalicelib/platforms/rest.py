"""What an answer of a REST API came to, for adapters that ask with plain calls: an answer, a no, a wait, or nobody
knows. Each adapter says how its platform signals them; here is what they then mean to a lever or a look.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Absent, Done, Later, Outcome, Refused
from chalicelib.platforms.shapes import MAX_KEYS, MAX_STRING, Body, is_body, objects

LONGEST = 3600.0
DOWN = 30.0
"""Seconds to wait where a platform gives no number of its own."""


@dataclass(frozen=True, slots=True)
class Ok:
    """A JSON answer, or none at all (`value` None). `at`: the platform's clock when it answered, where it said so."""

    value: object
    at: datetime | None = None
    raw: bytes = b""

    @property
    def body(self) -> Body:
        """The answer as an object; empty where it is none."""
        return self.value if is_body(self.value) else {}

    @property
    def list(self) -> tuple[Body, ...]:
        return objects(self.value)


@dataclass(frozen=True, slots=True)
class No:
    """The platform refused. `code`: a short code, no free text."""

    code: str
    at: datetime | None = None
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Murky:
    """It may or may not have happened: an error of the server, or a success that cannot be read.

    After a read or a safe write it is a `Later`; after others one must look before trying again.
    """

    reason: str


Result: TypeAlias = "Ok | No | Later | Murky"
Asking: TypeAlias = "Generator[Call, Reply, Ok | No | Later | Murky]"

NOT_JSON = object()


def json_of(raw: bytes) -> object:
    """The JSON of an answer; None for an empty one, NOT_JSON for what is none. Never raises."""
    if not raw.strip():
        return None
    try:
        return loads(raw, max_keys=MAX_KEYS, max_string=MAX_STRING)
    except BadJson:
        return NOT_JSON


def body_of(raw: bytes) -> Body | None:
    """The JSON object of an answer; None for anything else. Never raises."""
    value = json_of(raw)
    return value if is_body(value) else None


def no_answer(result: object, wait: float = DOWN) -> Refused | Later:
    """What a look or a safe lever ends with where there is nothing to go on with. `wait`: seconds, where nobody knows
    what became of the call."""
    if isinstance(result, No):
        return Refused(result.code)
    if isinstance(result, Murky):
        return Later(wait, result.reason)
    return result if isinstance(result, Later) else Refused("unexpected")


def settled(result: Result, handle: str = "") -> Outcome:
    """The outcome of a write that bears repetition."""
    return Done(handle) if isinstance(result, Ok) else no_answer(result)


def lenient(found: "Done | Absent | No | Later | Murky | Ok", gone: frozenset[str]) -> Done | Absent | Later:
    """What a search came to. What is not there (codes in `gone`) holds nothing of ours; any other no leaves it open:
    nothing was seen, so nothing may be concluded."""
    if isinstance(found, Done | Absent | Later):
        return found
    if isinstance(found, No):
        return Absent() if found.code in gone else Later(300.0, found.code)
    return Later(DOWN, found.reason if isinstance(found, Murky) else "unexpected")


def wait_of(headers: Mapping[str, str], *names: str, default: float = DOWN) -> float:
    """The longest of the waits, in whole seconds, that these headers tell."""
    told = [headers.get(name, "").strip() for name in names]
    found = [float(one) for one in told if one.isascii() and one.isdigit() and len(one) < 9]
    return min(max([*found, 1.0]), LONGEST) if found else default
