"""A WooCommerce shop with Dokan on it, in memory: orders, notes, refunds, products, mails. It answers as the
REST controllers do, statuses of errors included, and misbehaves on request: throttled, behind a firewall, chatty,
losing the answer after the effect. Facts: the WooCommerce sheet and the controllers' source.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, quote, urlsplit

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain, Unsent
from tests.fakes.dokan import WithDokan
from tests.fakes.wordpress import Json, Route, WpError, page_of, wp

NAMES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
}
CHANGED = "Order status changed from {} to {}."

THROTTLED, FIREWALL, DOWN, NOTICES, HTML = "throttled", "firewall", "down", "notices", "html"
LOST, LOST_HTML, LOST_500, UNSENT, VETO = "lost", "lost_html", "lost_500", "unsent", "veto"
"""Faults. `lost*`: the effect is there, the answer is not (connection lost, an HTML page, a 500)."""


@dataclass
class FakeShop(WithDokan):
    base: str = "https://shop.example"
    key: str = "ck_1"
    secret: str = "cs_1"
    wp_user: str = "ops"
    wp_password: str = "abcd efgh"
    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))
    changed: str = CHANGED
    timezone: str = "Europe/Berlin"
    may_read_reports: bool = True
    permissions: str = "read_write"
    """Of the API key."""
    manager: bool = True
    """Whether the key's user may manage the shop; another may see orders only."""
    cron: bool = True
    gateways: list[Json] = field(default_factory=list)
    orders: dict[int, Json] = field(default_factory=dict)
    notes: dict[int, list[Json]] = field(default_factory=dict)
    refunds: dict[int, list[Json]] = field(default_factory=dict)
    products: dict[int, Json] = field(default_factory=dict)
    moved: list[Decimal] = field(default_factory=list)
    """Money that the payment plugin gave back."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(method or `*`, fault): each strikes the next call that fits, once."""
    calls: list[Call] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    hooks: dict[int, Json] = field(default_factory=dict)
    pings: list[str] = field(default_factory=list)
    """Addresses that were told of a new webhook."""

    # -- what people do in the shop -----------------------------------------------------------------------------------

    def order(self, status: str = "processing", total: str = "50.00", **more: object) -> int:
        number = self.new_id()
        self.orders[number] = {
            "id": number, "parent_id": 0, "number": str(number), "status": status, "currency": "EUR",
            "date_created_gmt": wp(self.now), "date_modified_gmt": wp(self.now),
            "date_paid_gmt": None if status == "pending" else wp(self.now),
            "date_completed_gmt": wp(self.now) if status == "completed" else None,
            "total": total, "customer_id": 7, "customer_note": "ring twice",
            "billing": {"first_name": "Ada", "email": "ada@example.org", "country": "DE"},
            "shipping": {"first_name": "Ada", "address_1": "Hauptstrasse 1", "country": "DE"},
            "meta_data": [], "refunds": [],
            "line_items": [{"id": 1, "product_id": 31, "variation_id": 0, "quantity": 1, "price": 50.0}],
            **more,
        }  # fmt: skip
        self.notes[number], self.refunds[number] = [], []
        return number

    def product(self, status: str = "publish") -> int:
        number = self.new_id()
        self.products[number] = {
            "id": number, "name": "Tea", "status": status, "date_created_gmt": wp(self.now),
            "date_modified_gmt": wp(self.now), "catalog_visibility": "visible", "meta_data": [],
            "categories": [{"id": 1, "name": "Tea", "slug": "tea"}],
        }  # fmt: skip
        return number

    def later(self, **span: int) -> None:
        self.now += timedelta(**span)

    def set_status(self, number: int, status: str, prefix: str = "") -> None:
        """As WC_Order::set_status and ::save do, with the note of the change."""
        order = self.orders[number]
        before = order["status"]
        if before == status:
            return
        order["status"], order["date_modified_gmt"] = status, wp(self.now)
        if status in ("processing", "completed") and not order["date_paid_gmt"]:
            order["date_paid_gmt"] = wp(self.now)
        if status == "completed":
            order["date_completed_gmt"] = wp(self.now)
        text = self.changed.format(self.names.get(before, before), self.names.get(status, status))
        self.add_note(number, f"{prefix} {text}".strip())

    def trash(self, number: int) -> None:
        order = self.orders[number]
        self._put_meta(order, "_wp_trash_meta_status", f"wc-{order['status']}")
        self._put_meta(order, "_wp_trash_meta_time", str(int(self.now.timestamp())))
        order["status"], order["date_modified_gmt"] = "trash", wp(self.now)

    def add_note(self, number: int, text: str, *, for_customer: bool = False) -> Json:
        note = {
            "id": self.new_id(), "author": "system", "date_created": "local", "date_created_gmt": wp(self.now),
            "note": text, "customer_note": for_customer,
        }  # fmt: skip
        self.notes[number].insert(0, note)
        if for_customer:
            self.mails.append((f"buyer of {number}", text))
        return note

    def refund(self, number: int, amount: str, reason: str = "", *, gateway: bool = True) -> Json:
        order = self.orders[number]
        given = sum((Decimal(one["amount"]) for one in self.refunds[number]), Decimal(0))
        if Decimal(amount) <= 0 or given + Decimal(amount) > Decimal(order["total"]):
            raise WpError(500, "woocommerce_rest_cannot_create_order_refund", flat=True)
        refund = {
            "id": self.new_id(), "date_created_gmt": wp(self.now), "amount": amount, "reason": reason,
            "refunded_by": 1, "refunded_payment": gateway, "meta_data": [], "line_items": [],
        }  # fmt: skip
        self.refunds[number].insert(0, refund)
        order["refunds"] = [{"id": one["id"], "reason": one["reason"], "total": f"-{one['amount']}"}
                            for one in self.refunds[number]]  # fmt: skip
        order["date_modified_gmt"] = wp(self.now)
        if gateway:
            self.moved.append(Decimal(amount))
        if given + Decimal(amount) == Decimal(order["total"]):
            self.set_status(number, "refunded")
        return refund

    def send_body(self, number: int) -> bytes:
        """The order as a webhook would carry it."""
        return json.dumps(self.orders[number]).replace("/", "\\/").encode()

    # -- the wire -----------------------------------------------------------------------------------------------------

    def send(self, call: Call) -> Reply:
        """The port `Http`: one call, its answer or one of the two failures."""
        self.calls.append(call)
        fault = self._strike(call.method)
        if fault == UNSENT:
            raise Unsent("connection refused")
        if fault == THROTTLED:
            return self._reply(429, {"code": "too_many", "message": "", "data": None}, {"retry-after": "7"})
        if fault == FIREWALL:
            return Reply(403, {"content-type": "text/html"}, b"<html><h1>Are you human?</h1></html>")
        if fault == DOWN:
            return Reply(503, {"content-type": "text/html"}, b"<html>Briefly unavailable</html>")
        if fault == HTML:
            return Reply(200, {"content-type": "text/html"}, b"<!doctype html><script>var a = {};</script>")
        reply = self._answer(call)
        if fault == LOST:
            raise Uncertain("time-out")
        if fault == LOST_HTML:
            return Reply(200, {"content-type": "text/html"}, b"<html>Gateway busy</html>")
        if fault == LOST_500:
            return Reply(500, {"content-type": "text/html"}, b"<html>There has been a critical error</html>")
        if fault == NOTICES:
            noise = b"<br />\n<b>Notice</b>: Undefined index: x in <b>/var/www/[plugin]/a.php</b> on line <b>3</b>\n"
            return Reply(reply.status, reply.headers, noise + reply.body)
        return reply

    def _strike(self, method: str) -> str:
        for index, (wanted, _) in enumerate(self.faults):
            if wanted in ("*", method):
                return self.faults.pop(index)[1]
        return ""

    def _reply(self, status: int, value: object, headers: dict[str, str] | None = None) -> Reply:
        date = self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")
        body = json.dumps(value).replace("/", "\\/").encode()
        return Reply(status, {"content-type": "application/json; charset=UTF-8", "date": date, **(headers or {})}, body)

    def _answer(self, call: Call) -> Reply:
        parts = urlsplit(call.url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.partition("/wp-json/")[2]
        try:
            if path and self._user(call, path) == "":
                raise WpError(401, "woocommerce_rest_cannot_view")
            if path.startswith("wc/") and call.method != "GET" and self.permissions == "read":
                raise WpError(401, "woocommerce_rest_authentication_error")
            if not self.manager and not re.match(r"wc/v3/orders", path) and path:
                raise WpError(403, "woocommerce_rest_cannot_view")
            for method, pattern, handler in self._routes():
                found = re.fullmatch(pattern, path)
                if found and method == call.method:
                    body = json.loads(call.body) if call.body else {}
                    status, value = handler(*(int(part) for part in found.groups()), query, body)
                    return self._reply(status, _only(value, query.get("_fields", "")))
            raise WpError(404, "rest_no_route")
        except WpError as error:
            data = error.status if error.flat else {"status": error.status}
            return self._reply(error.status, {"code": error.code, "message": "No.", "data": data})

    def _routes(self) -> list[Route]:
        wc, one = "wc/v3", r"(\d+)"
        return [
            ("GET", "", lambda q, b: (200, {"name": "Shop", "timezone_string": self.timezone})),
            ("GET", f"{wc}/orders", self._list_orders),
            ("GET", f"{wc}/orders/{one}", lambda n, q, b: (200, self._order(n))),
            ("PUT", f"{wc}/orders/{one}", self._put_order),
            ("GET", f"{wc}/orders/{one}/notes", lambda n, q, b: (200, self.notes[self._order(n)["id"]])),
            ("POST", f"{wc}/orders/{one}/notes", self._post_note),
            ("GET", f"{wc}/orders/{one}/refunds",
             lambda n, q, b: (200, page_of(self.refunds.get(n, []), q))),
            ("POST", f"{wc}/orders/{one}/refunds", self._post_refund),
            ("GET", f"{wc}/orders/{one}/refunds/{one}", self._get_refund),
            ("GET", f"{wc}/products/{one}", lambda n, q, b: (200, self._product(n))),
            ("PUT", f"{wc}/products/{one}", self._put_product),
            ("GET", f"{wc}/reports/orders/totals", self._totals),
            ("POST", f"{wc}/orders/batch", self._batch),
            ("GET", f"{wc}/products", lambda q, b: (200, page_of(list(self.products.values()), q))),
            ("GET", f"{wc}/payment_gateways", lambda q, b: (200, self.gateways)),
            ("GET", f"{wc}/system_status",
             lambda q, b: (200, {"environment": {"version": "11.0.1", "wp_cron": self.cron}})),
            ("GET", f"{wc}/webhooks", lambda q, b: (200, page_of([_shown(one) for one in self.hooks.values()], q))),
            ("POST", f"{wc}/webhooks", self._post_hook),
            ("PUT", f"{wc}/webhooks/{one}", self._put_hook),
            ("DELETE", f"{wc}/webhooks/{one}", self._delete_hook),
            *self.dokan_routes(),
        ]  # fmt: skip

    def _user(self, call: Call, path: str) -> str:
        """Who calls: WooCommerce's keys count on its own routes, by Basic over HTTPS or OAuth over HTTP."""
        basic = base64.b64decode(call.headers.get("authorization", "Basic ").removeprefix("Basic ")).decode()
        if path.startswith("dokan/"):
            return "admin" if basic == f"{self.wp_user}:{self.wp_password}" else ""
        if not path.startswith("wc/"):
            return "anybody"
        if call.url.startswith("https://"):
            return "keys" if basic == f"{self.key}:{self.secret}" else ""
        url, _, query = call.url.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        given = dict(pairs)
        rest = [(name, value) for name, value in pairs if name != "oauth_signature"]
        fresh = abs(int(given.get("oauth_timestamp", "0")) - self.now.timestamp()) <= 900
        good = fresh and given.get("oauth_consumer_key") == self.key and given.get("oauth_nonce") not in self.nonces
        self.nonces.add(given.get("oauth_nonce", ""))
        return "keys" if good and given["oauth_signature"] == self._signature(call.method, url, rest) else ""

    def _signature(self, method: str, url: str, pairs: list[tuple[str, str]]) -> str:
        """In WooCommerce's own manner: each name and value encoded, then once more with its `%`."""
        twice = {_raw(name).replace("%", "%25"): _raw(value).replace("%", "%25") for name, value in pairs}
        text = "%26".join(f"{name}%3D{twice[name]}" for name in sorted(twice))
        digest = hmac.new(f"{self.secret}&".encode(), f"{method}&{_raw(url)}&{text}".encode(), hashlib.sha256)
        return base64.b64encode(digest.digest()).decode()

    # -- routes -------------------------------------------------------------------------------------------------------

    def _order(self, number: int) -> Json:
        if number not in self.orders:
            raise WpError(404, "woocommerce_rest_shop_order_invalid_id")
        return self.orders[number]

    def _product(self, number: int) -> Json:
        if number not in self.products:
            raise WpError(404, "woocommerce_rest_product_invalid_id")
        return self.products[number]

    def _list_orders(self, query: Json, body: Json) -> tuple[int, object]:
        if "modified_after" in query:
            assert query["dates_are_gmt"] == "true", "else the shop compares with its own local time"
            rows = [row for row in self.orders.values() if row["date_modified_gmt"] > query["modified_after"]]
            return 200, page_of(sorted(rows, key=lambda row: row["date_modified_gmt"]), query)
        if query.get("orderby") == "date":
            assert query["status"] == "any" and query["order"] == "desc"
            rows = sorted(self.orders.values(), key=lambda row: (row["date_created_gmt"], row["id"]), reverse=True)
            return 200, page_of(rows, query)
        if "parent" not in query:
            return 200, page_of(list(self.orders.values()), query)
        parent = int(query.get("parent", "0"))
        return 200, page_of([row for row in self.orders.values() if row["parent_id"] == parent], query)

    def _hook(self, number: int, status: int) -> Json:
        if number not in self.hooks:
            raise WpError(status, "woocommerce_rest_shop_webhook_invalid_id")
        return self.hooks[number]

    def _post_hook(self, query: Json, body: Json) -> tuple[int, object]:
        """Makes as many for one topic and address as are asked for, and tells each address by a ping."""
        if not re.fullmatch(r"(order|product|customer|coupon)\.(created|updated|deleted|restored)", body["topic"]):
            raise WpError(400, "woocommerce_rest_shop_webhook_invalid_topic")
        number = self.new_id()
        kept = {name: body[name] for name in ("name", "topic", "delivery_url", "secret", "status")}
        self.hooks[number] = {"id": number, **kept}
        self.pings.append(body["delivery_url"])
        return 201, _shown(self.hooks[number])

    def _put_hook(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        self._hook(number, 400).update(body)
        return 200, _shown(self.hooks[number])

    def _delete_hook(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        self._hook(number, 404)
        if query.get("force") != "true":
            raise WpError(501, "woocommerce_rest_trash_not_supported")
        return 200, _shown(self.hooks.pop(number))

    def _batch(self, query: Json, body: Json) -> tuple[int, object]:
        assert not body, "nothing of ours makes orders"
        return 200, []

    def _put_order(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        order = self._order(number)
        for row in body.get("meta_data", []):
            self._put_meta(order, row["key"], row["value"])
        if "status" in body and not self._vetoed():
            self.set_status(number, body["status"])
        order["date_modified_gmt"] = wp(self.now)
        return 200, order

    def _vetoed(self) -> bool:
        return bool(self._strike("veto"))

    def _put_product(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        product = self._product(number)
        for row in body.get("meta_data", []):
            self._put_meta(product, row["key"], row["value"])
        product["status"], product["date_modified_gmt"] = body.get("status", product["status"]), wp(self.now)
        return 200, product

    def _put_meta(self, thing: Json, key: str, value: object) -> None:
        for row in thing["meta_data"]:
            if row["key"] == key:
                row["value"] = value
                return
        thing["meta_data"].append({"id": self.new_id(), "key": key, "value": value})

    def _post_note(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        self._order(number)
        return 201, self.add_note(number, body["note"], for_customer=body.get("customer_note", False))

    def _post_refund(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        self._order(number)
        return 201, self.refund(number, body["amount"], body.get("reason", ""), gateway=body.get("api_refund", True))

    def _get_refund(self, number: int, refund: int, query: Json, body: Json) -> tuple[int, object]:
        if number not in self.orders:
            raise WpError(500, "woocommerce_rest_invalid_order_id", flat=True)
        for one in self.refunds[number]:
            if one["id"] == refund:
                return 200, one
        raise WpError(404, "woocommerce_rest_shop_order_refund_invalid_id")

    def _totals(self, query: Json, body: Json) -> tuple[int, object]:
        if not self.may_read_reports:
            raise WpError(403, "woocommerce_rest_cannot_view")
        return 200, [{"slug": slug, "name": name, "total": 1} for slug, name in self.names.items()]


def _raw(text: str) -> str:
    return quote(text, safe="-._~")


def _shown(hook: Json) -> Json:
    """A webhook's secret is never read back."""
    return {name: value for name, value in hook.items() if name != "secret"}


def _only(value: object, fields: str) -> object:
    """`_fields` as WordPress filters: names of the top level, or two levels with a dot."""
    if not fields:
        return value
    if isinstance(value, list):
        return [_only(row, fields) for row in value]
    assert isinstance(value, dict)
    kept: Json = {}
    for name in fields.split(","):
        top, _, sub = name.partition(".")
        if top in value and not sub:
            kept[top] = value[top]
        elif top in value and sub in value[top]:
            kept.setdefault(top, {})[sub] = value[top][sub]
    return kept
