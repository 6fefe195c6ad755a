"""A Saleor shop in memory: orders with their history, fulfilments, grants, transactions and metadata, products by
channel. It answers the documents of the adapter by their operation name, whole objects where real GraphQL would cut
them down, signs deliveries as the real one does, and misbehaves on request. Facts: the Saleor sheet and the schema.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain, Unsent

Json = dict

THROTTLED, DOWN, HTML, LOST, LOST_500, UNSENT = "throttled", "down", "html", "lost", "lost_500", "unsent"
EXPIRED, DENIED, COSTLY = "expired", "denied", "costly"
AFTER, BEFORE = [LOST, LOST_500], [THROTTLED, DOWN, UNSENT]
"""Faults. `lost*`: the effect is there, the answer is not. `expired`, `denied`, `costly`: errors under 200."""


@cache
def signing_key(kid: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwk(kid: str) -> Json:
    numbers = signing_key(kid).public_key().public_numbers()
    n, e = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
    return {"kty": "RSA", "key_ops": ["verify"], "n": b64(n), "e": b64(e), "use": "sig", "kid": kid, "alg": "RS256"}


@dataclass
class FakeSaleor:
    address: str = "https://shop.example/graphql/"
    now: datetime = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
    token: str = "app-token-0123"
    kid: str = "first"
    orders: dict[str, Json] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    webhooks: dict[str, Json] = field(default_factory=dict)
    permissions: list[str] = field(default_factory=lambda: ["MANAGE_ORDERS", "MANAGE_PRODUCTS", "HANDLE_PAYMENTS"])
    version: str = "3.22.1"
    active: bool = True
    payable: bool = True
    """Whether the payment app carries refunds out."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(name of an operation, or `*`, fault): each strikes the next call that fits, once."""
    calls: list[str] = field(default_factory=list)
    next_id: int = 0

    # -- what people do in the shop -----------------------------------------------------------------------------------

    def order(self, total: float = 50.0, status: str = "UNFULFILLED") -> str:
        ident = self._id("Order")
        self.orders[ident] = {
            "id": ident, "created": iso(self.now), "updatedAt": iso(self.now), "status": status,
            "chargeStatus": "NONE", "channel": {"slug": "default-channel"}, "user": {"id": "VXNlcjo3"},
            "userEmail": "ada@example.org", "shippingAddress": {"firstName": "Ada", "country": {"code": "DE"}},
            "billingAddress": {"firstName": "Ada", "country": {"code": "AT"}},
            "total": {"gross": money(total)}, "totalRefunded": money(0), "seller": "s-17",
            "lines": [{"variant": {"product": {"id": "UHJvZHVjdDox"}}}, {"variant": None}],
            "fulfillments": [], "events": [], "grantedRefunds": [],
            "transactions": [{"id": self._id("Transaction"), "actions": [], "chargedAmount": money(0),
                              "refundPendingAmount": money(0), "events": []}],
        }  # fmt: skip
        return ident

    def happen(self, order: str, kind: str, message: str | None = None) -> str:
        event = self._id("OrderEvent")
        self.orders[order]["events"].append({"id": event, "date": iso(self.now), "type": kind, "message": message})
        self.orders[order]["updatedAt"] = iso(self.now)
        return event

    def pay(self, order: str) -> None:
        body, (transaction,) = self.orders[order], self.orders[order]["transactions"]
        transaction.update(chargedAmount=body["total"]["gross"], actions=["REFUND"])
        self._transact(order, "CHARGE_SUCCESS", body["total"]["gross"]["amount"])
        body["chargeStatus"] = "FULL"
        self.happen(order, "ORDER_FULLY_PAID")

    def _transact(self, order: str, kind: str, amount: float) -> Json:
        event = {"id": self._id("TransactionEvent"), "createdAt": iso(self.now), "type": kind, "amount": money(amount)}
        self.orders[order]["transactions"][0]["events"].append(event)
        self.orders[order]["updatedAt"] = iso(self.now)
        return event

    def charge_back(self, order: str, amount: float) -> str:
        return self._transact(order, "CHARGE_BACK", amount)["id"]

    def fulfil(self, order: str, status: str = "FULFILLED", whole: bool = True) -> str:
        ident = self._id("Fulfillment")
        one = {"id": ident, "created": iso(self.now), "status": status, "trackingNumber": "1Z9"}
        self.orders[order]["fulfillments"].append(one)
        if status == "FULFILLED":
            self.orders[order]["status"] = "FULFILLED" if whole else "PARTIALLY_FULFILLED"
        self.happen(order, "FULFILLMENT_FULFILLED_ITEMS")
        return ident

    def send_back(self, order: str) -> str:
        """All of it comes back: Saleor moves the lines to a new fulfilment and drops the empty one."""
        self.orders[order]["fulfillments"].clear()
        self.orders[order]["status"] = "RETURNED"
        return self.fulfil(order, "RETURNED")

    def cancel(self, order: str) -> None:
        self.orders[order]["status"] = "CANCELED"
        self.happen(order, "CANCELED")

    def settle(self, order: str) -> None:
        """The payment app has carried the refunds out."""
        for one in self.orders[order]["grantedRefunds"]:
            if one["status"] == "PENDING":
                event = self._transact(order, "REFUND_SUCCESS", one["amount"]["amount"])
                one.update(status="SUCCESS", updatedAt=iso(self.now), transactionEvents=[event])

    def product(self) -> str:
        ident = self._id("Product")
        shown = {"isPublished": True, "publishedAt": iso(self.now), "isAvailableForPurchase": True}
        hidden = {"isPublished": False, "publishedAt": None, "isAvailableForPurchase": False}
        self.products[ident] = {
            "id": ident, "name": "Tea", "created": iso(self.now), "updatedAt": iso(self.now),
            "channelListings": [{"channel": {"id": "Q2g6MQ=="}, **shown}, {"channel": {"id": "Q2g6Mg=="}, **shown},
                                {"channel": {"id": "Q2g6Mw=="}, **hidden}],
        }  # fmt: skip
        return ident

    def later(self, **span: int) -> None:
        self.now += timedelta(**span)

    # -- what it sends ------------------------------------------------------------------------------------------------

    def event(self, name: str, order: str, **more: object) -> bytes:
        body = {"__typename": name, "issuedAt": iso(self.now), "version": "3.22.1", "order": self.orders[order]}
        return json.dumps({**body, **more}).encode()

    def jwks(self) -> str:
        return json.dumps({"keys": [jwk(self.kid)]})

    def signed(self, raw: bytes, name: str = "order_updated", **header: object) -> dict[str, str]:
        fields = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.kid, "typ": "JWT", **header}
        head = b64(json.dumps(fields).encode())
        signature = signing_key(self.kid).sign(head.encode() + b"." + raw, padding.PKCS1v15(), hashes.SHA256())
        return self._headers(name, f"{head}..{b64(signature)}")

    def sealed(self, raw: bytes, secret: str, name: str = "order_updated") -> dict[str, str]:
        return self._headers(name, hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest())

    def _headers(self, name: str, signature: str) -> dict[str, str]:
        return {"saleor-event": name, "saleor-api-url": self.address, "saleor-signature": signature,
                "content-type": "application/json"}  # fmt: skip

    # -- the wire -----------------------------------------------------------------------------------------------------

    def send(self, call: Call) -> Reply:
        """The port `Http`."""
        if urlsplit(call.url).path == "/.well-known/jwks.json":
            return self._struck("jwks", lambda: Reply(200, {}, self.jwks().encode()))
        assert call.url == self.address and call.method == "POST"
        headers = {"content-type": "application/json", "date": format_datetime(self.now, usegmt=True)}
        if call.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(200, headers, errors("InvalidTokenError"))
        question = json.loads(call.body)
        found = re.search(r"(?:query|mutation) (\w+)", question["query"])
        assert found is not None
        return self._struck(found[1], lambda: self._answer(found[1], question["variables"], headers))

    def _struck(self, name: str, answer: "object") -> Reply:
        self.calls.append(name)
        fault = self._strike(name)
        if fault == UNSENT:
            raise Unsent("connection refused")
        if fault == THROTTLED:
            return Reply(429, {"retry-after": "9"}, b"")
        if fault == DOWN:
            return Reply(502, {}, b"<html>bad gateway</html>")
        if fault == HTML:
            return Reply(200, {}, b"<html>hello</html>")
        told = {EXPIRED: "ExpiredSignatureError", DENIED: "PermissionDenied", COSTLY: "QueryCostError"}
        if fault in told:
            return Reply(200, {}, errors(told[fault]))
        assert callable(answer)
        reply = answer()
        assert isinstance(reply, Reply)
        if fault == LOST:
            raise Uncertain("time-out")
        return Reply(500, {}, b"") if fault == LOST_500 else reply

    def _strike(self, name: str) -> str:
        for index, (wanted, _) in enumerate(self.faults):
            if wanted in ("*", name):
                return self.faults.pop(index)[1]
        return ""

    def _answer(self, name: str, given: Json, headers: dict[str, str]) -> Reply:
        data = getattr(self, f"_do_{name.lower()}")(given)
        return Reply(
            200, headers, json.dumps({"data": data, "extensions": {"cost": {"requestedQueryCost": 7}}}).encode()
        )

    def _do_look(self, given: Json) -> Json:
        return {"order": self.orders.get(given["id"]), "product": self.products.get(given["id"])}

    _do_notes = _do_status = _do_refundable = _do_look

    def _do_changes(self, given: Json) -> Json:
        since = datetime.fromisoformat(given["since"])
        found = [one for one in self.orders.values() if datetime.fromisoformat(one["updatedAt"]) >= since]
        found.sort(key=lambda one: one["updatedAt"])
        start = int(given["after"] or 0)
        page = {"hasNextPage": len(found) > start + 100, "endCursor": str(start + 100)}
        return {"orders": {"edges": [{"node": one} for one in found[start : start + 100]], "pageInfo": page}}

    def _do_webhooks(self, given: Json) -> Json:
        shown = [
            {**one, "asyncEvents": [{"eventType": name} for name in one["asyncEvents"]]}
            for one in self.webhooks.values()
        ]
        return {"app": {"id": "QXBwOjE=", "webhooks": shown}}

    def _do_subscribe(self, given: Json) -> Json:
        wanted = given["input"]
        assert wanted["query"].startswith("subscription {"), "without a query the bodies are of the old form"
        if not wanted["targetUrl"].startswith(("https://", "awssqs://")):
            return {"webhookCreate": {"webhook": None, "errors": [{"field": "targetUrl", "code": "INVALID"}]}}
        ident = self._id("Webhook")
        self.webhooks[ident] = {"id": ident, **wanted}
        return {"webhookCreate": {"webhook": {"id": ident}, "errors": []}}

    def _do_amend(self, given: Json) -> Json:
        if given["id"] not in self.webhooks:
            return {"webhookUpdate": {"webhook": None, "errors": [{"field": "id", "code": "NOT_FOUND"}]}}
        self.webhooks[given["id"]].update(given["input"])
        return {"webhookUpdate": {"webhook": {"id": given["id"]}, "errors": []}}

    def _do_unsubscribe(self, given: Json) -> Json:
        gone = self.webhooks.pop(given["id"], None) is None
        return {"webhookDelete": {"errors": [{"field": "id", "code": "NOT_FOUND"}] if gone else []}}

    def _do_probe(self, given: Json) -> Json:
        app = {"id": "QXBwOjE=", "name": "Redress", "isActive": self.active,
               "permissions": [{"code": one} for one in self.permissions]}  # fmt: skip
        return {"app": app, "shop": {"version": self.version}}

    def _do_recent(self, given: Json) -> Json:
        found = sorted(self.orders.values(), key=lambda one: one["created"], reverse=True)
        return {"orders": {"edges": [{"node": one} for one in found[:100]]}}

    def _do_note(self, given: Json) -> Json:
        event = self.happen(given["order"], "NOTE_ADDED", given["input"]["message"])
        return {"orderNoteAdd": {"event": {"id": event}, "errors": []}}

    def _do_cancel(self, given: Json) -> Json:
        if self.orders[given["id"]]["fulfillments"]:
            return {"orderCancel": {"order": None, "errors": [{"field": "order", "code": "CANNOT_CANCEL_ORDER"}]}}
        self.cancel(given["id"])
        return {"orderCancel": {"order": {"id": given["id"]}, "errors": []}}

    def _do_remember(self, given: Json) -> Json:
        held = self.metadata.setdefault(given["id"], {})
        held.update({one["key"]: one["value"] for one in given["input"]})
        return {"updatePrivateMetadata": {"item": {"__typename": "Order"}, "errors": []}}

    def _do_forget(self, given: Json) -> Json:
        for key in given["keys"]:
            self.metadata.get(given["id"], {}).pop(key, None)
        return {"deletePrivateMetadata": {"item": {"__typename": "Order"}, "errors": []}}

    def _do_tell(self, given: Json) -> Json:
        key = given["input"]["key"]
        self.problems[key] = self.problems.get(key, 0) + 1
        return {"appProblemCreate": {"appProblem": {"id": f"UHJvYmxlbTo{key[-6:]}"}, "errors": []}}

    def _do_listing(self, given: Json) -> Json:
        found = self.products.get(given["id"])
        before = self.metadata.get(given["id"], {}).get(given["key"])
        return {"product": {**found, "before": before} if found else None}

    def _do_list(self, given: Json) -> Json:
        listings = {one["channel"]["id"]: one for one in self.products[given["id"]]["channelListings"]}
        for one in given["input"]["updateChannels"]:
            listings[one["channelId"]].update({name: value for name, value in one.items() if name != "channelId"})
        return {"productChannelListingUpdate": {"product": {"id": given["id"]}, "errors": []}}

    def _do_grant(self, given: Json) -> Json:
        order, wanted = self.orders[given["id"]], given["input"]
        granted = sum(one["amount"]["amount"] for one in order["grantedRefunds"])
        if granted + wanted["amount"] > order["total"]["gross"]["amount"]:
            error = {"field": "amount", "code": "AMOUNT_GREATER_THAN_AVAILABLE"}
            return {"orderGrantRefundCreate": {"grantedRefund": None, "errors": [error]}}
        ident = self._id("OrderGrantedRefund")
        order["grantedRefunds"].append(
            {"id": ident, "createdAt": iso(self.now), "updatedAt": iso(self.now), "status": "NONE",
             "reason": wanted["reason"], "amount": money(wanted["amount"]), "transactionEvents": []}
        )  # fmt: skip
        return {"orderGrantRefundCreate": {"grantedRefund": {"id": ident}, "errors": []}}

    def _do_payback(self, given: Json) -> Json:
        name = "transactionRequestRefundForGrantedRefund"
        for order in self.orders.values():
            for one in order["grantedRefunds"]:
                if one["id"] == given["id"] and one["status"] == "NONE":
                    if not self.payable:
                        error = {"field": "grantedRefundId", "code": "MISSING_TRANSACTION_ACTION_REQUEST_WEBHOOK"}
                        return {name: {"transaction": None, "errors": [error]}}
                    one["status"] = "PENDING"
                    return {name: {"transaction": {"id": "x"}, "errors": []}}
        return {name: {"transaction": None, "errors": [{"field": None, "code": "REFUND_ALREADY_PROCESSED"}]}}

    def _id(self, kind: str) -> str:
        self.next_id += 1
        return base64.b64encode(f"{kind}:{self.next_id}".encode()).decode()


def errors(code: str) -> bytes:
    told = {"message": "No.", "extensions": {"exception": {"code": code}}}
    return json.dumps({"errors": [told], "data": None}).encode()


def money(amount: float) -> Json:
    return {"currency": "EUR", "amount": amount, "fractionalAmount": round(amount * 100), "fractionDigits": 2}


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
