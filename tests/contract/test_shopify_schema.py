"""Every GraphQL document that is sent, and the variables sent with it, against the Admin schema as published."""

from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    parse,
    print_ast,
    validate,
)
from graphql.execution.values import get_variable_values

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Command, Done, Read, Session, Shop
from chalicelib.platforms.keeping import Probe, Recent
from chalicelib.platforms.shopify import Shopify, documents
from tests.fakes.shopify import Connection, FakeShopify, fulfillment, fulfillment_order, order, product, run
from tests.fakes.shopify_schema import admin_schema


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return admin_schema()


def name_of(document: str) -> str:
    return document.split("(")[0].split()[-1]


def names() -> list[str]:
    return [
        one for one in vars(documents) if isinstance(getattr(documents, one), str) and "{" in getattr(documents, one)
    ]


def test_every_document_is_listed() -> None:
    whole = {value for value in (getattr(documents, one) for one in names()) if value.startswith(("query", "mutation"))}
    assert whole == set(documents.ALL)
    assert len({name_of(one) for one in documents.ALL if one.startswith("query")}) == 16


@pytest.mark.parametrize("document", documents.ALL, ids=name_of)
def test_documents_are_valid_and_use_nothing_deprecated(document: str, schema: GraphQLSchema) -> None:
    parsed = parse(document)
    assert [one.message for one in validate(schema, parsed)] == []
    assert [one.message for one in validate(schema, parsed, [NoDeprecatedCustomRule])] == []


def test_a_wrong_document_and_wrong_variables_would_be_noticed(schema: GraphQLSchema) -> None:
    assert validate(schema, parse(documents.PRODUCT.replace("vendor", "seller")))
    operation = parse(documents.HOLD).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    wrong = {"id": "gid://shopify/FulfillmentOrder/1", "hold": {"reason": "BECAUSE"}}
    assert isinstance(get_variable_values(schema, operation.variable_definitions, wrong), list)


def points(node: Any, times: int = 1) -> int:
    """What a document may cost at most: a point an object, lists as long as they are asked for. A list that cannot be
    given a length is taken for three."""
    total = 0
    for one in node.selection_set.selections:
        if not isinstance(one, FieldNode):
            total += points(one, times)
        elif one.selection_set is not None:
            lengths = [int(print_ast(given.value)) for given in one.arguments if given.name.value == "first"]
            many = lengths[0] if lengths else 3 if one.name.value in ("dispositions", "fulfillmentHolds") else 1
            inner = {part.name.value: part for part in one.selection_set.selections if isinstance(part, FieldNode)}
            if "nodes" in inner:
                # The connection, its page, and as many nodes as were asked for.
                total += 2 * times + times * many + points(inner["nodes"], times * many)
            else:
                total += times * many + points(one, times * many)
    return total


@pytest.mark.parametrize("document", documents.ALL, ids=name_of)
def test_no_document_costs_more_than_shopify_allows_one(document: str) -> None:
    operation = parse(document).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert points(operation) <= 1000


def test_the_one_mutation_of_money_carries_the_idempotency_that_it_must() -> None:
    assert "@idempotent(key: $key)" in documents.REFUND_CREATE


@pytest.mark.parametrize("split", ["", "vendor"])
def test_what_is_really_sent_fits_the_schema(schema: GraphQLSchema, split: str) -> None:
    """Each lever and look once, against the shop that checks document and variables of each request."""
    options = {"split": split} if split else {}
    session = Session(
        Shop("shop-1", "shopify", "demo.myshopify.com", options=options), {"access_token": "shpat_of_the_test"}
    )
    part = fulfillment_order(31, orderId="gid://shopify/Order/1001")
    shop = FakeShopify(schema)
    bought = order(fulfillmentOrders=Connection([part]), fulfillments=[fulfillment(301)])
    shop.add(bought, part, product(), fulfillment(301, order={"id": "gid://shopify/Order/1001"}))
    case = Subject("order", "1001:Acme" if split else "1001")

    def act(action: str, subject: Subject = case, **more: Any) -> str:
        wish = Command(f"key of {action}", action, subject, **more)
        told = run(Shopify.levers[action].run(session, wish), shop.send)
        assert isinstance(told, Done), (action, told)
        return told.handle

    act("tag", params={"tag": "sla-breached"})
    act("untag", params={"tag": "sla-breached"})
    act("note", note="Zu spät")
    act("release", handle=act("hold", params={"reason": "awaiting_payment"}))
    refunded = act("refund", amount=Decimal("20.00"), currency="EUR")
    listing = Subject("listing", "901")
    act("relist", listing, handle=act("delist", listing))
    for kind, subject_id in (
        ("order", case.id), ("shipment", "fo-31"), ("shipment", "301"), ("refund", refunded), ("listing", "901"),
    ):  # fmt: skip
        told = run(Shopify().look(Subject(kind, subject_id), session), shop.send)
        assert isinstance(told, Read) and told.events, (kind, told)
    for kind, subject_id in (("refund", "rfo-1"), ("complaint", "1")):
        assert not isinstance(run(Shopify().look(Subject(kind, subject_id), session), shop.send), Read)
    shop.available = shop.most
    keeper, hook = Shopify(), "https://in.example/hooks/main.shop-1.token"
    assert isinstance(run(keeper.subscribe(session, hook, keeper.topics), shop.send), Done)
    held = run(keeper.subscriptions(session), shop.send)
    assert isinstance(held, tuple) and len(held) == len(keeper.topics)
    assert run(keeper.unsubscribe(session, held[0]), shop.send) == Done()
    assert isinstance(run(keeper.probe(session), shop.send), Probe)
    assert isinstance(run(keeper.recent(session, 10), shop.send), Recent)
    sent = {name_of(one) for one in documents.ALL}
    assert len(shop.log) >= len(sent) - 1
