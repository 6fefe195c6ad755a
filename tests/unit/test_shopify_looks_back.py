"""Looks at refunds, returns, disputes and listings; and answers that are none."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Link, Subject
from chalicelib.core.evidence import NOTHING, Evidence, merge_all
from chalicelib.core.instants import parse_instant
from chalicelib.core.wire import read_event, write_event
from chalicelib.platforms.base import Later, Read, Refused, Session, Shop
from chalicelib.platforms.shopify import Shopify
from tests.fakes.shopify import (
    DATE,
    Connection,
    FakeShopify,
    empty_bucket,
    fulfillment,
    fulfillment_order,
    line,
    money,
    order,
    product,
    refund,
    run,
    transaction,
)
from tests.fakes.shopify_bodies import body, delivery

SHOP = Shop("shop-1", "shopify", "demo.myshopify.com")
SESSION = Session(SHOP, {"access_token": "shpat_of_the_test"})
SPLIT = Session(Shop("shop-1", "shopify", "demo.myshopify.com", options={"split": "vendor"}), SESSION.credentials)


def at(text: str) -> datetime:
    return parse_instant(text)


def ask(shop: FakeShopify, kind: str, subject_id: str, session: Session = SESSION) -> Read:
    told = run(Shopify().look(Subject(kind, subject_id), session), shop.send)
    assert isinstance(told, Read), told
    for event in told.events:
        assert event.look and read_event(write_event(event)) == event
    assert len({event.id for event in told.events}) == len(told.events)
    return told


def of(told: Read, kind: str, subject_id: str) -> Event:
    [event] = [one for one in told.events if one.subject == Subject(kind, subject_id)]
    return event


def marks(event: Event) -> dict[tuple[str, str], datetime | None]:
    return {(one.name, one.of): one.at for one in event.marks}


def live(evidence: Evidence) -> dict[tuple[str, str], datetime | None]:
    return {key: one.at for key, one in evidence.marks.items() if evidence.live(key[0], one)}


def shop_of(*nodes: dict[str, Any]) -> FakeShopify:
    return FakeShopify().add(*(nodes or (order(),)))


def test_refunds_of_an_order_are_told_and_ours_are_known() -> None:
    paid = [transaction(71, "20.00", kind="REFUND", processedAt="2026-11-20T12:00:00Z")]
    pending = [transaction(72, "5.00", kind="REFUND", status="PENDING", processedAt=None)]
    refunds = [refund(61, paid, note="Late [redress:k|1]"), refund(62, pending), refund(63, [])]
    told = ask(shop_of(order(refunds=refunds, totalRefundedSet=money("20.00"))), "order", "1001")
    ours, theirs = of(told, "refund", "61"), of(told, "refund", "62")
    assert marks(ours)["refund.paid", "71"] == at("2026-11-20T12:00:00Z")
    assert ours.facts == {
        "country": "DE", "zone": "Europe/Berlin", "amount": Decimal("20.00"), "currency": "EUR", "channel": "redress",
    }  # fmt: skip
    assert marks(theirs) == {("refund.approved", "62"): at("2026-11-20T12:00:00Z")}
    assert of(told, "refund", "63").marks == (), "a record without money promises none"
    assert of(told, "order", "1001").facts["refunded"] == Decimal("20.00")


def test_a_push_and_a_look_speak_of_the_same_registers() -> None:
    push = Shopify().read(delivery("refunds/create", body("refund", id=61, order_id=1001)), SHOP).events[0]
    paid = [transaction(501, "30.00", kind="REFUND"), transaction(502, "10.00", kind="REFUND")]
    shop = shop_of(order(refunds=[refund(61, paid)]))
    looked = of(ask(shop, "order", "1001"), "refund", "61")
    keys = set(merge_all(NOTHING, [push, looked]).marks)
    assert keys == {("refund.approved", "61"), ("refund.paid", "501"), ("refund.paid", "502")}


def back(status: str = "OPEN", **changes: Any) -> dict[str, Any]:
    """A return of two pieces of which one came back."""
    pieces = [
        {
            "id": f"gid://shopify/ReturnLineItem/{n}", "quantity": 1, "refundedQuantity": 0,
            "returnReasonDefinition": {"handle": "too-small"}, "withCodeDiscountedTotalPriceSet": money("30.00"),
            "fulfillmentLineItem": {"lineItem": {"vendor": "Acme", "product": {"id": "gid://shopify/Product/901"}}},
        }
        for n in (1, 2)
    ]  # fmt: skip
    dispositions = [
        {
            "id": "gid://shopify/ReverseFulfillmentOrderDisposition/5",
            "type": "RESTOCKED",
            "createdAt": "2026-11-19T14:00:00Z",
        },
        {
            "id": "gid://shopify/ReverseFulfillmentOrderDisposition/6",
            "type": "MISSING",
            "createdAt": "2026-11-19T15:00:00Z",
        },
    ]
    reverse = {
        "id": "gid://shopify/ReverseFulfillmentOrder/81001",
        "lineItems": Connection(
            [{"id": "gid://shopify/ReverseFulfillmentOrderLineItem/1", "dispositions": dispositions}]
        ),
    }
    base: dict[str, Any] = {
        "__typename": "Return", "id": "gid://shopify/Return/70001", "status": status,
        "createdAt": "2026-11-18T10:00:00Z", "requestApprovedAt": "2026-11-18T11:00:00Z", "closedAt": None,
        "order": order(), "returnLineItems": Connection(pieces), "refunds": Connection(),
        "reverseFulfillmentOrders": Connection([reverse]),
    }  # fmt: skip
    return base | changes


def test_a_return_as_it_stands() -> None:
    event = of(ask(shop_of(back()), "refund", "70001"), "refund", "70001")
    assert marks(event) == {
        ("return.requested", ""): at("2026-11-18T10:00:00Z"),
        ("return.approved", ""): at("2026-11-18T11:00:00Z"),
        ("return.received", "5"): at("2026-11-19T14:00:00Z"),
    }, "what is missing was not received"
    assert event.facts == {
        "country": "DE", "zone": "Europe/Berlin", "status": "open", "goods_expected": True, "seller": "Acme",
        "product": "901", "reason": "too-small", "amount": Decimal("60.00"), "currency": "EUR",
    }  # fmt: skip
    assert event.links == (Link("order", "order", "1001"),)
    assert event.version == at("2026-11-20T12:00:00Z"), f"the platform's own clock: {DATE}"


@pytest.mark.parametrize(
    ("status", "approved", "expected", "why"),
    [
        ("REQUESTED", None, None, "not approved yet"),
        ("DECLINED", None, None, "declined; when, nobody says"),
        ("OPEN", None, "2026-11-18T10:00:00Z", "the shop opened it by itself"),
        ("CLOSED", "2026-11-18T12:00:00Z", "2026-11-18T12:00:00Z", "approved, then closed"),
        ("CANCELED", None, None, "cancelled before it was approved"),
    ],
)
def test_when_a_return_was_approved(status: str, approved: str | None, expected: str | None, why: str) -> None:
    told = of(ask(shop_of(back(status, requestApprovedAt=approved)), "refund", "70001"), "refund", "70001")
    assert marks(told).get(("return.approved", "")) == (at(expected) if expected else None), why
    assert told.facts["status"] == status.lower()


@pytest.mark.parametrize(
    ("status", "name"),
    [("DECLINED", "return.refused"), ("CANCELED", "refund.withdrawn")],
    ids=["declined", "cancelled"],
)
@pytest.mark.parametrize("kind", ["refund", "order"])
def test_a_return_that_came_to_nothing_ends_with_its_order_s_last_change(status: str, name: str, kind: str) -> None:
    """Nobody tells when: an occurrence a day, so that a later look adds one and moves none, and a clock that was
    answered in time is not breached."""
    node = back(status, requestApprovedAt=None)
    shop = shop_of(node, order(returns=Connection([node]), updatedAt="2026-11-19T09:30:00Z"))
    node["order"] = order(updatedAt="2026-11-19T09:30:00Z")
    told = of(ask(shop, kind, "70001" if kind == "refund" else "1001"), "refund", "70001")
    assert marks(told)[name, "seen-2026-11-19T09:30:00"] == at("2026-11-19T09:30:00Z")
    node |= {"status": "OPEN", "requestApprovedAt": "2026-11-21T10:00:00Z"}
    node["order"]["updatedAt"] = "2026-11-21T10:00:00Z"
    again = of(ask(shop, "refund", "70001"), "refund", "70001")
    for events in ((told, again), (again, told)):
        assert not [key for key in live(merge_all(NOTHING, events)) if key[0] == name], "it goes on after all"


def test_a_return_reopened_is_open_although_nothing_in_it_has_a_newer_instant() -> None:
    shop = shop_of(back("CLOSED", closedAt="2026-11-20T11:00:00Z"))
    closed = of(ask(shop, "refund", "70001"), "refund", "70001")
    shop.add(back("OPEN"))

    def later(call: Call) -> Reply:
        reply = shop.send(call)
        return Reply(reply.status, {**reply.headers, "date": "Fri, 20 Nov 2026 12:00:05 GMT"}, reply.body)

    told = run(Shopify().look(Subject("refund", "70001"), SESSION), later)
    assert isinstance(told, Read)
    for events in ((closed, told.events[0]), (told.events[0], closed)):
        assert merge_all(NOTHING, events).facts["status", "platform"].value == "open"


def test_a_return_fully_refunded_is_worth_what_was_paid() -> None:
    node = back("CLOSED")
    for piece in node["returnLineItems"]:
        piece["refundedQuantity"] = 1
    paid = [transaction(71, "55.00", kind="REFUND", processedAt="2026-11-20T12:00:00Z")]
    node["refunds"] = Connection([refund(61, paid, **{"return": {"id": node["id"]}})])
    told = ask(shop_of(node), "refund", "70001")
    evidence = merge_all(NOTHING, told.events)
    assert {str(event.subject) for event in told.events} == {"refund/70001"}, "its records are on its case"
    assert evidence.facts["amount", "platform"].value == Decimal("55.00"), "a fee for restocking was kept"
    assert live(evidence)["refund.paid", "71"] == at("2026-11-20T12:00:00Z")


def test_goods_looked_at_lead_to_their_return() -> None:
    node = back()
    reverse = {
        "__typename": "ReverseFulfillmentOrder", "id": "gid://shopify/ReverseFulfillmentOrder/81001",
        "order": order(returns=Connection([node])),
    }  # fmt: skip
    told = ask(shop_of(node, reverse), "refund", "rfo-81001")
    assert of(told, "refund", "70001").marks


def test_an_order_tells_its_returns_in_short() -> None:
    told = of(ask(shop_of(order(returns=Connection([back("REQUESTED")]))), "order", "1001"), "refund", "70001")
    assert marks(told)["return.requested", ""] == at("2026-11-18T10:00:00Z")
    assert told.facts["status"] == "requested"


def test_a_refund_record_is_told_with_country_and_goods() -> None:
    paid = [transaction(71, "20.00", kind="REFUND", processedAt="2026-11-20T12:00:00Z")]
    sold = Connection([{"lineItem": {"vendor": "Acme", "product": {"id": "gid://shopify/Product/901"}}}])
    told = ask(shop_of(refund(61, paid, order=order(), refundLineItems=sold)), "refund", "61")
    facts = of(told, "refund", "61").facts
    assert (facts["country"], facts["seller"], facts["product"]) == ("DE", "Acme", "901")


@pytest.mark.parametrize(
    ("subject_id", "node"),
    [
        ("fo-31", fulfillment_order(31, orderId="gid://shopify/Order/1001")),
        ("301", fulfillment(301, order={"id": "gid://shopify/Order/1001"})),
    ],
)
def test_a_shipment_is_told_with_its_order(subject_id: str, node: dict[str, Any]) -> None:
    told = ask(shop_of(order(fulfillments=[fulfillment(301)]), node), "shipment", subject_id)
    assert {event.subject.kind for event in told.events} == {"order", "shipment"}


def test_a_dispute_is_told_with_the_country_of_its_order() -> None:
    node = {
        "id": "gid://shopify/ShopifyPaymentsDispute/9", "status": "LOST", "type": "CHARGEBACK",
        "initiatedAt": "2026-11-01T10:00:00Z", "evidenceDueBy": "2026-11-15T00:00:00Z",
        "evidenceSentOn": "2026-11-10T00:00:00Z", "finalizedOn": "2026-11-19T00:00:00Z",
        "amount": {"amount": "60.00", "currencyCode": "EUR"}, "reasonDetails": {"reason": "PRODUCT_NOT_RECEIVED"},
        "order": order(lineItems=Connection([line(1, "Acme"), line(1, "Acme")])),
    }  # fmt: skip
    told = of(ask(shop_of(node), "complaint", "9"), "complaint", "9")
    assert marks(told) == {
        ("complaint.opened", ""): at("2026-11-01T10:00:00Z"),
        ("complaint.first_reply", ""): at("2026-11-10T00:00:00Z"),
        ("complaint.resolved", ""): at("2026-11-19T00:00:00Z"),
    }
    assert (told.facts["country"], told.facts["status"], told.facts["reason"]) == ("DE", "lost", "product_not_received")
    assert (told.facts["seller"], told.facts["product"]) == ("Acme", "901"), "whom a penalty would be against"


def test_a_dispute_in_the_words_of_an_older_version_is_read_although_it_tells_days() -> None:
    node = {
        "id": "gid://shopify/ShopifyPaymentsDispute/9", "status": "UNDER_REVIEW", "type": "CHARGEBACK",
        "initiatedAt": "2026-11-01T10:00:00Z", "evidenceDueBy": "2026-11-15", "evidenceSentOn": "2026-11-10",
        "finalizedOn": None, "amount": {"amount": "60.00", "currencyCode": "EUR"}, "reasonDetails": None, "order": None,
    }  # fmt: skip
    told = of(ask(shop_of(node), "complaint", "9"), "complaint", "9")
    assert marks(told) == {("complaint.opened", ""): at("2026-11-01T10:00:00Z"), ("complaint.resolved", ""): None}
    assert told.facts["evidence_due_by"] == date(2026, 11, 15), "the whole of that day"


def test_a_listing_on_sale_drafted_and_deleted() -> None:
    on_sale = of(ask(shop_of(product()), "listing", "901"), "listing", "901")
    assert marks(on_sale) == {("listing.published", ""): at("2026-01-02T09:00:00Z")}
    draft = of(ask(shop_of(product(status="DRAFT")), "listing", "901"), "listing", "901")
    assert marks(draft) == {("listing.published", ""): None}
    gone = of(ask(FakeShopify(), "listing", "901"), "listing", "901")
    assert gone.facts["status"] == "deleted" and marks(gone) == {("listing.published", ""): None}


@pytest.mark.parametrize(
    ("kind", "subject_id", "reason"),
    [
        ("order", "77", "not-found"),
        ("order", "x", "not-an-order"),
        ("refund", "77", "not-found"),
        ("refund", "rfo-77", "not-found"),
        ("refund", "", "not-a-refund"),
        ("shipment", "fo-77", "not-found"),
        ("shipment", "77", "not-found"),
        ("shipment", "fo-", "not-a-shipment"),
        ("complaint", "77", "not-found"),
        ("complaint", "x", "not-a-dispute"),
        ("listing", "x", "not-a-product"),
        ("seller", "Acme", "no-such-look"),
    ],
)
def test_what_is_not_there_proves_nothing(kind: str, subject_id: str, reason: str) -> None:
    assert run(Shopify().look(Subject(kind, subject_id), SESSION), FakeShopify().send) == Refused(reason)


@pytest.mark.parametrize(("kind", "root"), [("order", "order"), ("listing", "product"), ("complaint", "dispute")])
def test_a_missing_scope_is_not_taken_for_absence(kind: str, root: str) -> None:
    shop = shop_of()
    shop.denied.add(root)
    assert run(Shopify().look(Subject(kind, "1001"), SESSION), shop.send) == Refused("scope")


def test_a_throttled_look_waits() -> None:
    shop = shop_of()
    with empty_bucket(shop, 0.0):
        assert run(Shopify().look(Subject("order", "1001"), SESSION), shop.send) == Later(1.0, "throttled")


def answer(content: bytes, **headers: str) -> object:
    reply = Reply(200, headers, content)
    return run(Shopify().look(Subject("order", "1001"), SESSION), lambda call: reply)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html>", Later(30.0, "unreadable answer")),
        (b"[]", Later(30.0, "unreadable answer")),
        (b"{}", Later(30.0, "platform error")),
        (b'{"data":null}', Later(30.0, "platform error")),
        (b'{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}', Later(30.0, "platform error")),
        (b'{"errors":[{"message":"x","extensions":{"code":"MAX_COST_EXCEEDED"}}]}', Refused("query-too-costly")),
        (b'{"errors":[{"message":"Field x"}]}', Refused("graphql:invalid")),
        (b'{"errors":[{"message":"x","extensions":{"code":"SHOP_INACTIVE"}}],"data":null}', Refused("shop-inactive")),
        (b'{"errors":"Not Found"}', Refused("graphql:rejected")),
        (b'{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}', Later(2.0)),
        (b'{"data":{"order":{"id":"gid://shopify/Order/1"}}}', Refused("unreadable-answer:data.order.updatedAt")),
    ],
)
def test_answers_that_are_none(content: bytes, told: object) -> None:
    assert answer(content) == told


def test_protected_customer_data_is_not_needed() -> None:
    """Without Shopify's approval the fields of the customer come as null beside an error."""
    import json

    shop = shop_of()

    def send(call: Call) -> Reply:
        reply = shop.send(call)
        content = json.loads(reply.body)
        content["data"]["order"] |= {"customer": None, "shippingAddress": None, "billingAddress": None}
        content["errors"] = [
            {"message": "not approved", "path": ["order", "customer"], "extensions": {"code": "ACCESS_DENIED"}}
        ]
        return Reply(200, reply.headers, json.dumps(content).encode())

    told = run(Shopify().look(Subject("order", "1001"), SESSION), send)
    assert isinstance(told, Read)
    event = of(told, "order", "1001")
    assert event.whole and "buyer" not in event.facts and "country" not in event.facts


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, ""),
        ({"x-shopify-api-version": "2026-07"}, ""),
        ({"x-shopify-api-version": "2026-10"}, "API version 2026-10 was served instead of 2026-07"),
        ({"x-shopify-api-deprecated-reason": "https://shopify.dev/x"}, "deprecated: https://shopify.dev/x"),
    ],
)
def test_the_end_of_a_version_is_read_off_the_answer(headers: dict[str, str], told: str) -> None:
    from chalicelib.platforms.shopify.graphql import notice

    steps = Shopify().look(Subject("order", "1"), SESSION)
    assert notice(next(steps), Reply(200, headers)) == told
