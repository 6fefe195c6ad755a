"""A WooCommerce marketplace with Dokan: orders as its REST API writes them, and the routes that Redress calls.

Answers are checked against the adapter's own fakes in the tests; facts: the WooCommerce and the Dokan sheet.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from chalicelib.core.calls import Reply
from chalicelib.core.instants import show
from chalicelib.platforms.woocommerce.oauth import signature
from examples.demo.letters import Letter
from examples.demo.shops import dokan_desk
from examples.demo.shops.books import AMOUNT, BUYER, Answered, DemoShop, Request, Story

TOPICS = {"paid": "order.created"}
SHIPPED = "_shipped_at"
"""The meta field in which this shop keeps when an order was handed over; its connection maps it to order.shipped."""
MAPPING: Mapping[str, tuple[str, ...]] = {"order.shipped": (f"meta:{SHIPPED}",)}
OPTIONS: Mapping[str, str] = {"contact_name": "Redress", "contact_email": "redress@example.org"}
NAMES = {"processing": "Processing", "completed": "Completed", "cancelled": "Cancelled"}


def wp(moment: datetime) -> str:
    """UTC without saying so, as WordPress writes `_gmt` fields."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


class DokanShop(DemoShop):
    """A marketplace whose sellers have stores of their own."""

    platform = "dokan"

    def seller_of(self, number: int) -> str:
        return str(number % 900 + 100)

    def subject(self, story: Story) -> str:
        return f"order/{story.number}"

    def letter(self, story: Story, what: str) -> Letter:
        return Letter(TOPICS.get(what, "order.updated"), _wp_json(self._order(story)))

    def garbled(self, story: Story) -> Letter:
        """What a shop sends, signed, once the user who made the webhook has lost the right to read orders."""
        error = {"code": "woocommerce_rest_cannot_view", "message": "Sorry.", "data": {"status": 403}}
        return Letter("order.updated", _wp_json(error))

    def _order(self, story: Story) -> dict[str, Any]:
        paid, shipped = story.known.get("paid"), story.known.get("shipped")
        person = {"first_name": BUYER.first, "last_name": BUYER.last, "address_1": BUYER.street, "country": "DE"}
        meta = [{"id": 1, "key": "_dokan_vendor_id", "value": story.seller}]
        if shipped is not None:
            meta.append({"id": 2, "key": SHIPPED, "value": show(shipped)})
        if story.tags:
            meta.append({"id": 3, "key": "_redress_tags", "value": ",".join(story.tags)})
        return {
            "id": story.number, "parent_id": 0, "number": str(story.number), "order_key": f"wc_order_{story.number}",
            "status": "cancelled" if "cancelled" in story.known else "completed" if shipped else "processing",
            "currency": "EUR",
            "date_created_gmt": wp(story.ordered), "date_modified_gmt": wp(story.changed),
            "date_paid_gmt": wp(paid or story.ordered), "date_completed_gmt": wp(shipped) if shipped else None,
            "total": AMOUNT, "customer_id": 7, "customer_note": "please ring twice",
            "billing": {**person, "email": BUYER.email}, "shipping": person,
            "meta_data": meta, "refunds": [],
            "line_items": [{"id": 1, "product_id": 31, "variation_id": 0, "quantity": 1, "total": AMOUNT}],
            "store": {"id": int(story.seller)},
        }  # fmt: skip

    # -- calls in -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answered:
        path, _, query = request.path.partition("?")
        route = path.partition("/wp-json/")[2]
        if not self._may(request, path, query, route):
            return Answered(_error(401, "woocommerce_rest_cannot_view"), "without rights", route)
        body = json.loads(request.body) if request.body else {}
        if route == "":
            return Answered(_json({"name": self.name, "timezone_string": "Europe/Berlin"}), "ask for its name")
        told = dokan_desk.answer(self, request.method, route, body)
        if told is not None:
            return Answered(_json(told[1], told[0]), told[2])
        if route == "wc/v3/orders":
            return Answered(_json(self._list(dict(parse_qsl(query)))), "ask for orders")
        if found := re.fullmatch(r"wc/v3/orders/(\d+)(/notes|/refunds)?", route):
            story = self.books.get(int(found[1]))
            if story is None:
                return Answered(_error(404, "woocommerce_rest_shop_order_invalid_id"), "look", f"order/{found[1]}")
            return self._about_order(story, request.method, found[2] or "", body)
        if route == "wc/v3/reports/orders/totals":
            return Answered(_json([{"slug": slug, "name": name} for slug, name in NAMES.items()]), "ask for statuses")
        if found := re.fullmatch(r"dokan/v1/stores/(\d+)(/status|/contact)?", route):
            return self._about_store(found[1], request.method, found[2] or "", body)
        return Answered(_error(404, "rest_no_route"), "an unknown route", route)

    def _list(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The newest, or what changed since, the longest unchanged first."""
        found = [self._order(story) for story in self.newest()]
        if since := query.get("modified_after"):
            changed = [one for one in found if one["date_modified_gmt"] > since]
            found = sorted(changed, key=lambda one: str(one["date_modified_gmt"]))
        size, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
        return found[(page - 1) * size : page * size]

    def _may(self, request: Request, path: str, query: str, route: str) -> bool:
        """WooCommerce's keys (OAuth 1.0a over plain HTTP) on its own routes, an application password on Dokan's."""
        if route.startswith("dokan/"):
            given = request.headers.get("authorization", "").removeprefix("Basic ")
            wanted = f"{self.credentials['wp_user']}:{self.credentials['wp_app_password']}"
            return hmac.compare_digest(given, base64.b64encode(wanted.encode()).decode())
        if not route.startswith("wc/"):
            return True
        pairs = parse_qsl(query, keep_blank_values=True)
        given = dict(pairs).get("oauth_signature", "")
        url = f"http://{request.headers.get('host', '')}{path}"
        rest = [pair for pair in pairs if pair[0] != "oauth_signature"]
        wanted = signature(request.method, url, rest, self.credentials["consumer_secret"])
        return hmac.compare_digest(given.encode(), wanted.encode())

    def _about_order(self, story: Story, method: str, part: str, body: dict[str, Any]) -> Answered:
        subject = self.subject(story)
        if part == "/refunds":
            return Answered(_json([]), "look at refunds", subject)
        if part == "/notes" and method == "GET":
            return Answered(_json(self._notes(story)), "look at notes", subject)
        if part == "/notes":
            story.notes.append({"text": str(body["note"]), "at": show(self.now())})
            story.touch(self.now())
            return Answered(_json({"id": 100 + len(story.notes)}, 201), "note", subject, True, (story, "noted"))
        if method == "GET":
            return Answered(_json(self._order(story)), "look", subject)
        tags = [row["value"] for row in body.get("meta_data", []) if row["key"] == "_redress_tags"]
        if not tags:
            return Answered(_json(self._order(story)), "an unknown change", subject)
        before, story.tags = story.tags, [tag for tag in str(tags[-1]).split(",") if tag]
        story.touch(self.now())
        added, gone = set(story.tags) - set(before), set(before) - set(story.tags)
        what = f"tag {', '.join(sorted(added))}" if added else f"untag {', '.join(sorted(gone))}"
        # A changed order is told to every webhook: our own doing comes back, and starts nothing.
        return Answered(_json(self._order(story)), what, subject, True, (story, "tagged"))

    def _notes(self, story: Story) -> list[dict[str, Any]]:
        """Newest first, with the note that WooCommerce writes at a change of status."""
        rows = [
            {"id": 100 + number, "date_created_gmt": wp(story.changed), "note": note["text"], "customer_note": False}
            for number, note in enumerate(story.notes, 1)
        ]
        for number, (what, name) in enumerate((("cancelled", "Cancelled"), ("shipped", "Completed"))):
            if at := story.known.get(what):
                text = f"Order status changed from Processing to {name}."
                rows.append({"id": 98 + number, "date_created_gmt": wp(at), "note": text, "customer_note": False})
        return sorted(rows, key=lambda row: str(row["date_created_gmt"]), reverse=True)

    def _about_store(self, seller: str, method: str, part: str, body: dict[str, Any]) -> Answered:
        subject = f"seller/{seller}"
        store = {
            "id": int(seller), "store_name": f"Stall {seller}", "enabled": seller not in self.suspended,
            "registered": wp(self.now() - timedelta(days=400)),
        }  # fmt: skip
        if part == "/contact":
            return Answered(_json({"store_id": int(seller), "data": "sent"}), "remind seller", subject, True)
        if part == "/status" and method == "PUT":
            off = body.get("status") == "inactive"
            self.suspended = self.suspended | {seller} if off else self.suspended - {seller}
            return Answered(_json({**store, "enabled": not off}), "suspend" if off else "restore", subject, True)
        return Answered(_json(store), "look", subject)


def _wp_json(value: object) -> bytes:
    """As PHP encodes: slashes escaped, other letters as \\u."""
    return json.dumps(value).replace("/", "\\/").encode()


def _json(value: object, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json; charset=UTF-8"}, _wp_json(value))


def _error(status: int, code: str) -> Reply:
    return _json({"code": code, "message": "No.", "data": {"status": status}}, status)
