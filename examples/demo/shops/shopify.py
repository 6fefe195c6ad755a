"""A Shopify shop that sells by itself: REST-shaped webhooks out, GraphQL of the Admin API in.

It answers the documents that Redress sends, told apart by their first field; every answer is written in full, whatever
was selected. Facts: the Shopify sheet and the Admin schema.
"""

import json
import re
from typing import Any

from chalicelib.core.calls import Reply
from chalicelib.core.instants import show
from examples.demo.letters import Letter
from examples.demo.scenes import Kind
from examples.demo.shops import shopify_desk
from examples.demo.shops.books import AMOUNT, BUYER, Answered, DemoShop, Request, Story

ORDER, RETURN, REVERSE, DISPUTE, REFUND, PAYMENT, PARCEL, PART, LINE = range(1, 10)
"""The last digit of an id tells what it is of; the rest is the story's number."""

TOPICS = {
    "paid": "orders/paid", "shipped": "orders/fulfilled", "cancelled": "orders/cancelled",
    "returned": "reverse_fulfillment_orders/dispose", "refunded": "refunds/create",
    "opened": "disputes/create", "replied": "disputes/update", "resolved": "disputes/update",
    "tagged": "orders/updated",
}  # fmt: skip
_FIRST_FIELD = re.compile(r"\{\s*(?:[A-Za-z]+:\s*)?([A-Za-z]+)\s*\(")
_DOCUMENT = re.compile(r"(?:query|mutation) ([A-Za-z]+)")
_PLACE = {"countryCodeV2": "DE", "provinceCode": "BE", "timeZone": "Europe/Berlin"}


def _money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def _gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def _note(story: Story) -> str:
    """Of a refund that we asked for, our own text with our key in it."""
    return story.refunds[-1]["note"] if story.refunds else ""


def _list(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": False}}


class ShopifyShop(DemoShop):
    """One merchant, no sellers."""

    platform = "shopify"

    def _id(self, story: Story, what: int) -> int:
        return story.number * 10 + what

    def subject(self, story: Story) -> str:
        if story.kind is Kind.ORDER:
            return f"order/{self._id(story, ORDER)}"
        if story.kind is Kind.RETURN:
            return f"refund/{self._id(story, RETURN)}"
        return f"complaint/{self._id(story, DISPUTE)}"

    # -- webhooks out -------------------------------------------------------------------------------------------------

    def letter(self, story: Story, what: str) -> Letter:
        topic = TOPICS[what]
        if topic.startswith("disputes/"):
            body = self._dispute_body(story)
        elif topic.startswith("refunds/"):
            body = self._refund_body(story)
        elif topic.startswith("reverse_"):
            body = {
                "id": self._id(story, REVERSE), "total_dispositions": 1,
                "dispositions": [{"quantity": 1, "type": "restocked"}],
            }  # fmt: skip
        else:
            body = self._order_body(story)
        return Letter(topic, json.dumps(body).encode())

    def garbled(self, story: Story) -> Letter:
        whole = json.dumps(self._order_body(story)).encode()
        return Letter("orders/updated", whole[: len(whole) // 2])

    def _order_body(self, story: Story) -> dict[str, Any]:
        person = {"first_name": BUYER.first, "last_name": BUYER.last, "address1": BUYER.street, "country_code": "DE"}
        shipped, cancelled = story.shipped, story.known.get("cancelled")
        parcels = [
            {
                "id": self._id(story, PARCEL), "order_id": self._id(story, ORDER), "status": "success",
                "created_at": show(shipped), "updated_at": show(shipped), "tracking_company": "DHL",
            }
        ] if shipped else []  # fmt: skip
        return {
            "id": self._id(story, ORDER), "name": f"#{story.number}", "email": BUYER.email,
            "created_at": show(story.ordered), "processed_at": show(story.ordered), "updated_at": show(story.changed),
            "cancelled_at": show(cancelled) if cancelled else None, "cancel_reason": "customer" if cancelled else None,
            "source_name": "web", "currency": "EUR", "total_price": AMOUNT, "taxes_included": True,
            "financial_status": "paid", "fulfillment_status": "fulfilled" if shipped else None,
            "customer": {"id": 501, "email": BUYER.email, **person}, "shipping_address": person,
            "line_items": [
                {
                    "id": self._id(story, LINE), "product_id": 901, "vendor": "", "quantity": 1, "price": AMOUNT,
                    "fulfillable_quantity": 0 if shipped else 1,
                }
            ],
            "fulfillments": parcels, "refunds": [], "tags": ", ".join(story.tags),
        }  # fmt: skip

    def _refund_body(self, story: Story) -> dict[str, Any]:
        at = show(story.known["refunded"])
        paid = {
            "id": self._id(story, PAYMENT), "kind": "refund", "status": "success", "amount": AMOUNT, "currency": "EUR",
            "created_at": at, "processed_at": at,
        }  # fmt: skip
        return {
            "id": self._id(story, REFUND), "order_id": self._id(story, ORDER), "created_at": at, "processed_at": at,
            "note": _note(story), "return": {"id": self._id(story, RETURN)}, "transactions": [paid],
            "refund_line_items": [],
        }  # fmt: skip

    def _dispute_body(self, story: Story) -> dict[str, Any]:
        def when(what: str) -> str | None:
            return show(story.known[what]) if what in story.known else None

        return {
            "id": self._id(story, DISPUTE), "order_id": self._id(story, ORDER), "type": "inquiry", "amount": AMOUNT,
            "currency": "EUR", "reason": "product_not_received", "status": "needs_response", "evidence_due_by": None,
            "initiated_at": when("opened"), "evidence_sent_on": when("replied"), "finalized_on": when("resolved"),
        }  # fmt: skip

    # -- calls in -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answered:
        if request.headers.get("x-shopify-access-token") != self.credentials["access_token"]:
            return Answered(Reply(401, {}, b'{"errors":"[API] Invalid API key or access token"}'), "without a token")
        asked = json.loads(request.body)
        document = _DOCUMENT.search(asked["query"])
        told = shopify_desk.answer(self, document[1] if document else "", asked.get("variables") or {}, self._order_gid)
        if told is not None:
            return Answered(_data(told[0]), told[1])
        field = _FIRST_FIELD.search(asked["query"].partition("{")[1] + asked["query"].partition("{")[2])
        name, given = field[1] if field else "", asked["variables"]
        owner = given.get("id") or given.get("return") or given.get("input", {}).get("orderId")
        owner = owner or (given.get("metafields") or [{}])[0].get("ownerId", "")
        number = str(owner).rsplit("/", 1)[-1]
        story = self.books.get(int(number) // 10) if number.isdecimal() else None
        if story is None:
            return Answered(_data({name: None}), f"{name} of something unknown", number)
        if name in ("tagsAdd", "tagsRemove", "metafieldsSet"):
            return self._change(story, name, given)
        if name == "refundCreate":
            return self._pay_back(story, given)
        looks: dict[str, Any] = {
            "order": lambda: {"order": self._order(story)},
            "fulfillment": lambda: {"fulfillment": {"id": owner, "order": {"id": self._order_gid(story)}}},
            "fulfillmentOrder": lambda: {"fulfillmentOrder": {"id": owner, "orderId": self._order_gid(story)}},
            "reverseFulfillmentOrder": lambda: {
                "reverseFulfillmentOrder": {
                    "id": owner,
                    "order": {"id": self._order_gid(story), **self._returns(story)},
                }
            },
            "return": lambda: {"return": self._return(story), "refund": None},
            "dispute": lambda: {"dispute": self._dispute(story)},
        }
        if name not in looks:
            return Answered(_data({name: None}), f"{name}, which this shop does not know", self.subject(story))
        return Answered(_data(looks[name]()), "look", self.subject(story))

    def _change(self, story: Story, name: str, given: dict[str, Any]) -> Answered:
        subject = f"order/{self._id(story, ORDER)}"
        answer = {"node": {"id": self._order_gid(story)}, "userErrors": []}
        if name == "metafieldsSet":
            story.notes.append({"text": given["metafields"][0]["value"]})
            note = {"metafields": [{"id": _gid("Metafield", 1)}], "userErrors": []}
            return Answered(_data({name: note}), "note", subject, True)
        tags = ", ".join(given["tags"])
        kept = {*story.tags, *given["tags"]} if name == "tagsAdd" else {*story.tags} - {*given["tags"]}
        changed = kept != set(story.tags)
        story.tags = sorted(kept)
        if changed:
            story.touch(self.now())
        echo = (story, "tagged") if changed and story.kind is Kind.ORDER else None
        what = f"{'tag' if name == 'tagsAdd' else 'untag'} {tags}"
        return Answered(_data({name: answer}), what, subject, changed, echo)

    def _pay_back(self, story: Story, given: dict[str, Any]) -> Answered:
        """Once for each key, as the platform promises."""
        answer = _data({"refundCreate": {"refund": {"id": _gid("Refund", self._id(story, REFUND))}, "userErrors": []}})
        if any(one["key"] == given["key"] for one in story.refunds):
            return Answered(answer, "refund again", self.subject(story))
        amount = str(given["input"]["transactions"][0]["amount"])
        story.refunds.append({"key": given["key"], "amount": amount, "note": str(given["input"]["note"])})
        story.learn("refunded", self.now(), self.now())
        return Answered(answer, f"refund {amount} EUR", self.subject(story), True, (story, "refunded"))

    def _order_gid(self, story: Story) -> str:
        return _gid("Order", self._id(story, ORDER))

    def _order(self, story: Story) -> dict[str, Any]:
        shipped, cancelled = story.shipped, story.known.get("cancelled")
        at = show(story.ordered)
        parcels = [
            {
                "id": _gid("Fulfillment", self._id(story, PARCEL)), "status": "SUCCESS", "displayStatus": "IN_TRANSIT",
                "createdAt": show(shipped), "updatedAt": show(shipped), "deliveredAt": None,
                "estimatedDeliveryAt": None, "trackingInfo": [{"company": "DHL", "number": "JD01"}],
            }
        ] if shipped else []  # fmt: skip
        part = {
            "id": _gid("FulfillmentOrder", self._id(story, PART)), "status": "CLOSED" if shipped else "OPEN",
            "fulfillBy": None, "updatedAt": at, "deliveryMethod": None,
        }  # fmt: skip
        payment = {
            "id": _gid("OrderTransaction", self._id(story, PAYMENT)), "kind": "SALE", "status": "SUCCESS",
            "createdAt": at, "processedAt": at, "amountSet": _money(AMOUNT),
        }  # fmt: skip
        returned = story.kind is Kind.RETURN
        left = {
            "gateway": "bogus", "kind": "SUGGESTED_REFUND", "parentTransaction": {"id": payment["id"]},
            "maximumRefundableSet": _money("0.00" if self._refunds(story) else AMOUNT),
        }  # fmt: skip
        return {
            "currencyCode": "EUR", "presentmentCurrencyCode": "EUR",
            "suggestedRefund": {"suggestedTransactions": [left]},
            "id": self._order_gid(story), "updatedAt": show(story.changed), "createdAt": at, "processedAt": at,
            "cancelledAt": show(cancelled) if cancelled else None, "cancelReason": "CUSTOMER" if cancelled else None,
            "sourceName": "web", "taxesIncluded": True, "displayFinancialStatus": "PAID",
            "displayFulfillmentStatus": "FULFILLED" if shipped else "UNFULFILLED",
            "customer": {"id": _gid("Customer", 501)}, "shippingAddress": _PLACE, "billingAddress": None,
            "totalPriceSet": _money(AMOUNT), "totalRefundedSet": _money(AMOUNT if self._refunds(story) else "0.00"),
            "lineItems": _list(
                {
                    "id": _gid("LineItem", self._id(story, LINE)), "vendor": "",
                    "unfulfilledQuantity": 0 if shipped else 1, "product": {"id": _gid("Product", 901)},
                    "discountedTotalSet": _money(AMOUNT),
                }
            ),
            "fulfillments": parcels, "fulfillmentOrders": _list(part), "transactions": [payment],
            "refunds": self._refunds(story), "returns": _list(self._return(story)) if returned else _list(),
        }  # fmt: skip

    def _returns(self, story: Story) -> dict[str, Any]:
        reverse = {"id": _gid("ReverseFulfillmentOrder", self._id(story, REVERSE))}
        one = {"id": _gid("Return", self._id(story, RETURN)), "reverseFulfillmentOrders": _list(reverse)}
        return {"returns": _list(one)}

    def _refunds(self, story: Story) -> list[dict[str, Any]]:
        if "refunded" not in story.known:
            return []
        at = show(story.known["refunded"])
        paid = {
            "id": _gid("OrderTransaction", self._id(story, PAYMENT)), "kind": "REFUND", "status": "SUCCESS",
            "createdAt": at, "processedAt": at, "amountSet": _money(AMOUNT),
        }  # fmt: skip
        return [
            {
                "id": _gid("Refund", self._id(story, REFUND)), "note": _note(story), "createdAt": at, "processedAt": at,
                "updatedAt": at, "return": {"id": _gid("Return", self._id(story, RETURN))},
                "order": {"id": self._order_gid(story)}, "totalRefundedSet": _money(AMOUNT),
                "transactions": _list(paid), "refundLineItems": _list(),
            }
        ]  # fmt: skip

    def _return(self, story: Story) -> dict[str, Any]:
        came = show(story.known.get("returned", story.began))
        line = {"vendor": "", "product": {"id": _gid("Product", 901)}}
        disposed = {"id": _gid("ReverseFulfillmentOrderDisposition", 1), "type": "RESTOCKED", "createdAt": came}
        return {
            "id": _gid("Return", self._id(story, RETURN)), "status": "OPEN", "createdAt": show(story.ordered),
            "requestApprovedAt": show(story.ordered), "closedAt": None,
            "order": {
                "id": self._order_gid(story), "updatedAt": show(story.changed), "shippingAddress": _PLACE,
                "billingAddress": None,
            },
            "returnLineItems": _list(
                {
                    "id": _gid("ReturnLineItem", 1), "quantity": 1,
                    "refundedQuantity": 1 if "refunded" in story.known else 0,
                    "withCodeDiscountedTotalPriceSet": _money(AMOUNT), "fulfillmentLineItem": {"lineItem": line},
                }
            ),
            "refunds": _list(*self._refunds(story)),
            "reverseFulfillmentOrders": _list(
                {
                    "id": _gid("ReverseFulfillmentOrder", self._id(story, REVERSE)),
                    "lineItems": _list({"id": _gid("ReverseFulfillmentOrderLineItem", 1), "dispositions": [disposed]}),
                }
            ),
        }  # fmt: skip

    def _dispute(self, story: Story) -> dict[str, Any]:
        body = self._dispute_body(story)
        return {
            "id": _gid("ShopifyPaymentsDispute", body["id"]), "status": "NEEDS_RESPONSE", "type": "INQUIRY",
            "initiatedAt": body["initiated_at"], "evidenceDueBy": None, "evidenceSentOn": body["evidence_sent_on"],
            "finalizedOn": body["finalized_on"], "amount": {"amount": AMOUNT, "currencyCode": "EUR"},
            "reasonDetails": {"reason": "PRODUCT_NOT_RECEIVED"},
            "order": {
                "id": self._order_gid(story), "updatedAt": show(story.changed), "shippingAddress": _PLACE,
                "billingAddress": None, "lineItems": _list({"vendor": "", "product": {"id": _gid("Product", 901)}}),
            },
        }  # fmt: skip


def _data(data: object) -> Reply:
    body = {"data": data, "extensions": {"cost": {"requestedQueryCost": 10}}}
    return Reply(
        200, {"content-type": "application/json", "x-shopify-api-version": "2026-07"}, json.dumps(body).encode()
    )
