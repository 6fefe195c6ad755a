"""A shop of the Shopify Admin API in memory: keeps orders, holds, refunds and products, leaks a bucket, makes faults.

It answers the GraphQL documents that it is sent, field by field as selected, over state kept in the schema's own names;
a field that it does not know is an error of the test. With a schema it also checks each document and its variables.
Written after the Admin schema's descriptions and the Shopify sheet, section 4.
"""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from graphql import GraphQLSchema, OperationType, parse, validate
from graphql.execution.values import get_variable_values
from graphql.language import ast

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain

T = TypeVar("T")
APP = "gid://shopify/App/77"
DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


def run(steps: Generator[Call, Reply, T], send: Callable[[Call], Reply]) -> T:
    """Drives a lever or a look to its end."""
    try:
        call = next(steps)
        while True:
            call = steps.send(send(call))
    except StopIteration as stop:
        result: T = stop.value
        return result


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    value = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": value, "presentmentMoney": value}


class Connection(list[dict[str, Any]]):
    """A list that is selected through `nodes` and `pageInfo`."""


def order(number: int = 1001, **changes: Any) -> dict[str, Any]:
    """A paid order of two lines by one vendor, nothing shipped."""
    gid = f"gid://shopify/Order/{number}"
    base: dict[str, Any] = {
        "__typename": "Order", "id": gid,
        "createdAt": "2026-11-18T09:00:00Z", "processedAt": "2026-11-18T09:00:00Z",
        "updatedAt": "2026-11-18T09:05:00Z", "cancelledAt": None, "cancelReason": None,
        "sourceName": "web", "taxesIncluded": True, "currencyCode": "EUR", "presentmentCurrencyCode": "EUR",
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED",
        "customer": {"id": "gid://shopify/Customer/501"},
        "shippingAddress": {"countryCodeV2": "DE", "provinceCode": None, "timeZone": "Europe/Berlin"},
        "billingAddress": None,
        "totalPriceSet": money("60.00"), "totalRefundedSet": money("0.00"),
        "lineItems": Connection([line(1, "Acme"), line(2, "Acme")]),
        "fulfillments": [], "fulfillmentOrders": Connection([fulfillment_order(31)]),
        "transactions": [transaction(number * 10, "60.00")],
        "refunds": [], "returns": Connection(), "tags": [], "metafields": {},
    }  # fmt: skip
    return base | changes


def line(number: int, vendor: str, **changes: Any) -> dict[str, Any]:
    base = {
        "id": f"gid://shopify/LineItem/{number}", "vendor": vendor, "unfulfilledQuantity": 1,
        "product": {"id": f"gid://shopify/Product/{900 + number}"}, "discountedTotalSet": money("30.00"),
        "taxLines": [],
    }  # fmt: skip
    return base | changes


def fulfillment_order(number: int, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "__typename": "FulfillmentOrder", "id": f"gid://shopify/FulfillmentOrder/{number}", "status": "OPEN",
        "fulfillBy": None, "updatedAt": "2026-11-18T09:00:00Z", "deliveryMethod": None, "fulfillmentHolds": [],
        "lineItems": Connection([{"vendor": "Acme"}]),
    }  # fmt: skip
    return base | changes


def fulfillment(number: int, **changes: Any) -> dict[str, Any]:
    base = {
        "__typename": "Fulfillment", "id": f"gid://shopify/Fulfillment/{number}", "status": "SUCCESS",
        "displayStatus": "IN_TRANSIT", "createdAt": "2026-11-19T10:00:00Z", "updatedAt": "2026-11-19T10:00:00Z",
        "deliveredAt": None, "estimatedDeliveryAt": None,
        "trackingInfo": [{"company": "DHL", "number": "JD0146"}],
        "fulfillmentLineItems": Connection([{"lineItem": {"vendor": "Acme"}}]),
    }  # fmt: skip
    return base | changes


def transaction(number: int, amount: str, **changes: Any) -> dict[str, Any]:
    base = {
        "id": f"gid://shopify/OrderTransaction/{number}", "kind": "SALE", "status": "SUCCESS",
        "createdAt": "2026-11-18T09:00:01Z", "processedAt": "2026-11-18T09:00:01Z", "amountSet": money(amount),
        "gateway": "visa", "left": Decimal(amount),
    }  # fmt: skip
    return base | changes


def product(number: int = 901, status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "__typename": "Product", "id": f"gid://shopify/Product/{number}", "status": status, "vendor": "Acme",
        "publishedAt": "2026-01-02T09:00:00Z", "updatedAt": "2026-03-01T09:00:00Z", "tags": [], "metafields": {},
    }  # fmt: skip


class FakeShopify:
    """One shop and one app of it. `send` is the HTTP port."""

    def __init__(self, schema: GraphQLSchema | None = None) -> None:
        self.schema = schema
        self.nodes: dict[str, dict[str, Any]] = {}
        self.token = "shpat_of_the_test"
        self.version = "2026-07"
        self.available, self.most, self.cost = 2000.0, 2000.0, 40.0
        self.log: list[str] = []
        self.faults: dict[str, list[str]] = {}
        self.denied: set[str] = set()
        self.scopes = [
            "read_all_orders", "write_orders", "write_products", "write_merchant_managed_fulfillment_orders",
            "write_fulfillments", "write_returns", "read_shopify_payments_disputes",
        ]  # fmt: skip
        self.currencies = ["EUR"]
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, tuple[str, dict[str, Any]]] = {}
        self._next = 7000

    def add(self, *nodes: dict[str, Any]) -> "FakeShopify":
        for node in nodes:
            self.nodes[node["id"]] = node
        return self

    def order(self, number: int = 1001) -> dict[str, Any]:
        return self.nodes[f"gid://shopify/Order/{number}"]

    def fail(self, field: str, *faults: str) -> None:
        """The next calls of a root field: `lost` (nothing done, no answer), `late` (done, no answer), or a status."""
        self.faults[field] = list(faults)

    def forget_keys(self) -> None:
        """A day passes: idempotency keys are kept no longer."""
        self._keys.clear()

    def send(self, call: Call) -> Reply:
        assert call.method == "POST"
        assert call.url == f"https://demo.myshopify.com/admin/api/{self.version}/graphql.json", call.url
        if call.headers.get("x-shopify-access-token") != self.token:
            return Reply(401, {}, b'{"errors":"[API] Invalid API key or access token"}')
        asked = json.loads(call.body)
        document = parse(asked["query"])
        self._check(document, asked["variables"])
        operation = next(one for one in document.definitions if isinstance(one, ast.OperationDefinitionNode))
        fields = [one for one in operation.selection_set.selections if isinstance(one, ast.FieldNode)]
        name = fields[0].name.value
        self.log.append(name)
        fault = self.faults[name].pop(0) if self.faults.get(name) else ""
        if fault == "lost":
            raise Uncertain("time-out before anything was done")
        if fault.isdigit():
            headers = {"retry-after": "4.0"} if fault in ("429", "503") else {}
            return Reply(int(fault), headers, b"<html>gateway</html>")
        if self.available < self.cost:
            return self._reply({"errors": [_error("Throttled", "THROTTLED")], "extensions": self._extensions()})
        self.available -= self.cost
        data: dict[str, Any] = {}
        errors: list[dict[str, Any]] = []
        for field in fields:
            alias = field.alias.value if field.alias else field.name.value
            if field.name.value in self.denied:
                data[alias] = None
                errors.append(_error("Access denied", "ACCESS_DENIED"))
                continue
            data[alias] = self._field(field, operation, asked["variables"])
        if fault == "late":
            raise Uncertain("time-out after the effect")
        if fault == "late-500":
            return Reply(500, {}, b"")
        body: dict[str, Any] = {"data": data, "extensions": self._extensions()}
        return self._reply(body | ({"errors": errors} if errors else {}))

    def _extensions(self) -> dict[str, Any]:
        status = {"maximumAvailable": self.most, "currentlyAvailable": self.available, "restoreRate": 100.0}
        return {"cost": {"requestedQueryCost": self.cost, "actualQueryCost": self.cost, "throttleStatus": status}}

    @staticmethod
    def _reply(body: dict[str, Any]) -> Reply:
        headers = {"date": DATE, "content-type": "application/json", "x-shopify-api-version": "2026-07"}
        return Reply(200, headers, json.dumps(body).encode())

    def _check(self, document: ast.DocumentNode, variables: dict[str, Any]) -> None:
        if self.schema is None:
            return
        wrong = validate(self.schema, document)
        assert not wrong, [one.message for one in wrong]
        operation = next(one for one in document.definitions if isinstance(one, ast.OperationDefinitionNode))
        coerced = get_variable_values(self.schema, operation.variable_definitions, variables)
        assert not isinstance(coerced, list), [one.message for one in coerced]

    def _field(self, field: ast.FieldNode, operation: ast.OperationDefinitionNode, variables: dict[str, Any]) -> Any:
        given = {one.name.value: _value(one.value, variables) for one in field.arguments}
        name = field.name.value
        if operation.operation is OperationType.MUTATION:
            directives = {
                one.name.value: {arg.name.value: _value(arg.value, variables) for arg in one.arguments}
                for one in field.directives
            }
            result = getattr(self, f"_do_{name}")(given, directives)
        elif hasattr(self, f"_ask_{name}"):
            result = getattr(self, f"_ask_{name}")(given)
        else:
            kind = "ShopifyPaymentsDispute" if name == "dispute" else name[0].upper() + name[1:]
            result = self.nodes.get(given["id"]) if given["id"].startswith(f"gid://shopify/{kind}/") else None
        return _select(result, field.selection_set, variables)

    def number(self, kind: str) -> str:
        self._next += 1
        return f"gid://shopify/{kind}/{self._next}"

    def _ask_webhookSubscriptions(self, given: dict[str, Any]) -> dict[str, Any]:
        rows, start = list(self.subscriptions.values()), int(given.get("after") or 0)
        end = start + given["first"]
        page = {"hasNextPage": len(rows) > end, "endCursor": str(end)}
        return {"nodes": rows[start:end], "pageInfo": page}

    def _ask_currentAppInstallation(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"app": {"title": "Redress"}, "accessScopes": [{"handle": one} for one in self.scopes]}

    def _ask_shop(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"currencyCode": "EUR", "enabledPresentmentCurrencies": self.currencies}

    def _ask_orders(self, given: dict[str, Any]) -> dict[str, Any]:
        rows = [one for key, one in self.nodes.items() if key.startswith("gid://shopify/Order/")]
        if given["sortKey"] == "UPDATED_AT":
            since = given["query"].removeprefix("updated_at:>='").removesuffix("'")
            rows = sorted((one for one in rows if one["updatedAt"] >= since), key=lambda one: one["updatedAt"])
            return {"nodes": rows[: given["first"]], "pageInfo": {"hasNextPage": False, "endCursor": None}}
        assert given["sortKey"] == "CREATED_AT" and given["reverse"] is True
        rows.sort(key=lambda one: (one["createdAt"], one["id"]), reverse=True)
        return {"nodes": rows[: given["first"]]}

    def _do_webhookSubscriptionCreate(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        topic, wish = given["topic"], given["webhookSubscription"]
        assert wish["format"] == "JSON"

        def no(message: str) -> dict[str, Any]:
            error = {"field": ["webhookSubscription", "callbackUrl"], "message": message}
            return {"webhookSubscription": None, "userErrors": [error]}

        if topic.startswith("DISPUTES_") and "read_shopify_payments_disputes" not in self.scopes:
            return no("You cannot create a webhook subscription with the specified topic")
        if any(one["topic"] == topic and one["uri"] == wish["uri"] for one in self.subscriptions.values()):
            return no("Address for this topic has already been taken")
        gid = self.number("WebhookSubscription")
        self.subscriptions[gid] = {"__typename": "WebhookSubscription", "id": gid, "topic": topic, "uri": wish["uri"]}
        return {"webhookSubscription": self.subscriptions[gid], "userErrors": []}

    def _do_webhookSubscriptionDelete(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        if self.subscriptions.pop(given["id"], None) is None:
            error = {"field": ["id"], "message": "Webhook subscription does not exist"}
            return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
        return {"deletedWebhookSubscriptionId": given["id"], "userErrors": []}

    def _do_tagsAdd(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        node = self.nodes.get(given["id"])
        if node is None:
            return {"node": None, "userErrors": [_wrong("id", "does not exist")]}
        node["tags"] = sorted({*node["tags"], *given["tags"]})
        return {"node": node, "userErrors": []}

    def _do_tagsRemove(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        node = self.nodes[given["id"]]
        node["tags"] = sorted({*node["tags"]} - {*given["tags"]})
        return {"node": node, "userErrors": []}

    def _do_metafieldsSet(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        for one in given["metafields"]:
            self._keep(self.nodes[one["ownerId"]], one)
        return {"metafields": [{"id": "gid://shopify/Metafield/1"}], "userErrors": []}

    @staticmethod
    def _keep(node: dict[str, Any], one: dict[str, Any]) -> None:
        assert 2 <= len(one["key"]) <= 64 and 3 <= len(one["namespace"]) <= 255
        node["metafields"][one["namespace"], one["key"]] = {"value": one["value"]}

    def _holder(self, gid: str) -> dict[str, Any] | None:
        held = (one for node in self.nodes.values() for one in node.get("fulfillmentOrders", ()))
        return next((one for one in held if one["id"] == gid), None)

    def _do_fulfillmentOrderHold(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        one, wish = self._holder(given["id"]), given["fulfillmentHold"]
        assert len(wish["handle"]) <= 64

        def no(code: str) -> dict[str, Any]:
            return {"fulfillmentHold": None, "userErrors": [_wrong("fulfillmentHold", "no", code)]}

        if one is None:
            return no("FULFILLMENT_ORDER_NOT_FOUND")
        if one["status"] not in ("OPEN", "SCHEDULED", "ON_HOLD"):
            return no("TAKEN")
        mine = [held for held in one["fulfillmentHolds"] if held["heldByRequestingApp"]]
        if any(held["handle"] == wish["handle"] for held in mine):
            return no("DUPLICATE_FULFILLMENT_HOLD_HANDLE")
        if len(mine) >= 10:
            return no("FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
        made = {"id": self.number("FulfillmentHold"), "handle": wish["handle"], "heldByRequestingApp": True}
        one["fulfillmentHolds"].append(made)
        one["status"] = "ON_HOLD"
        return {"fulfillmentHold": made, "userErrors": []}

    def _do_fulfillmentOrderReleaseHold(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        one = self._holder(given["id"])
        assert one is not None and given["holdIds"], "without ids the holds of others would be freed"
        going = [held for held in one["fulfillmentHolds"] if held["id"] in given["holdIds"]]
        if not all(held["heldByRequestingApp"] for held in going):
            return {"fulfillmentOrder": None, "userErrors": [_wrong("holdIds", "not yours", "INVALID_ACCESS")]}
        one["fulfillmentHolds"] = [held for held in one["fulfillmentHolds"] if held not in going]
        one["status"] = "ON_HOLD" if one["fulfillmentHolds"] else "OPEN"
        return {"fulfillmentOrder": one, "userErrors": []}

    def _do_productUpdate(self, given: dict[str, Any], _: dict[str, Any]) -> dict[str, Any]:
        node = self.nodes[given["product"]["id"]]
        node["status"] = given["product"].get("status", node["status"])
        for one in given["product"].get("metafields", ()):
            self._keep(node, one)
        return {"product": node, "userErrors": []}

    def _do_refundCreate(self, given: dict[str, Any], directives: dict[str, Any]) -> dict[str, Any]:
        wish, key = given["input"], directives["idempotent"]["key"]
        same = json.dumps(wish, sort_keys=True)
        if key in self._keys:
            before, answer = self._keys[key]
            if before == same:
                return answer
            text = "The same idempotency key cannot be used with different operation parameters."
            return {"refund": None, "userErrors": [_wrong("", text)]}
        node = self.nodes[wish["orderId"]]
        parents = {one["id"]: one for one in node["transactions"]}
        for one in wish["transactions"]:
            if Decimal(one["amount"]) > parents[one["parentId"]]["left"]:
                return {"refund": None, "userErrors": [_wrong("transactions", "too much for Jane Doe")]}
        paid = []
        for one in wish["transactions"]:
            parents[one["parentId"]]["left"] -= Decimal(one["amount"])
            at = "2026-11-20T12:00:00Z"
            number = int(self.number("OrderTransaction").rsplit("/", 1)[1])
            paid.append(
                transaction(number, one["amount"], kind="REFUND", createdAt=at, processedAt=at, left=Decimal(0))
            )
        made = refund(int(self.number("Refund").rsplit("/", 1)[1]), paid, note=wish["note"], order=node)
        node["refunds"].append(made)
        self.nodes[made["id"]] = made
        answer = {"refund": made, "userErrors": []}
        self._keys[key] = (same, answer)
        return answer


def refund(number: int, paid: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    total = sum((Decimal(one["amountSet"]["shopMoney"]["amount"]) for one in paid), Decimal(0))
    base = {
        "__typename": "Refund", "id": f"gid://shopify/Refund/{number}", "note": None, "return": None,
        "createdAt": "2026-11-20T12:00:00Z", "processedAt": "2026-11-20T12:00:00Z", "updatedAt": "2026-11-20T12:00:01Z",
        "order": {"id": "gid://shopify/Order/1001"}, "totalRefundedSet": money(str(total)),
        "transactions": Connection(paid), "refundLineItems": Connection(),
    }  # fmt: skip
    return base | changes


def _error(message: str, code: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}


def _wrong(field: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"field": [field] if field else None, "message": message, "code": code}


def _value(node: ast.ValueNode, variables: dict[str, Any]) -> Any:
    if isinstance(node, ast.VariableNode):
        return variables.get(node.name.value)
    if isinstance(node, ast.IntValueNode):
        return int(node.value)
    if isinstance(node, ast.BooleanValueNode | ast.StringValueNode | ast.EnumValueNode):
        return node.value
    raise AssertionError(f"the fake knows no {node.kind}")


def _included(node: ast.FieldNode, variables: dict[str, Any]) -> bool:
    wanted = [one for one in node.directives if one.name.value == "include"]
    return all(_value(one.arguments[0].value, variables) for one in wanted)


def _select(value: Any, chosen: ast.SelectionSetNode | None, variables: dict[str, Any]) -> Any:
    if chosen is None or value is None:
        assert not isinstance(value, dict), "an object without a selection"
        return value
    if isinstance(value, list):
        return [_select(one, chosen, variables) for one in value]
    result: dict[str, Any] = {}
    for one in chosen.selections:
        if isinstance(one, ast.InlineFragmentNode):
            result |= _select(value, one.selection_set, variables)
        elif isinstance(one, ast.FieldNode) and _included(one, variables):
            name = one.alias.value if one.alias else one.name.value
            result[name] = _one(value, one, variables)
    return result


def _one(value: dict[str, Any], field: ast.FieldNode, variables: dict[str, Any]) -> Any:
    given = {one.name.value: _value(one.value, variables) for one in field.arguments}
    name = field.name.value
    if name == "metafield":
        found = value["metafields"].get((given["namespace"], given["key"]))
    elif name == "suggestedRefund":
        found = {"suggestedTransactions": list(_suggested(value))}
    else:
        assert name in value, f"the fake knows no field {name} of {value.get('__typename', value.get('id'))}"
        found = value[name]
    if isinstance(found, Connection):
        first = given["first"]
        found = {"nodes": found[:first], "pageInfo": {"hasNextPage": len(found) > first}}
    elif isinstance(found, list) and "first" in given:
        found = found[: given["first"]]
    return _select(found, field.selection_set, variables)


def _suggested(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    currency = node["currencyCode"]
    for one in node["transactions"]:
        if one["kind"] in ("SALE", "CAPTURE") and one["status"] == "SUCCESS" and one["left"] > 0:
            yield {
                "gateway": one["gateway"], "kind": "SUGGESTED_REFUND", "parentTransaction": {"id": one["id"]},
                "maximumRefundableSet": money(str(one["left"]), currency),
            }  # fmt: skip


@contextmanager
def empty_bucket(shop: FakeShopify, left: float) -> Iterator[None]:
    """While the bucket is nearly empty."""
    before, shop.available = shop.available, left
    yield
    shop.available = before
