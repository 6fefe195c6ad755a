"""What Mirakl says of an order, a return, a thread, a shop or an offer when it is asked -> events.

Deadlines that the platform supplies (`shipping_deadline`, `delivery_date`) become facts as they are, never reckoned
from lead times. States without a date of their own are dated by the object's last change, each an occurrence of its
own, so that a later look adds one and moves none. Facts: the sheet, sections 2 and 5.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from chalicelib.core.events import Link, Mark, Subject
from chalicelib.core.words import OURS
from chalicelib.platforms.base import Shop
from chalicelib.platforms.maker import Facts, Maker
from chalicelib.platforms.mirakl.countries import two_letters
from chalicelib.platforms.mirakl.names import (
    AFTER_INCIDENT,
    DEAD,
    INCIDENT_CLOSED,
    INCIDENT_OPEN,
    REFUNDED,
    UNSENT,
    incident,
    pair,
)
from chalicelib.platforms.shapes import (
    Body,
    child,
    code,
    ident,
    instant,
    latest,
    letters,
    money,
    rows,
    state,
    text,
    tracking,
)
from chalicelib.platforms.shapes import seen as seen_at

_ASKED = frozenset(["CUSTOMER_USER", "CUSTOMER"])
_ANSWERED = frozenset(["SHOP_USER", "SHOP"])


def seen(name: str, at: datetime) -> Mark:
    """A mark of a state that has no date of its own."""
    return Mark(name, at, of=seen_at(at))


def given_back(order: Body) -> Decimal:
    """All refunds that were decided, paid or not: money must not be promised twice."""
    found = Decimal(0)
    for line in rows(order, "order_lines"):
        for refund in rows(line, "refunds"):
            found += (money(refund.get("amount")) or Decimal(0)) + (money(refund.get("shipping_amount")) or Decimal(0))
    return found


def version_of(order: Body) -> datetime | None:
    lines = [instant(one.get("last_updated_date")) for one in rows(order, "order_lines")]
    own = instant(order.get("last_updated_date"))
    return latest(own, *lines) if own else None


def say_order(maker: Maker, order: Body, shop: Shop, line: str = "") -> str:
    """The events of an order, its refunds and its incidents, or why there are none. `line`: one whose incident is asked
    about, so that its end is told too."""
    number, version, reached = ident(order.get("order_id")), version_of(order), text(order, "order_state")
    if not number or version is None or not reached:
        return "an order without id, state or date"
    if reached == "STAGING":
        return "an order that was not released yet"
    facts = _order_facts(order)
    marks = [*_life(order, reached, version), *_parcels(order, reached)]
    basket = ident(order.get("commercial_id"))
    links = [Link("basket", "order", basket)] if basket and basket != number else []
    listed = ["order.part_shipped", "order.part_delivered"]
    maker.add(Subject("order", number), version, version, marks, facts, links, listed)
    for one in rows(order, "order_lines"):
        for refund in rows(one, "refunds"):
            _say_refund(maker, refund, order, number, version, shop)
        if _had_incident(one) or (line and ident(one.get("order_line_id")) == line):
            _say_incident(maker, one, order, number, shop)
    return ""


def _had_incident(line: Body) -> bool:
    """Whether a line shows an incident, open or over: only orders are polled, so its end must show on the order."""
    reached = text(line, "order_line_state")
    if reached in (INCIDENT_OPEN, INCIDENT_CLOSED):
        return True
    return reached in AFTER_INCIDENT and code(line.get("order_line_state_reason_code")) is not None


def _life(order: Body, reached: str, version: datetime) -> list[Mark]:
    marks = []
    decided = instant(order.get("acceptance_decision_date"))
    for name, at in (
        ("order.placed", instant(order.get("created_date"))),
        ("order.approved", decided if reached != "REFUSED" else None),
        ("order.paid", instant(order.get("customer_debited_date"))),
    ):
        if at is not None:
            marks.append(Mark(name, at))
    if reached == "REFUSED":
        marks.append(Mark("order.cancelled", decided) if decided else seen("order.cancelled", version))
    elif reached == "CANCELED":
        ended = [
            instant(one.get("created_date"))
            for line in rows(order, "order_lines")
            for one in rows(line, "cancelations")
        ]
        last = latest(*ended)
        marks.append(Mark("order.cancelled", last) if last else seen("order.cancelled", version))
    return marks


def _parcels(order: Body, reached: str) -> list[Mark]:
    """Mirakl dates the sending and the arrival of each line; the whole is the last of what is still to be sent."""
    marks: list[Mark] = []
    live = [one for one in rows(order, "order_lines") if not _nothing_to_send(one)]
    for part, whole, name in (
        ("order.part_shipped", "order.shipped", "shipped_date"),
        ("order.part_delivered", "order.delivered", "received_date"),
    ):
        told = [(ident(one.get("order_line_id")), instant(one.get(name))) for one in live]
        done = [at for of, at in told if of and at]
        marks += [Mark(part, at, of) for of, at in told if of and at]
        if done and len(done) == len(live):
            marks.append(Mark(whole, max(done)))
        elif reached in UNSENT:
            marks.append(Mark(whole, None))
    return marks


def _nothing_to_send(line: Body) -> bool:
    """Whether a line was cancelled, refused, or paid back before it was sent."""
    reached = text(line, "order_line_state")
    return reached in DEAD or (reached == REFUNDED and instant(line.get("shipped_date")) is None)


def _shared(order: Body) -> Facts:
    """What everything of an order shares with it."""
    facts, customer = Facts(), child(order, "customer")
    place = child(customer, "shipping_address") or child(customer, "billing_address")
    facts.put("country", two_letters(place.get("country_iso_code")))
    facts.put("seller", ident(order.get("shop_id")))
    facts.put("buyer", ident(customer.get("customer_id")))
    facts.put("currency", letters(order.get("currency_iso_code"), 3))
    return facts


def _order_facts(order: Body) -> Facts:
    facts = _shared(order)
    facts.put("status", state(order.get("order_state")))
    facts.put("reason", code(order.get("order_state_reason_code")))
    facts.put("amount", money(order.get("total_price")))
    facts.put("refunded", given_back(order))
    facts.put("carrier", code(order.get("shipping_carrier_standard_code")) or code(order.get("shipping_carrier_code")))
    facts.put("tracking", tracking(order.get("shipping_tracking")))
    facts.put("channel", code(child(order, "channel").get("code")))
    facts.told("ship_by", instant(order.get("shipping_deadline")))
    facts.told("deliver_by", instant(child(order, "delivery_date").get("latest")))
    for name, field in (("category", "category_code"), ("product", "offer_id")):
        values = {code(line.get(field)) for line in rows(order, "order_lines")}
        if len(values) == 1:
            facts.put(name, values.pop())
    return facts


def _say_refund(maker: Maker, refund: Body, order: Body, number: str, version: datetime, shop: Shop) -> None:
    """A refund is decided when it is made, and paid when its transaction is dated; WAITING_* is not paid."""
    own, made = ident(refund.get("id")), instant(refund.get("created_date"))
    if not own or made is None:
        return
    reached = text(refund, "state") or text(refund, "refund_state")
    amount, shipping = money(refund.get("amount")), money(refund.get("shipping_amount")) or Decimal(0)
    marks = [Mark("refund.approved", made)]
    paid = instant(refund.get("transaction_date"))
    if reached == REFUNDED and paid is not None:
        marks.append(Mark("refund.paid", paid, value=None if amount is None else amount + shipping))
    elif reached.startswith("WAITING"):
        marks.append(Mark("refund.paid", None))
    facts, reason = _shared(order), code(refund.get("reason_code"))
    facts.put("amount", None if amount is None else amount + shipping)
    facts.put("status", state(reached))
    facts.put("reason", reason)
    if reason is not None and reason == shop.options.get("refund_reason"):
        facts.put("channel", OURS)
    maker.add(Subject("refund", pair(number, own)), version, made, marks, facts, [Link("order", "order", number)])


def _say_incident(maker: Maker, line: Body, order: Body, number: str, shop: Shop) -> None:
    own, at = ident(line.get("order_line_id")), instant(line.get("last_updated_date"))
    if not own or at is None:
        return
    is_open = text(line, "order_line_state") == INCIDENT_OPEN
    facts = _shared(order)
    facts.put("category", "incident")
    facts.put("status", "open" if is_open else "closed")
    reason = code(line.get("order_line_state_reason_code"))
    facts.put("reason", reason)
    ours = shop.options.get("incident_reason")
    if is_open and ours:
        # A later one on the same line may be somebody else's.
        facts.told("channel", OURS if reason == ours else None)
    mark = seen("complaint.opened" if is_open else "complaint.resolved", at)
    subject = Subject("complaint", incident(number, own))
    maker.add(subject, at, at, [mark], facts, [Link("order", "order", number)])


RETURNS = {
    "IN_PROGRESS": "return.approved",
    "REFUSED": "return.refused",
    "RECEIVED": "return.received",
    "CANCELED": "refund.withdrawn",
    "NO_RECEPTION": "refund.withdrawn",
}


def say_return(maker: Maker, body: Body, of_order: Body) -> str:
    """A return; its states after the request have no date of their own. `of_order`: its order, empty where that was not
    found."""
    own, asked, version = ident(body.get("id")), instant(body.get("date_created")), instant(body.get("last_updated"))
    reached, order = text(body, "state"), ident(body.get("order_id"))
    if not own or version is None or not reached:
        return "a return without id, state or date"
    marks = [Mark("return.requested", asked)] if asked else []
    if name := RETURNS.get(reached):
        marks.append(seen(name, version))
    facts, parcel = _shared(of_order), child(body, "tracking")
    facts.put("goods_expected", True)
    facts.put("status", state(reached))
    facts.put("reason", code(body.get("rejection_reason_code")) or code(body.get("reason_code")))
    facts.put("tracking", tracking(parcel.get("tracking_number")))
    facts.put("carrier", code(parcel.get("carrier_standard_code")) or code(parcel.get("carrierCode")))
    links = [Link("order", "order", order)] if order else []
    maker.add(Subject("refund", own), version, version, marks, facts, links)
    return ""


def say_thread(maker: Maker, thread: Body, messages: Sequence[Body]) -> str:
    """A thread as rounds: the buyer's first word opens one, the shop's next word answers it. The operator's words count
    for nobody, and none of them is read."""
    own, version = ident(thread.get("id")), instant(thread.get("date_updated"))
    if not own or version is None:
        return "a thread without id or date"
    told = sorted(
        (at, of, text(child(one, "from"), "type"))
        for one in messages
        if (at := instant(one.get("date_created"))) is not None and (of := ident(one.get("id")))
    )
    marks: list[Mark] = []
    waiting = ""
    for at, of, who in told:
        if who in _ASKED and not waiting:
            waiting = of
            marks.append(Mark("complaint.opened", at, of))
        elif who in _ANSWERED and waiting:
            marks.append(Mark("complaint.first_reply", at, waiting))
            waiting = ""
    if not marks:
        return "a thread that no buyer wrote in"
    facts, topic = Facts(), child(thread, "topic")
    facts.put("category", "message")
    facts.put("status", "waiting" if waiting else "answered")
    if text(topic, "type") == "REASON_CODE":
        facts.put("reason", code(topic.get("value")))
    sellers = {ident(one.get("id")) for one in rows(thread, "authorized_participants") if text(one, "type") == "SHOP"}
    if len(sellers) == 1:
        facts.put("seller", sellers.pop())
    orders = [ident(one.get("id")) for one in rows(thread, "entities") if text(one, "type") == "MMP_ORDER"]
    links = [Link("order", "order", one) for one in orders if one]
    maker.add(Subject("complaint", own), version, version, marks, facts, links)
    return ""


def say_shop(maker: Maker, shop: Body, at: datetime) -> str:
    """A shop. Since when it is suspended nobody tells: its state is a fact, as of the answer."""
    own, reached = ident(shop.get("shop_id")), state(shop.get("shop_state"))
    if not own or not reached:
        return "a shop without id or state"
    facts = Facts()
    facts.put("seller", own)
    facts.put("status", reached)
    facts.put("reason", code(shop.get("suspension_type")))
    facts.put("score", shop.get("grade"))
    held, premium = shop.get("payment_blocked"), text(shop, "premium_state")
    facts.put("payout_held", held if isinstance(held, bool) else None)
    facts.put("restricted", premium == "NOT_PREMIUM" if premium else None)
    joined = instant(shop.get("date_created"))
    # Statistics do not move the shop's own date, so the answer's is the version.
    maker.add(Subject("seller", own), at, at, [Mark("seller.joined", joined)] if joined else [], facts)
    return ""


def say_offer(maker: Maker, offer: Body, at: datetime) -> str:
    """An offer, which is what a seller lists. Its state is a fact as of the answer; why one is not on sale (no stock, a
    closed shop, a product that was refused) is no business of a penalty."""
    own, active = ident(offer.get("offer_id")), offer.get("active")
    if not own or not isinstance(active, bool):
        return "an offer without id or state"
    facts = Facts()
    facts.put("product", own)
    facts.put("seller", ident(offer.get("shop_id")))
    facts.put("category", code(offer.get("category_code")))
    facts.put("status", "active" if active else "inactive")
    maker.add(Subject("listing", own), at, at, [], facts)
    return ""
