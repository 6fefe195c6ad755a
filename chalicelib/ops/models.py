"""What the bodies of the ops API may say: strict models, and their mistakes in our words. A value that may be a secret
is never repeated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from chalicelib.core.instants import parse_instant
from chalicelib.ops.wrong import Mistake, Wrong
from chalicelib.rules.problems import brief

SECRET = frozenset({"secret", "credentials", "yaml", "url", "reason", "calendar", "overlay"})
"""Fields whose values are never repeated: secrets, addresses that are secrets, long or personal text."""


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except ValueError as error:
            raise PydanticCustomError("wanted", "{wanted}", {"wanted": f"an instant: this is {error}"}) from None
    raise PydanticCustomError("wanted", "{wanted}", {"wanted": "an instant like 2026-11-20T10:00:00Z"})


Instant = Annotated[datetime, BeforeValidator(_instant)]
Short = Annotated[str, Field(min_length=1, max_length=500)]
Word = Annotated[str, Field(max_length=100)]
Texts = Annotated[dict[Word, Annotated[str, Field(max_length=2000)]], Field(max_length=64)]
Sealed = Annotated[dict[Word, Annotated[str, Field(max_length=4096)]], Field(max_length=16)]
Places = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=10)]
Mapped = Annotated[dict[Word, Places], Field(max_length=64)]


class Says(BaseModel):
    """A body with exactly the fields that it declares."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Nothing(Says):
    """No body, or an empty object."""


class NewPolicy(Says):
    """A policy file to bring into force from `at` on."""

    yaml: str
    at: Instant | None = None
    retroactive: bool = False
    yes: Word = ""
    confirmed: bool = False


class Rollback(Says):
    """The number to go back to, and for which clocks."""

    to: Annotated[int, Field(ge=1, le=10**9)]
    scope: Literal["new", "running", "recall"] = "new"
    yes: Word = ""
    confirmed: bool = False


Cursor = Annotated[str, Field(max_length=300)]


class FilePreview(Says):
    """A policy file whose retroactive activation is to be previewed."""

    yaml: str
    cursor: Cursor = ""


class RollbackPreview(Says):
    """A rollback to be previewed."""

    to: Annotated[int, Field(ge=1, le=10**9)]
    scope: Literal["running", "recall"]
    cursor: Cursor = ""


class NewShadow(Says):
    """A policy file to watch beside what is in force."""

    yaml: str


class NewCalendar(Says):
    """A compiled calendar, an overlay, or the code of one that ships; exactly one of them."""

    calendar: str = ""
    overlay: str = ""
    shipped: Word = ""
    at: Instant | None = None


class Reevaluation(Says):
    """Which cases to look at anew, and how many a second."""

    rule: Annotated[str, Field(max_length=200)] = ""
    connection: Word = ""
    rate: Annotated[int, Field(ge=1, le=200)] = 20
    cursor: Cursor = ""
    begin: Instant | None = None


class NewConnection(Says):
    """A store to connect; the name is in the path."""

    platform: Short
    address: Annotated[str, Field(max_length=500)] = ""
    options: Texts = {}
    mapping: Mapped = {}
    modes: Texts = {}
    acts_from: Instant | None = None
    credentials: Sealed = {}
    secret: str | None = None


class ChangedConnection(Says):
    """What to change; what is not named stays."""

    address: Annotated[str, Field(max_length=500)] | None = None
    options: Texts | None = None
    mapping: Mapped | None = None
    modes: Texts | None = None
    acts_from: Instant | None = None
    active: bool | None = None
    credentials: Sealed | None = None


class Rotation(Says):
    """A new secret for a hook."""

    secret: str | None = None
    overlap_hours: Annotated[int, Field(ge=0, le=720)] = 24
    new_address: bool = False


class Decision(Says):
    """A person's word on an action that waits."""

    key: Short
    decision: Literal["approve", "decline", "confirm"]
    reason: Annotated[str, Field(max_length=500)] = ""


class Switch(Says):
    """What to hold or let go: `*`, `connection:NAME` or `rule:ID`."""

    what: Short = "*"


class Replay(Says):
    """Whose quarantine to replay; none named means all of it. `cursor`: where an answer said that there is more."""

    connection: Short | None = None
    cursor: Cursor = ""


class NewSubscriber(Says):
    """Who is to be told."""

    name: Short
    url: Annotated[str, Field(max_length=4000)]
    types: Annotated[list[Word], Field(max_length=40)] = []
    secret: str | None = None


class NewKey(Says):
    """A key to make."""

    name: Short
    role: Short


_WANTED: Mapping[str, str] = {
    "missing": "a value",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "dict_type": "an object",
    "model_type": "an object",
    "list_type": "an array",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_long": "at most {max_length} of them",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "text of the form {pattern}",
    "wanted": "{wanted}",
}


def mistakes(error: ValidationError) -> Wrong:
    """Every mistake that a model found."""
    found = []
    for one in error.errors(include_url=False):
        path = [str(part)[:60] for part in one["loc"]]
        told = {key: str(value) for key, value in one.get("ctx", {}).items()}
        # Only our own words have places to fill: pydantic's may quote a pattern, whose braces are none.
        wanted = _WANTED[one["type"]].format(**told) if one["type"] in _WANTED else one["msg"]
        if one["type"] == "extra_forbidden":
            found.append(Mistake(".".join(path), f"the field {brief(path[-1])}", "no such field"))
        elif one["type"] == "missing":
            found.append(Mistake(".".join(path), "nothing", wanted))
        else:
            hidden = bool(SECRET & set(path)) or not path
            seen = "a value of another form" if hidden else brief(one["input"])
            found.append(Mistake(".".join(path) or "body", seen, wanted))
    return Wrong(sorted(found))
