"""The one way into the ops API: who calls, may they, what do they say, and every error as one answer.

Nothing that a caller sends becomes a 5xx, and no answer or log line quotes a secret.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from pydantic import BaseModel, ValidationError

from chalicelib.core.strictjson import BadJson, loads
from chalicelib.flow.log import fault, log
from chalicelib.flow.shops import UnknownConnection
from chalicelib.ops import keys
from chalicelib.ops.desk import Desk
from chalicelib.ops.keys import Actor, Role
from chalicelib.ops.models import Nothing, mistakes
from chalicelib.ops.wrong import Absent, Clash, Unconfirmed, Wrong, wrong
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict
from chalicelib.rules.problems import Mistakes
from chalicelib.sellers.links import MAX_TOKEN

HEADER = "x-redress-key"
MAX_BODY = 1 << 20
MAX_TEXT = 800
"""Bytes of what an address asks for: more than any key of a record or place in a list that an answer gave."""
EVERYBODY = frozenset(Role)
OPS = frozenset({Role.OPS, Role.ADMIN})
REVIEW = frozenset({Role.REVIEWER, Role.ADMIN})
AUDIT = frozenset({Role.AUDITOR, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it came: header names in lower case, path parameters still percent-encoded."""

    headers: Mapping[str, str] = field(repr=False)
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be carried out. `said` is of the route's model."""

    desk: Desk
    actor: Actor
    parts: Mapping[str, str]
    query: Mapping[str, str]
    said: Any = field(repr=False)

    @property
    def ports(self) -> Ports:
        return self.desk.ports

    @property
    def account(self) -> str:
        return self.actor.account

    def limit(self, most: int = 1000, usual: int = 100) -> int:
        """The query's `limit`. Raises Wrong."""
        text = self.query.get("limit", str(usual))
        if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most):
            raise wrong("limit", text, f"a whole number from 1 to {most}")
        return int(text)

    def part(self, name: str) -> str:
        """A path parameter that may hold anything. `-` stands for the query's parameter of the same name: not every
        gateway lets an encoded slash or percent sign through a path."""
        text = self.parts[name]
        return self.query.get(name, text) if text == "-" else text

    def number(self, name: str) -> int:
        """A path parameter that counts from 1. Raises Absent: no other text names anything."""
        text = self.parts[name]
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
            raise Absent(f"{name} {text[:40]}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets: a status and a JSON value; or text of `kind` where that names a media type."""

    status: int
    body: Any = field(repr=False)
    kind: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One route: who may, what the body says, what is done. `roles` None: anybody, without a key. `forms`: it
    also takes what a page's form sends."""

    method: str
    path: str
    roles: frozenset[Role] | None
    view: Callable[[Call], Any]
    says: type[BaseModel] = Nothing
    forms: bool = False


NOBODY = Actor("", "", Role.AUDITOR)


def weight(value: Any) -> int:
    """Bytes that a part of an answer takes where Lambda hands it on: as JSON in a text of JSON, in ASCII alone. AWS
    takes 6 MB of that."""
    return len(json.dumps(json.dumps(value, ensure_ascii=False)))


def answer(desk: Callable[[], Desk], route: Route, ask: Ask) -> Answer:
    """Carry out a request on a route."""
    try:
        result = _carry_out(desk(), route, ask)
    except Exception as error:
        told = _error(error)
        if told is None:
            log("ops_error", level="error", action=f"{route.method} {route.path}", reason=fault(error))
            told = Answer(500, {"error": "failed", "message": "something failed here; it is in the log"})
        return told
    return result if isinstance(result, Answer) else Answer(200, result)


def _carry_out(desk: Desk, route: Route, ask: Ask) -> Any:
    actor: Actor | None = NOBODY
    if route.roles is not None:
        actor = keys.authenticate(desk.ports, ask.headers.get(HEADER, ""))
        if actor is None:
            raise _Refused(401, "unauthenticated", f"the header {HEADER} holds no key of this deployment")
        if actor.role not in route.roles:
            wanted = ", ".join(sorted(route.roles))
            raise _Refused(403, "forbidden", f"role: found {actor.role}, wanted one of {wanted}")
    assert actor is not None, "a route without roles is nobody's"
    _check_query(ask.query)
    parts = {name: _unquoted(name, text) for name, text in ask.parts.items()}
    return route.view(Call(desk, actor, parts, ask.query, _said(route, ask)))


def _said(route: Route, ask: Ask) -> BaseModel:
    if route.method in ("GET", "DELETE"):
        return Nothing()
    kind = ask.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    form = route.forms and kind == "application/x-www-form-urlencoded"
    if kind != "application/json" and not form:
        raise _Refused(415, "unsupported", "content-type: wanted application/json")
    if len(ask.body) > MAX_BODY:
        raise _Refused(413, "too large", f"body: wanted at most {MAX_BODY} bytes")
    if form:
        return route.says.model_validate(_form(ask.body))
    return route.says.model_validate(loads(ask.body or b"{}"))


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20))
    except ValueError:
        raise wrong("body", "a form that cannot be read", "a form in UTF-8") from None


def _check_query(query: Mapping[str, str]) -> None:
    for name, text in query.items():
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MAX_TEXT:
            raise wrong(name, f"{size} bytes", f"at most {MAX_TEXT}")
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise wrong(name, "text that is no Unicode", "text in UTF-8")


def _unquoted(name: str, text: str) -> str:
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Absent(f"{name}: it is not UTF-8") from None
    size = len(found.encode("utf-8", "replace"))
    if size > (MAX_TOKEN if name == "token" else MAX_TEXT):
        raise Absent(f"{name} of {size} bytes")
    return found


class _Refused(Exception):
    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error = status, error


def _error(error: Exception) -> Answer | None:
    """The answer to an error that the caller can mend; None for one of ours."""
    match error:
        case _Refused():
            return _told(error.status, error.error, str(error))
        case BadJson():
            problem = {"field": "body", "found": error.found, "wanted": error.wanted, "line": error.line}
            return _told(400, "wrong", str(error), [problem])
        case ValidationError():
            found = mistakes(error)
            return _told(400, "wrong", str(found), found.problems)
        case Wrong():
            return _told(400, "wrong", str(error), error.problems)
        case Mistakes():
            return _told(400, "wrong", str(error), [one.as_dict() for one in error.problems])
        case Absent():
            return _told(404, "absent", f"there is no {error}")
        case UnknownConnection():
            return _told(404, "absent", "there is no such connection")
        case Unconfirmed():
            return Answer(409, {"error": "unconfirmed", "message": str(error), **error.told})
        case Clash():
            return _told(409, "clash", str(error))
        case Conflict():
            return _told(409, "clash", "it is being changed by somebody else: try again")
    return None


def _told(status: int, error: str, message: str, problems: Any = None) -> Answer:
    body: dict[str, Any] = {"error": error, "message": message}
    if problems is not None:
        body["problems"] = list(problems)
    return Answer(status, body)
