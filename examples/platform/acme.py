"""A platform that does not exist, as a whole adapter to copy: signed deliveries read into events, looks, three levers,
pauses. It passes the contract suite like the real ones. `docs/adding-a-platform.md` says what each part has to decide.

When you copy it: the class stays in `chalicelib/platforms/NAME/__init__.py`, because the door imports that on each cold
start; what reads, looks and acts moves into modules beside it, each named by one line: `look = lazily(Adapter.look,
"NAME.looks")` (`platforms.lazy`).

Acme sends `{"shop", "order": {...}}` with the topic in `x-acme-topic` and, in `x-acme-signature`, `t=SECONDS,v1=HEX`:
HMAC-SHA256 over the seconds, a full stop and the raw body. Its API takes no idempotency key.

Address: `https://SHOP.acme.example`. Secret of the hook: the webhook's. Credentials: `access_token`.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Mark, Subject
from chalicelib.core.instants import EPOCH, parse_instant, show
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.platforms.base import (
    Absent,
    Answer,
    Command,
    Delivery,
    Done,
    Finding,
    Later,
    Lever,
    Looking,
    Read,
    Refusal,
    Refused,
    Session,
    Shop,
    Steps,
    Unreadable,
    told_to_wait,
)
from chalicelib.platforms.lazy import Lazy
from chalicelib.platforms.maker import Facts, Maker, look_id
from chalicelib.platforms.ours import carries, marker
from chalicelib.platforms.rest import NOT_JSON, Asking, Murky, No, Ok, json_of, lenient, no_answer, settled, wait_of
from chalicelib.platforms.shapes import (
    Body,
    answered_at,
    child,
    code,
    instant,
    is_body,
    latest,
    letters,
    money,
    number_id,
    parse,
    rows,
    state,
    text,
)

READING = 1
TOLERANCE = timedelta(minutes=5)
GONE = frozenset(["http_404"])
_SIGNATURE = re.compile(r"t=([1-9][0-9]{0,11}),v1=([0-9a-f]{64})")


class Acme:
    """See `base.Adapter`, and `base.Paces`, which it is too."""

    name = "acme"
    reading = READING
    content_types = frozenset(["application/json"])
    keep = frozenset(["x-acme-topic"])
    """Not signed, so nothing but the way of reading may hang on it."""
    success = Answer(200, b'{"received":true}')
    mapping: Mapping[str, tuple[str, ...]] = {}
    levers: Mapping[str, Lever] = Lazy(lambda: LEVERS)
    looks = frozenset(["order", "connection"])

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """No handshake."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        """Over the raw bytes, under each live secret, in constant time. Never raises, whatever a stranger sends."""
        told = {name.lower(): value for name, value in headers.items()}
        found = _SIGNATURE.fullmatch(told.get("x-acme-signature", ""))
        if found is None:
            return Refusal("signature missing or malformed")
        if abs(now - EPOCH - timedelta(seconds=int(found[1]))) > TOLERANCE:
            return Refusal("sent too long ago, or in the future")
        # Every secret is tried, so that the time taken does not tell which is live; an empty one signs for nobody.
        matches = [hmac.compare_digest(sign(raw, one, found[1]), found[2]) for one in secrets if one]
        return None if any(matches) else Refusal("signed with none of the live secrets")

    def refuse(self, raw: bytes) -> Answer | None:
        """Authentic content is always accepted: what cannot be read goes to quarantine."""
        return None

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        """Raises Unreadable, and nothing else."""
        return read(delivery, shop)

    def look(self, subject: Subject, session: Session) -> Looking:
        return look(subject, session)

    def pause(self, reply: Reply) -> float:
        return told_to_wait(meaning(reply))


def sign(raw: bytes, secret: str, seconds: str) -> str:
    key = secret.encode("utf-8", "surrogatepass")
    return hmac.new(key, seconds.encode() + b"." + raw, hashlib.sha256).hexdigest()


# -- reading ----------------------------------------------------------------------------------------------------------


def read(delivery: Delivery, shop: Shop) -> Read:
    """What a delivery says."""
    body = parse(delivery.body)
    if not is_body(body):
        raise Unreadable("body", "no object", "an object")
    if text(body, "shop") != shop.address.removeprefix("https://").partition(".")[0]:
        # A secret may be the app's and not the shop's: whose it is stands in what is signed.
        raise Unreadable("shop", "another shop", "this connection's shop")
    topic = delivery.headers.get("x-acme-topic", "")
    if topic not in ("order.created", "order.updated"):
        return Read(ignored=f"topic {code(topic) or 'of no known form'}")
    order = child(body, "order")
    number = number_id(order.get("id"))
    if not number:
        raise Unreadable("order.id", "nothing, or no id", "a whole number")
    # The same statement twice has one name, so that a repetition is no news.
    maker = Maker(f"acme:{hashlib.sha256(delivery.body).hexdigest()[:32]}", READING)
    # Without the instant of its last change it asserts nothing: when it arrived is no instant of the shop's.
    asked = () if say_order(maker, order) else (Subject("order", number),)
    return Read(maker.done(), asked)


def say_order(maker: Maker, order: Body) -> bool:
    """An order, pushed or asked for: both say it in the same way. False where it says too little."""
    number, version = number_id(order.get("id")), instant(order.get("updated_at"))
    if not number or version is None:
        return False
    marks = []
    for mark, name in (("order.placed", "placed_at"), ("order.paid", "paid_at"), ("order.shipped", "shipped_at")):
        if name in order:
            # Null takes it back; a field that is not there says nothing.
            at = instant(order[name])
            if at is not None or order[name] is None:
                marks.append(Mark(mark, at))
    facts = Facts()
    facts.put("status", state(order.get("status")))
    facts.put("country", letters(order.get("country"), 2))
    facts.put("currency", letters(order.get("currency"), 3))
    facts.put("amount", money(order.get("total")))
    facts.told("ship_by", instant(order.get("ship_by")))
    maker.add(Subject("order", number), version, version, marks, facts)
    return True


# -- asking -----------------------------------------------------------------------------------------------------------


def ask(session: Session, method: str, path: str, body: Mapping[str, object] | None = None, **query: str) -> Asking:
    """One call, and what its answer means."""
    token = session.credentials.get("access_token", "")
    if not token:
        return No("token")
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    raw = b""
    if body is not None:
        headers["content-type"], raw = "application/json", dumps_canonical(body)
    url = f"{session.shop.address.rstrip('/')}/api/{path}" + (f"?{urlencode(query)}" if query else "")
    return meaning((yield Call(method, url, headers, raw, timeout=20.0)))


def meaning(reply: Reply) -> Ok | No | Later | Murky:
    """An answer, a no for good, a wait, or nobody knows. Never raises."""
    at, status = answered_at(reply.headers), reply.status
    if 200 <= status < 300:
        value = json_of(reply.body)
        return Murky("not_json") if value is NOT_JSON else Ok(value, at, reply.body)
    if status == 429:
        return Later(wait_of(reply.headers, "retry-after"))
    return Murky(f"http_{status}") if status >= 500 else No("token" if status == 401 else f"http_{status}", at)


def look(subject: Subject, session: Session) -> Looking:
    """The present truth of an order; for a connection, what changed since the instant that its id is."""
    if subject.kind == "connection":
        return (yield from _changes(subject, session))
    number = number_id(subject.id)
    if subject.kind != "order" or not number:
        return Refused("no_such_look")
    found = yield from ask(session, "GET", f"orders/{number}")
    if not isinstance(found, Ok):
        return no_answer(found)
    if number_id(found.body.get("id")) != number:
        return Refused("another_order")
    version = instant(found.body.get("updated_at")) or session.now
    maker = Maker(look_id("acme", subject, version, found.raw), READING, look=True)
    said = say_order(maker, found.body)
    return Read(maker.done(), ignored="" if said else "an order without a date")


def _changes(subject: Subject, session: Session) -> Looking:
    try:
        since = parse_instant(subject.id)
    except ValueError:
        return Refused("not_an_instant")
    found = yield from ask(session, "GET", "orders", updated_since=show(since), limit="100")
    if not isinstance(found, Ok):
        return no_answer(found)
    listed = rows(found.body, "orders")
    looks = [Subject("order", number) for one in listed if (number := number_id(one.get("id")))]
    last = latest(*(instant(one.get("updated_at")) for one in listed))
    if len(listed) == 100 and last is not None and last > since:
        # There is more: the last look goes on from there.
        looks.append(Subject("connection", show(last)))
    return Read(looks=tuple(looks), ignored="" if looks else "nothing changed")


# -- acting -----------------------------------------------------------------------------------------------------------


def _order(command: Command) -> str:
    return number_id(command.subject.id if command.subject.kind == "order" else command.order)


def note(session: Session, command: Command) -> Steps:
    """A note on the order, which bears our key, so that it is found again where the answer was lost."""
    order, words = _order(command), command.note.strip()[:500]
    if not order or not words:
        return Refused("no_text" if order else "no_order")
    made = yield from ask(session, "POST", f"orders/{order}/notes", {"text": f"{words} {marker(command.key)}"})
    if not isinstance(made, Murky):
        return settled(made)
    found = yield from find_note(session, command)
    return found if isinstance(found, Done) else Later(60.0, made.reason)


def find_note(session: Session, command: Command) -> Finding:
    """Asked after an unknown outcome, before it is tried again."""
    order = _order(command)
    if not order:
        return Absent()
    found = yield from ask(session, "GET", f"orders/{order}/notes")
    if not isinstance(found, Ok):
        return lenient(found, GONE)
    there = any(carries(one.get("text"), marker(command.key)) for one in rows(found.body, "notes"))
    return Done() if there else Absent()


def tag(session: Session, command: Command) -> Steps:
    return (yield from _tag(session, command, "PUT"))


def untag(session: Session, command: Command) -> Steps:
    return (yield from _tag(session, command, "DELETE"))


def _tag(session: Session, command: Command, method: str) -> Steps:
    order, name = _order(command), code(command.params.get("tag") or command.handle)
    if not order or name is None:
        return Refused("bad_tag" if order else "no_order")
    return settled((yield from ask(session, method, f"orders/{order}/tags/{quote(name, safe='')}")), name)


LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "note",
            note,
            "findable",
            find=find_note,
            call="POST /api/orders/ID/notes",
            needs="write_orders",
            effects="Stands in the order's history for good.",
        ),
        Lever("tag", tag, "safe", "exact", "untag", call="PUT /api/orders/ID/tags/TAG", needs="write_orders"),
        Lever("untag", untag, "safe", "exact", "tag", call="DELETE /api/orders/ID/tags/TAG", needs="write_orders"),
    )
}
