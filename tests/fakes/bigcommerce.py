"""A BigCommerce store in memory: v2 orders, shipments, messages and addresses, v3 transactions, refunds, metafields and
products. It answers as the API does (v2 dates as mail writes them, amounts with four decimals, 204 for an empty v2
list) and misbehaves on request. Facts: the BigCommerce sheet.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

from chalicelib.core.calls import Call, Reply
from chalicelib.core.signing import ID, SIGNATURE, TIMESTAMP
from chalicelib.ports.http import Uncertain, Unsent

Json = dict

THROTTLED, DOWN, HTML, LOST, LOST_500, UNSENT = "throttled", "down", "html", "lost", "lost_500", "unsent"
AFTER, BEFORE = [LOST, LOST_500], [THROTTLED, DOWN, UNSENT]
"""Faults. `lost*`: the effect is there, the answer is not."""


class ApiError(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class FakeStore:
    store_hash: str = "abcde"
    now: datetime = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
    token: str = "token-0123456789"
    orders: dict[int, Json] = field(default_factory=dict)
    shipments: dict[int, list[Json]] = field(default_factory=dict)
    transactions: dict[int, list[Json]] = field(default_factory=dict)
    refunds: dict[int, list[Json]] = field(default_factory=dict)
    messages: dict[int, list[Json]] = field(default_factory=dict)
    products: dict[int, Json] = field(default_factory=dict)
    metafields: dict[str, list[Json]] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(method or `*`, fault): each strikes the next call that fits, once."""
    decline: bool = False
    offline: bool = False
    calls: list[Call] = field(default_factory=list)
    moved: list[Decimal] = field(default_factory=list)
    next_id: int = 100
    hooks: dict[int, Json] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    """Scopes that the token lacks."""

    @property
    def base(self) -> str:
        return f"https://api.bigcommerce.com/stores/{self.store_hash}"

    # -- what people do in the store ----------------------------------------------------------------------------------

    def order(self, status: int = 11, total: str = "50.0000", **more: object) -> int:
        number = self._id()
        self.orders[number] = {
            "id": number, "customer_id": 7, "date_created": mail(self.now), "date_modified": mail(self.now),
            "date_shipped": "", "status_id": status, "status": "Whatever the merchant calls it",
            "total_inc_tax": total, "refunded_amount": "0.0000", "currency_code": "EUR",
            "default_currency_code": "EUR", "staff_notes": "", "customer_message": "ring twice",
            "ip_address": "203.0.113.9",
            "billing_address": {"first_name": "Ada", "email": "ada@example.org", "country_iso2": "DE"}, **more,
        }  # fmt: skip
        for table in (self.shipments, self.transactions, self.refunds, self.messages):
            table[number] = []
        return number

    def pay(self, number: int, amount: str, event: str = "purchase") -> None:
        self.transactions[number].append(
            {"id": self._id(), "order_id": str(number), "event": event, "status": "ok", "amount": float(amount),
             "currency": "EUR", "gateway": "braintree", "date_created": iso(self.now)}
        )  # fmt: skip

    def ship(self, number: int) -> int:
        shipment = self._id()
        self.shipments[number].append(
            {"id": shipment, "order_id": number, "date_created": mail(self.now), "tracking_number": "1Z9",
             "tracking_carrier": "ups", "shipping_address": {"first_name": "Ada"}}
        )  # fmt: skip
        self._touch(number)
        return shipment

    def set_status(self, number: int, status: int) -> bytes:
        """Changes it, and gives the notice of that."""
        order = self.orders[number]
        before, order["status_id"] = order["status_id"], status
        if status == 2 and not order["date_shipped"]:
            order["date_shipped"] = mail(self.now)
        self._touch(number)
        changed = {"previous_status_id": before, "new_status_id": status}
        return self.notice("store/order/statusUpdated", {"type": "order", "id": number, "status": changed})

    def write(self, number: int, by_staff: bool = False) -> int:
        self.messages[number].append(
            {"id": self._id(), "order_id": number, "staff_id": 3 if by_staff else None,
             "customer_id": None if by_staff else 7, "type": "message", "subject": "Where is it?",
             "message": "I am Ada and I live at ...", "status": "unread", "date_created": mail(self.now)}
        )  # fmt: skip
        return self.messages[number][-1]["id"]

    def product(self, visible: bool = True) -> int:
        number = self._id()
        self.products[number] = {
            "id": number, "name": "Tea", "is_visible": visible, "availability": "preorder",
            "date_created": iso(self.now), "date_modified": iso(self.now),
        }  # fmt: skip
        return number

    def later(self, **span: int) -> None:
        self.now += timedelta(**span)

    def notice(self, scope: str, data: Json) -> bytes:
        return json.dumps(
            {"scope": scope, "store_id": "1000", "data": data, "hash": "0" * 40,
             "created_at": int(self.now.timestamp()), "producer": f"stores/{self.store_hash}"}
        ).encode()  # fmt: skip

    def signed(self, raw: bytes, secret: str, ident: str = "msg_1") -> dict[str, str]:
        import base64
        import hashlib
        import hmac

        stamp = str(int(self.now.timestamp()))
        digest = hmac.new(secret.encode(), f"{ident}.{stamp}.".encode() + raw, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(digest).decode()
        return {ID: ident, TIMESTAMP: stamp, SIGNATURE: signature, "content-type": "application/json"}

    # -- the wire -----------------------------------------------------------------------------------------------------

    def send(self, call: Call) -> Reply:
        """The port `Http`: one call, its answer or one of the two failures."""
        self.calls.append(call)
        fault = self._strike(call.method)
        if fault == UNSENT:
            raise Unsent("connection refused")
        if fault == THROTTLED:
            return Reply(429, {"x-rate-limit-time-reset-ms": "2500", "x-retry-after": "7"}, b"")
        if fault == DOWN:
            return Reply(503, {"content-type": "text/html"}, b"<html>busy</html>")
        if fault == HTML:
            return Reply(200, {"content-type": "text/html"}, b"<html>hello</html>")
        reply = self._answer(call)
        if fault == LOST:
            raise Uncertain("time-out")
        return Reply(500, {}, b"") if fault == LOST_500 else reply

    def _strike(self, method: str) -> str:
        for index, (wanted, _) in enumerate(self.faults):
            if wanted in ("*", method):
                return self.faults.pop(index)[1]
        return ""

    def _answer(self, call: Call) -> Reply:
        parts = urlsplit(call.url)
        assert call.headers["accept"] == "application/json", "v2 would answer in XML"
        headers = {"content-type": "application/json", "date": format_datetime(self.now, usegmt=True)}
        if call.headers.get("x-auth-token") != self.token:
            return Reply(401, headers, b'{"status":401,"title":"X-Auth-Token header is required"}')
        path = parts.path.removeprefix(f"/stores/{self.store_hash}/")
        query = dict(parse_qsl(parts.query))
        if _scope_of(path) in self.denied:
            return Reply(403, headers, b'{"status":403,"title":"Your token does not have the required scope"}')
        try:
            for method, pattern, handler in self._routes():
                found = re.fullmatch(pattern, path)
                if found and method == call.method:
                    value = handler(*found.groups(), query, json.loads(call.body) if call.body else {})
                    if value is None:
                        return Reply(204, headers, b"")
                    return Reply(200, headers, json.dumps(value).encode())
            raise ApiError(404)
        except ApiError as error:
            return Reply(error.status, headers, json.dumps({"status": error.status, "title": "No."}).encode())

    def _routes(self) -> list[tuple[str, str, Callable[..., object]]]:
        one = r"(\d+)"
        return [
            ("GET", "v2/store", lambda q, b: {"id": self.store_hash, "name": "Tea & Co", "currency": "EUR"}),
            ("GET", "v3/hooks", lambda q, b: _v3(list(self.hooks.values()), q)),
            ("POST", "v3/hooks", self._hook),
            ("PUT", f"v3/hooks/{one}", self._put_hook),
            ("DELETE", f"v3/hooks/{one}", self._drop_hook),
            ("GET", "v3/catalog/products", lambda q, b: _v3(list(self.products.values()), q)),
            ("GET", "v2/orders", self._list),
            ("GET", f"v2/orders/{one}", lambda n, q, b: self._order(n)),
            ("PUT", f"v2/orders/{one}", self._put_order),
            ("GET", f"v2/orders/{one}/shipments", lambda n, q, b: _v2(self.shipments[self._order(n)["id"]], q)),
            ("GET", f"v2/orders/{one}/messages", lambda n, q, b: _v2(self.messages[self._order(n)["id"]], q)),
            ("GET", f"v2/orders/{one}/shipping_addresses",
             lambda n, q, b: _v2([{"first_name": "Ada", "country_iso2": "AT"}], q)),
            ("GET", f"v3/orders/{one}/transactions", lambda n, q, b: _v3(self.transactions[self._order(n)["id"]], q)),
            ("GET", f"v3/orders/{one}/payment_actions/refunds",
             lambda n, q, b: _v3(self.refunds[self._order(n)["id"]], q)),
            ("POST", f"v3/orders/{one}/payment_actions/refund_quotes", self._quote),
            ("POST", f"v3/orders/{one}/payment_actions/refunds", self._refund),
            ("GET", f"v3/(orders|catalog/products)/{one}/metafields",
             lambda kind, n, q, b: _v3(self.metafields.get(f"{kind}/{n}", []), q)),
            ("POST", f"v3/(orders|catalog/products)/{one}/metafields", self._remember),
            ("DELETE", f"v3/(orders|catalog/products)/{one}/metafields/{one}", self._forget),
            ("GET", f"v3/catalog/products/{one}", lambda n, q, b: {"data": self._product(n), "meta": {}}),
            ("PUT", f"v3/catalog/products/{one}", self._put_product),
        ]  # fmt: skip

    def _order(self, number: str) -> Json:
        if int(number) not in self.orders:
            raise ApiError(404)
        return self.orders[int(number)]

    def _product(self, number: str) -> Json:
        if int(number) not in self.products:
            raise ApiError(404)
        return self.products[int(number)]

    def _hook(self, query: Json, body: Json) -> object:
        if any(one["scope"] == body["scope"] and one["destination"] == body["destination"]
               for one in self.hooks.values()):  # fmt: skip
            raise ApiError(422)
        number = self._id()
        self.hooks[number] = {"id": number, "client_id": "c", "store_hash": self.store_hash, "headers": None, **body}
        return {"data": self.hooks[number], "meta": {}}

    def _put_hook(self, number: str, query: Json, body: Json) -> object:
        if int(number) not in self.hooks:
            raise ApiError(404)
        self.hooks[int(number)].update(body)
        return {"data": self.hooks[int(number)], "meta": {}}

    def _drop_hook(self, number: str, query: Json, body: Json) -> object:
        if int(number) not in self.hooks:
            raise ApiError(404)
        return {"data": self.hooks.pop(int(number)), "meta": {}}

    def _list(self, query: Json, body: Json) -> object:
        if query.get("sort") == "date_created:desc":
            return _v2(sorted(self.orders.values(), key=lambda one: one["id"], reverse=True), query)
        since = datetime.fromisoformat(query["min_date_modified"])
        found = [one for one in self.orders.values() if _parsed(one["date_modified"]) >= since]
        return _v2(sorted(found, key=lambda one: _parsed(one["date_modified"])), query)

    def _put_order(self, number: str, query: Json, body: Json) -> object:
        order = self._order(number)
        if "status_id" in body:
            self.set_status(order["id"], body["status_id"])
        if "staff_notes" in body:
            order["staff_notes"] = body["staff_notes"]
        self._touch(order["id"])
        return order

    def _quote(self, number: str, query: Json, body: Json) -> object:
        (item,) = body["items"]
        if item["item_type"] != "ORDER" or item["item_id"] != int(number):
            raise ApiError(422)
        amount = item["amount"]
        way = [{"provider_id": "braintree", "provider_description": "Braintree", "amount": amount,
                "offline": self.offline}]  # fmt: skip
        return {"data": {"order_id": int(number), "total_refund_amount": amount, "refund_methods": [way]}, "meta": {}}

    def _refund(self, number: str, query: Json, body: Json) -> object:
        order, refunds = self._order(number), self.refunds[int(number)]
        amount = sum((Decimal(str(one["amount"])) for one in body["payments"]), Decimal(0))
        given = sum((Decimal(str(one["total_amount"])) for one in refunds), Decimal(0))
        if amount <= 0 or given + amount > Decimal(order["total_inc_tax"]):
            raise ApiError(422)
        made = {
            "id": self._id(), "order_id": int(number), "created": iso(self.now), "reason": body.get("reason", ""),
            "total_amount": float(amount), "items": body["items"],
            "payments": [{**one, "is_declined": self.decline} for one in body["payments"]],
        }  # fmt: skip
        refunds.append(made)
        if not self.decline:
            self.moved.append(amount)
        self._touch(int(number))
        return {"data": made, "meta": {}}

    def _remember(self, kind: str, number: str, query: Json, body: Json) -> object:
        held = self.metafields.setdefault(f"{kind}/{number}", [])
        if any(one["namespace"] == body["namespace"] and one["key"] == body["key"] for one in held):
            raise ApiError(409)
        held.append({"id": self._id(), **body})
        return {"data": held[-1], "meta": {}}

    def _forget(self, kind: str, number: str, metafield: str, query: Json, body: Json) -> object:
        held = self.metafields.get(f"{kind}/{number}", [])
        if not any(one["id"] == int(metafield) for one in held):
            raise ApiError(404)
        held[:] = [one for one in held if one["id"] != int(metafield)]
        return None

    def _put_product(self, number: str, query: Json, body: Json) -> object:
        product = self._product(number)
        product.update(body, date_modified=iso(self.now))
        return {"data": product, "meta": {}}

    def _touch(self, number: int) -> None:
        self.orders[number]["date_modified"] = mail(self.now)

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id


def _scope_of(path: str) -> str:
    """The scope that a path needs."""
    if path == "v2/store":
        return "store_v2_information_read_only"
    if "payment_actions" in path or path.endswith("/transactions"):
        return "store_v2_transactions"
    return "store_v2_products" if "catalog" in path else "store_v2_orders" if "orders" in path else "hooks"


def mail(moment: datetime) -> str:
    return format_datetime(moment)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _parsed(text: str) -> datetime:
    return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %z")


def _v2(rows: list[Json], query: Json) -> object:
    size, page = int(query.get("limit", "50")), int(query.get("page", "1"))
    return rows[(page - 1) * size : page * size] or None


def _v3(rows: list[Json], query: Json) -> object:
    wanted = [one for one in rows if query.get("namespace") in (None, one.get("namespace"))]
    size, page = int(query.get("limit", "50")), int(query.get("page", "1"))
    pages = {"total": len(wanted), "per_page": size, "current_page": page, "total_pages": -(-len(wanted) // size)}
    return {"data": wanted[(page - 1) * size : page * size], "meta": {"pagination": pages}}
