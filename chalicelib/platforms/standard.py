"""The `standard` platform: any shop that speaks our own wire form (DESIGN section 5), signed as Standard Webhooks v1.

It may give `actions_url` and `look_url` in its options; then our calls to it carry the same signature, made with the
`secret` in its credentials or, without one, with each live secret of its hook. Facts: DESIGN section 5 and the Standard
Webhooks specification.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core import signing
from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.core.wire import BadEvent, read_event
from chalicelib.core.words import ACTIONS, KINDS, OWN_ACTIONS
from chalicelib.platforms.base import (
    DEAD,
    Answer,
    Command,
    Delivery,
    Done,
    Later,
    Lever,
    Looking,
    Outcome,
    Read,
    Refusal,
    Refused,
    Session,
    Shop,
    Steps,
    Unreadable,
    is_dead,
)
from chalicelib.platforms.keeping import Trial

MOST_EVENTS = 100
OURS_ALONE = ("penalty.", "measure.")
UNDO = {
    "tag": "untag", "hold": "release", "delist": "relist", "suspend": "restore", "restrict": "unrestrict",
    "hold_payout": "release_payout", "close_shop": "reopen_shop", "blacklist": "unblacklist",
    "open_incident": "close_incident",
}  # fmt: skip


def read_all(data: object, shop: Shop, look: bool = False) -> Read:
    """One event or an array of up to 100; a bad one does not keep the others from taking effect."""
    items = data if isinstance(data, list) else [data]
    if len(items) > MOST_EVENTS:
        raise Unreadable("events", str(len(items)), f"at most {MOST_EVENTS} in one array")
    events: list[Event] = []
    problem: Unreadable | None = None
    for index, item in enumerate(items):
        try:
            event = read_event(item | {"look": True} if look and isinstance(item, dict) else item, shop.words)
            _only_theirs(event)
        except BadEvent as error:
            field = f"[{index}].{error.field}" if isinstance(data, list) else error.field
            problem = problem or Unreadable(field, error.found, error.wanted)
        else:
            events.append(event)
    ignored = "" if events or problem else "an empty array"
    return Read(tuple(events), ignored=ignored, problem=problem)


def _only_theirs(event: Event) -> None:
    """A penalty and its measures are opened, decided and taken back by our own engine and by people: whoever holds the
    secret of a hook is neither. Raises BadEvent."""
    if event.subject.kind == "penalty":
        raise BadEvent("subject.kind", "penalty", "what a shop tells of: penalties are ours alone")
    named = [(f"marks[{number}].name", one.name) for number, one in enumerate(event.marks)]
    for field, name in [*named, *(("whole", one) for one in event.whole)]:
        if name.startswith(OURS_ALONE):
            raise BadEvent(field, name, "what a shop tells of: penalties and their measures are ours alone")


def _call(url: str, ident: str, payload: Mapping[str, Any], session: Session) -> Call:
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    headers = signing.signed_headers(ident, session.now, body, _keys(session))
    return Call("POST", url, {"content-type": "application/json", **headers}, body)


def _keys(session: Session) -> tuple[str, ...]:
    own = session.credentials.get("secret")
    return (own,) if own else session.secrets


def _wait(reply: Reply) -> Later | None:
    if reply.status not in (408, 425, 429) and reply.status < 500:
        return None
    told = reply.headers.get("retry-after", "")
    return Later(float(told) if told.isdecimal() and len(told) < 7 else 30.0, f"status {reply.status}")


def _run(session: Session, command: Command) -> Steps:
    url = session.shop.options.get("actions_url", "")
    if not url or not _keys(session):
        return Refused("no_lever")
    payload = {
        "key": command.key,
        "action": command.action,
        "subject": {"kind": command.subject.kind, "id": command.subject.id},
        "params": _params(command),
    }
    ident = "act_" + hashlib.sha256(command.key.encode()).hexdigest()[:32]
    reply = yield _call(url, ident, payload, session)
    return _wait(reply) or _outcome(reply)


def _params(command: Command) -> dict[str, str | int]:
    told = {
        "order": command.order, "seller": command.seller, "product": command.product, "note": command.note,
        "amount": f"{command.amount:f}" if command.amount is not None else "", "currency": command.currency,
        "handle": command.handle,
    }  # fmt: skip
    return {**command.params, **{name: value for name, value in told.items() if value}}


def _outcome(reply: Reply) -> Outcome:
    if not 200 <= reply.status < 300:
        return Refused(DEAD if reply.status == 401 else f"status {reply.status}")
    try:
        data = loads(reply.body)
    except BadJson:
        return Refused("answer is not JSON")
    state = data.get("state") if isinstance(data, dict) else None
    if state == "done":
        return Done(str(data["handle"])[:200] if isinstance(data, dict) and data.get("handle") else "")
    if state == "refused":
        reason = data.get("reason") if isinstance(data, dict) else None
        said = Refused(str(reason or "refused")[:60])
        return Refused("refused") if is_dead(said) else said
    return Refused("answer has no state done or refused")


def _look(subject: Subject, session: Session) -> Looking:
    url = session.shop.options.get("look_url", "")
    if not url or not _keys(session):
        return Refused("no look_url")
    payload = {"subject": {"kind": subject.kind, "id": subject.id}}
    ident = "look_" + hashlib.sha256(f"{subject}{session.now}".encode()).hexdigest()[:32]
    reply = yield _call(url, ident, payload, session)
    later = _wait(reply)
    if later is not None:
        return later
    if not 200 <= reply.status < 300:
        return Refused(DEAD if reply.status == 401 else f"status {reply.status}")
    try:
        read = read_all(loads(reply.body), session.shop, look=True)
    except (BadJson, Unreadable):
        return Refused("answer cannot be read")
    return Refused(f"answer: {read.problem.field}") if read.problem else read


LEVERS: Mapping[str, Lever] = {
    action: Lever(
        action,
        _run,
        repeat="safe",
        reverse="exact" if action in UNDO else "none",
        undo=UNDO.get(action, ""),
        call="POST actions_url",
        held="owner",
        needs="actions_url",
        option="actions_url",
        effects="Whatever the shop's own endpoint does with it; it promises to bear repetition of a key.",
    )
    for action in ACTIONS
    if action not in OWN_ACTIONS
}


class Standard:
    """The adapter of `standard`: its shops subscribe us, and have no API to be asked for rights or last orders."""

    name = "standard"
    api = "our own wire form, which only grows"
    reading = 1
    content_types = frozenset(["application/json"])
    keep = frozenset(["webhook-id"])
    success = Answer(202)
    mapping: Mapping[str, tuple[str, ...]] = {}
    looks = KINDS
    levers = LEVERS

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        refusal = signing.verify(headers, raw, secrets, now)
        return Refusal(refusal.reason) if refusal else None

    def refuse(self, raw: bytes) -> Answer | None:
        """400 with the position for what is not strict JSON: this sender is a program that its author can mend."""
        try:
            loads(raw)
        except BadJson as error:
            said = {"position": error.position, "found": error.found, "wanted": error.wanted}
            return Answer(400, json.dumps({"error": "not strict JSON", **said}).encode())
        return None

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        try:
            data = loads(delivery.body)
        except BadJson as error:
            raise Unreadable(f"position {error.position}", error.found, error.wanted) from None
        return read_all(data, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        return _look(subject, session)

    def pause(self, reply: Reply) -> float:
        wait = _wait(reply) if reply.status == 429 else None
        return wait.seconds if wait is not None else 0.0

    def trial(self, shop: Shop, secret: str, now: datetime) -> Trial | None:
        """An empty array, which says nothing."""
        body = b"[]"
        signature = signing.signed_headers(f"redress-trial-{int(now.timestamp())}", now, body, secret)
        return Trial(body, {"content-type": "application/json", **signature})
