"""A Mirakl instance in memory, as its operator sees it: orders with lines, refunds and incidents, returns, threads,
shops and offers. Changes of shops answer 200 with an error inside, as the real one does; imports are worked off some
calls later; faults on request. Facts: the sheet, and Mirakl's operator documentation of OF22 and STO01 to STO03.
"""

import csv
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain, Unsent

Json = dict

THROTTLED, DOWN, HTML, LOST, LOST_500, UNSENT = "throttled", "down", "html", "lost", "lost_500", "unsent"
AFTER, BEFORE = [LOST, LOST_500], [THROTTLED, DOWN, UNSENT]
"""Faults. `lost*`: the effect is there, the answer is not."""


class ApiError(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class FakeMirakl:
    base: str = "https://market.mirakl.net"
    now: datetime = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
    key: str = "operator-key-0123"
    orders: dict[str, Json] = field(default_factory=dict)
    returns: dict[str, Json] = field(default_factory=dict)
    threads: dict[str, Json] = field(default_factory=dict)
    shops: dict[int, Json] = field(default_factory=dict)
    offers: dict[int, Json] = field(default_factory=dict)
    imports: dict[str, Json] = field(default_factory=dict)
    patience: int = 3
    """After so many more calls an import is worked off."""
    spoilt: set[str] = field(default_factory=set)
    """SKUs, or codes of warehouses, whose lines an import finds wrong."""
    barred: set[str] = field(default_factory=set)
    """Paths that the key's role does not include."""
    stubborn: bool = False
    """Changes of shops answer 200 with an error of the shop."""
    tokens: set[str] = field(default_factory=set)
    ends: dict[str, datetime] = field(default_factory=dict)
    """When each token ends: what comes with an older one is answered 401."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(method, `*` or `CHANGE` for all but words, fault): each strikes the next call that fits, once."""
    calls: list[Call] = field(default_factory=list)
    moved: list[Decimal] = field(default_factory=list)
    next_id: int = 0

    # -- what people do -----------------------------------------------------------------------------------------------

    def shop(self, **more: object) -> int:
        number = 2000 + self._id()
        self.shops[number] = {
            "shop_id": number, "shop_name": "Ada's Tea", "shop_state": "OPEN", "suspension_type": None, "grade": 4.25,
            "date_created": iso(self.now), "last_updated_date": iso(self.now), "premium_state": "PREMIUM",
            "payment_blocked": False, "closed_from_date": None, "closed_to_date": None,
            "contact_informations": {"email": "ada@example.org"}, **more,
        }  # fmt: skip
        return number

    def offer(self, shop: int, quantity: int = 7, **warehouses: int) -> int:
        """One of a shop; with warehouses its stock is theirs together."""
        number = 2130 + self._id()
        self.offers[number] = {
            "offer_id": number, "shop_id": shop, "shop_name": "Ada's Tea", "shop_sku": f'tea; "{number}"',
            "product_sku": "MKP1", "product_title": "Tea", "category_code": "TEA", "price": 49.0, "state_code": "11",
            "description": "I am Ada", "leadtime_to_ship": 2, "logistic_class": {"code": "M", "label": "Medium"},
            "quantity": sum(warehouses.values()) or quantity, "min_quantity_alert": 1, "available_end_date": None,
            "all_prices": [{"channel_code": None, "unit_origin_price": 50.0, "unit_discount_price": 49.0}],
            "offer_additional_fields": [{"code": "gift-wrap", "type": "BOOLEAN", "value": "true"}],
            "warehouses": [{"code": code, "quantity": many} for code, many in warehouses.items()],
        }  # fmt: skip
        return number

    def order(self, state: str = "SHIPPING", prices: tuple[float, ...] = (30.0, 20.0), **more: object) -> str:
        ident = f"2026-{self._id():04d}-A"
        person = {"firstname": "Ada", "street_1": "Hauptstrasse 1", "country_iso_code": "DEU"}
        self.orders[ident] = {
            "order_id": ident, "commercial_id": ident[:-2], "shop_id": next(iter(self.shops), 2001),
            "shop_name": "Ada's Tea", "created_date": iso(self.now), "last_updated_date": iso(self.now),
            "customer_debited_date": iso(self.now), "acceptance_decision_date": iso(self.now), "order_state": state,
            "order_state_reason_code": None, "order_tax_mode": "TAX_INCLUDED", "total_price": sum(prices) + 5.0,
            "currency_iso_code": "EUR", "shipping_deadline": iso(self.now + timedelta(days=3)), "leadtime_to_ship": 3,
            "delivery_date": {"earliest": None, "latest": iso(self.now + timedelta(days=6))},
            "customer": {"customer_id": "c-7", "firstname": "Ada", "shipping_address": person},
            "customer_notification_email": "ada@example.org", "order_additional_fields": [], "can_cancel": True,
            "order_lines": [
                {"order_line_id": f"{ident}-{n}", "order_line_state": state, "price": price,
                 "shipping_price": 5.0 if n == 1 else 0.0, "can_refund": True, "can_open_incident": True,
                 "shipped_date": None, "received_date": None, "last_updated_date": iso(self.now), "offer_id": 2130,
                 "category_code": "TEA", "refunds": [], "cancelations": []}
                for n, price in enumerate(prices, 1)
            ], **more,
        }  # fmt: skip
        return ident

    def send_out(self, order: str, *lines: int) -> None:
        for line in self._lines(order, lines):
            line.update(shipped_date=iso(self.now), order_line_state="SHIPPED", last_updated_date=iso(self.now))
        self._touch(order, "SHIPPED" if not lines else None)

    def arrive(self, order: str, *lines: int) -> None:
        for line in self._lines(order, lines):
            line.update(received_date=iso(self.now), order_line_state="RECEIVED", last_updated_date=iso(self.now))
        self._touch(order, "RECEIVED" if not lines else None)

    def _lines(self, order: str, lines: tuple[int, ...]) -> list[Json]:
        found = self.orders[order]["order_lines"]
        return [found[n] for n in lines] if lines else found

    def _touch(self, order: str, state: str | None = None) -> None:
        self.orders[order]["last_updated_date"] = iso(self.now)
        if state:
            self.orders[order]["order_state"] = state

    def settle(self, order: str) -> None:
        """The operator's payment flow has paid the refunds."""
        for line in self.orders[order]["order_lines"]:
            for one in line["refunds"]:
                one.update(state="REFUNDED", transaction_date=iso(self.now))
            line["last_updated_date"] = iso(self.now)

    def send_back(self, order: str, state: str = "WAITING_ACCEPTANCE") -> str:
        ident = str(uuid.UUID(int=self._id()))
        self.returns[ident] = {
            "id": ident, "order_id": order, "state": state, "date_created": iso(self.now),
            "last_updated": iso(self.now), "reason_code": "RETURN_CHANGED_MIND", "rejection_reason_code": None,
            "description": "I am Ada", "return_address": {"street1": "Hauptstrasse 1"},
            "tracking": {"carrierCode": "UPS", "tracking_number": "35H8"},
        }  # fmt: skip
        return ident

    def change_return(self, ident: str, state: str) -> None:
        self.returns[ident].update(state=state, last_updated=iso(self.now))

    def write(self, order: str, who: str, thread: str = "", topic: str = "Where is it?") -> str:
        ident = thread or str(uuid.UUID(int=self._id()))
        held = self.threads.setdefault(
            ident,
            {"id": ident, "date_created": iso(self.now), "entities": [{"type": "MMP_ORDER", "id": order}],
             "topic": {"type": "FREE_TEXT", "value": topic}, "messages": [],
             "authorized_participants": [{"id": "2001", "type": "SHOP", "display_name": "Ada's Tea"},
                                         {"id": "c-7", "type": "CUSTOMER", "display_name": "Ada"}]},
        )  # fmt: skip
        message = {"id": f"m-{self._id()}", "date_created": iso(self.now), "body": "I am Ada", "from": {"type": who}}
        held["messages"].append(message)
        held["date_updated"] = iso(self.now)
        return ident

    def later(self, **span: int) -> None:
        self.now += timedelta(**span)

    # -- the wire -----------------------------------------------------------------------------------------------------

    def send(self, call: Call) -> Reply:
        """The port `Http`."""
        self.calls.append(call)
        fault = self._strike(call.method, call.url)
        if fault == UNSENT:
            raise Unsent("connection refused")
        if fault == THROTTLED:
            return Reply(429, {"retry-after": "11"}, b"")
        if fault == DOWN:
            return Reply(503, {}, b"<html>maintenance</html>")
        if fault == HTML:
            return Reply(200, {}, b"<html>hello</html>")
        reply = self._answer(call)
        if fault == LOST:
            raise Uncertain("time-out")
        return Reply(500, {}, b"") if fault == LOST_500 else reply

    def _strike(self, method: str, url: str) -> str:
        # A message may go out before what is to be changed is.
        change = "CHANGE" if method != "GET" and "/threads" not in url else ""
        for index, (wanted, _) in enumerate(self.faults):
            if wanted in ("*", method, change):
                return self.faults.pop(index)[1]
        return ""

    def _answer(self, call: Call) -> Reply:
        parts = urlsplit(call.url)
        headers = {"content-type": "application/json", "date": format_datetime(self.now, usegmt=True)}
        if parts.hostname == "auth.mirakl.net":
            form = dict(parse_qsl(call.body.decode()))
            if form.get("client_secret") != "client-secret-0":
                return Reply(401, headers, b'{"error":"invalid_client"}')
            token = f"token-{len(self.tokens)}"
            self.tokens.add(f"Bearer {token}")
            self.ends[f"Bearer {token}"] = self.now + timedelta(seconds=3599)
            return Reply(200, headers, json.dumps({"access_token": token, "expires_in": 3599}).encode())
        given = call.headers.get("authorization", "")
        if given not in {self.key, *self.tokens} or self.ends.get(given, self.now) < self.now:
            return Reply(401, headers, b'{"message":"Unauthorized","status":401}')
        query = dict(parse_qsl(parts.query))
        self._work_off()
        try:
            if call.headers["authorization"] == self.key and parts.path.lstrip("/") in self.barred:
                raise ApiError(403)
            for method, pattern, handler in self._routes():
                found = re.fullmatch(pattern, parts.path.lstrip("/"))
                if found and method == call.method:
                    value = handler(*found.groups(), query, _body(call))
                    if isinstance(value, bytes):
                        return Reply(200, {**headers, "content-type": "text/csv"}, value)
                    return Reply(204 if value is None else 200, headers, b"" if value is None else _json(value))
            raise ApiError(404)
        except ApiError as error:
            return Reply(error.status, headers, _json({"status": error.status, "message": "No."}))

    def _routes(self) -> list[tuple[str, str, Callable[..., object]]]:
        one = r"([A-Za-z0-9_.-]+)"
        return [
            ("GET", "api/orders", self._list_orders),
            ("PUT", "api/orders/refund", self._refund),
            ("PUT", f"api/orders/{one}/cancel", self._cancel),
            ("PUT", f"api/orders/{one}/additional_fields", self._fields),
            ("PUT", f"api/orders/{one}/lines/{one}/(open|close)_incident", self._incident),
            ("POST", f"api/orders/{one}/threads", self._thread),
            ("GET", "api/returns", self._list_returns),
            ("GET", "api/inbox/threads", self._list_threads),
            ("POST", "api/inbox/threads", lambda q, b: self._thread(b["entity"]["id"], q, b)),
            ("GET", f"api/inbox/threads/{one}", lambda n, q, b: self._found(self.threads, n)),
            ("GET", "api/shops", self._list_shops),
            ("PUT", "api/shops", self._put_shops),
            ("PUT", "api/shops/states", self._states),
            ("GET", f"api/offers/{one}", self._get_offer),
            ("POST", "api/offers/stock/imports", self._import_stock),
            ("GET", f"api/offers/stock/imports/{one}/status", self._import_status),
            ("GET", f"api/offers/stock/imports/{one}/error_report", self._import_report),
        ]

    def _found(self, table: dict, ident: str) -> Json:
        if ident not in table:
            raise ApiError(404)
        return table[ident]

    def _list_orders(self, query: Json, body: Json) -> object:
        found = list(self.orders.values())
        if "order_ids" in query:
            found = [one for one in found if one["order_id"] in query["order_ids"].split(",")]
        if "start_update_date" in query:
            since = datetime.fromisoformat(query["start_update_date"])
            found = [one for one in found if datetime.fromisoformat(one["last_updated_date"]) >= since]
        found.sort(key=lambda one: one["created_date"], reverse=query.get("order") == "desc")
        size, start = int(query.get("max", "10")), int(query.get("offset", "0"))
        return {"orders": found[start : start + size], "total_count": len(found)}

    def _refund(self, query: Json, body: Json) -> object:
        together, made = str(uuid.UUID(int=self._id())), []
        lines = {line["order_line_id"]: line for one in self.orders.values() for line in one["order_lines"]}
        for one in body["refunds"]:
            line = self._found(lines, one["order_line_id"])
            given = sum(back["amount"] for back in line["refunds"])
            if given + one["amount"] > line["price"] or one["currency_iso_code"] != "EUR":
                raise ApiError(400)
        for one in body["refunds"]:
            refund = {
                "id": str(1000 + self._id()), "order_refund_id": together, "created_date": iso(self.now),
                "amount": one["amount"], "shipping_amount": one["shipping_amount"], "reason_code": one["reason_code"],
                "state": "WAITING_REFUND_PAYMENT", "quantity": one["quantity"],
            }  # fmt: skip
            lines[one["order_line_id"]]["refunds"].append(refund)
            lines[one["order_line_id"]]["last_updated_date"] = iso(self.now)
            made.append({"order_line_id": one["order_line_id"], "refund_id": refund["id"], "order_refund_id": together})
            self.moved.append(Decimal(str(one["amount"])) + Decimal(str(one["shipping_amount"])))
        return {"refunds": made}

    def _cancel(self, order: str, query: Json, body: Json) -> object:
        held = self._found(self.orders, order)
        if held["order_state"] not in ("SHIPPING", "WAITING_ACCEPTANCE"):
            raise ApiError(400)
        for line in held["order_lines"]:
            line.update(order_line_state="CANCELED", cancelations=[{"created_date": iso(self.now)}])
        self._touch(order, "CANCELED")
        return None

    def _fields(self, order: str, query: Json, body: Json) -> object:
        held = {one["code"]: one for one in self._found(self.orders, order)["order_additional_fields"]}
        for one in body["order_additional_fields"]:
            held[one["code"]] = {**one, "type": "STRING"}
        self.orders[order]["order_additional_fields"] = list(held.values())
        return None

    def _incident(self, order: str, line: str, what: str, query: Json, body: Json) -> object:
        lines = {one["order_line_id"]: one for one in self._found(self.orders, order)["order_lines"]}
        held = self._found(lines, line)
        if (held["order_line_state"] == "INCIDENT_OPEN") is (what == "open") or not body.get("reason_code"):
            raise ApiError(400)
        held["order_line_state"] = "INCIDENT_OPEN" if what == "open" else "RECEIVED"
        held.update(order_line_state_reason_code=body["reason_code"], last_updated_date=iso(self.now))
        return None

    def _thread(self, entity: str, query: Json, body: Json) -> object:
        ident = self.write(entity, "OPERATOR_USER", topic=body["topic"]["value"])
        self.threads[ident]["to"] = body["to"]
        if "entity" in body:
            self.threads[ident]["entities"] = [body["entity"]]
        return {"thread_id": ident, "message_id": "m"}

    def _list_returns(self, query: Json, body: Json) -> object:
        found = list(self.returns.values())
        if "return_id" in query:
            found = [one for one in found if one["id"] == query["return_id"]]
        if "return_last_updated_from" in query:
            since = datetime.fromisoformat(query["return_last_updated_from"])
            found = [one for one in found if datetime.fromisoformat(one["last_updated"]) >= since]
        return _seek(found, query)

    def _list_threads(self, query: Json, body: Json) -> object:
        found = list(self.threads.values())
        if "entity_id" in query:
            wanted = {"type": query["entity_type"], "id": query["entity_id"]}
            found = [one for one in found if wanted in one["entities"]]
        if "updated_since" in query:
            since = datetime.fromisoformat(query["updated_since"])
            found = [one for one in found if datetime.fromisoformat(one["date_updated"]) >= since]
        return _seek(found, query)

    def _list_shops(self, query: Json, body: Json) -> object:
        asked = query.get("shop_ids")
        wanted = {int(one) for one in asked.split(",") if one.isdigit()} if asked else set(self.shops)
        found = [one for number, one in self.shops.items() if number in wanted]
        return {"shops": found, "total_count": len(found)}

    def _put_shops(self, query: Json, body: Json) -> object:
        told = []
        for one in body["shops"]:
            number = one["shop_id"]
            if self.stubborn or number not in self.shops:
                told.append({"shop_error": {"shop_id": number, "errors": [{"field": "shop_id", "message": "No."}]}})
                continue
            shop = self.shops[number]
            shop.update({name: value for name, value in one.items() if name not in ("shop_id", "suspend")})
            if "suspend" in one:
                shop.update(shop_state="SUSPENDED" if one["suspend"] else "OPEN",
                            suspension_type="MANUAL" if one["suspend"] else None)  # fmt: skip
            told.append({"shop_updated": {"shop_id": number}})
        return {"shop_returns": told}

    def _states(self, query: Json, body: Json) -> object:
        told = []
        for one in body["shop_state_change_actions"]:
            shop = self.shops.get(one["id"])
            if shop is None or self.stubborn:
                told.append({"id": one["id"], "errors": [{"code": "NOT_ALLOWED"}]})
                continue
            shop["shop_state"] = "TERMINATED" if one["state_change_action"] == "TERMINATE" else "OPEN"
            told.append({"id": one["id"], "state": shop["shop_state"], "errors": []})
        return {"shops": told}

    def _get_offer(self, number: str, query: Json, body: Json) -> object:
        if not number.isdigit() or int(number) not in self.offers:
            raise ApiError(404)
        offer = self.offers[int(number)]
        shop = self.shops.get(offer["shop_id"], {})
        why = [] if shop.get("shop_state") == "OPEN" else ["SHOP_NOT_OPEN"]
        why += [] if offer["quantity"] else ["ZERO_QUANTITY"]
        return {**offer, "active": not why, "inactivity_reasons": why}

    def _import_stock(self, query: Json, body: Json) -> object:
        rows = list(csv.reader(body["file"].splitlines(), delimiter=";"))
        if rows[0] != ["offer-sku", "quantity", "warehouse-code", "update-delete"] or not body["shop_id"].isdigit():
            raise ApiError(400)
        ident = str(uuid.UUID(int=self._id()))
        self.imports[ident] = {
            "date_created": iso(self.now), "import_id": ident, "shop_id": int(body["shop_id"]), "status": "WAITING",
            "has_error_report": False, "rows": rows[1:], "left": self.patience, "wrong": [],
        }  # fmt: skip
        return {"import_id": ident}

    def _work_off(self) -> None:
        """Imports are worked off one after another, in the order in which they came."""
        waiting = next((one for one in self.imports.values() if one["status"] in ("WAITING", "RUNNING")), None)
        if waiting is None:
            return
        waiting.update(status="RUNNING", left=waiting["left"] - 1)
        if waiting["left"] > 0:
            return
        for number, (sku, many, warehouse, _) in enumerate(waiting["rows"], 1):
            mine = [
                one for one in self.offers.values() if (one["shop_id"], one["shop_sku"]) == (waiting["shop_id"], sku)
            ]
            if self.stubborn or not mine or {sku, warehouse} & self.spoilt:
                waiting["wrong"].append([str(number), f"The offer {sku} does not exist."])
                continue
            (offer,) = mine
            told = {one["code"]: one["quantity"] for one in offer["warehouses"]}
            told = {**told, warehouse: int(many)} if warehouse else {}
            offer["warehouses"] = [{"code": code, "quantity": held} for code, held in told.items()]
            offer["quantity"] = sum(told.values()) if warehouse else int(many)
        right = len(waiting["rows"]) - len(waiting["wrong"])
        waiting.update(status="COMPLETE", has_error_report=bool(waiting["wrong"]),
                       lines_in_error=len(waiting["wrong"]), lines_in_success=right)  # fmt: skip

    def _import_status(self, ident: str, query: Json, body: Json) -> object:
        held = self._found(self.imports, ident)
        return {name: value for name, value in held.items() if name not in ("rows", "left", "wrong")}

    def _import_report(self, ident: str, query: Json, body: Json) -> object:
        lines = [";".join(f'"{cell}"' for cell in row) for row in self._found(self.imports, ident)["wrong"]]
        return "\n".join(['"line";"error"', *lines]).encode()

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id


def _seek(found: list[Json], query: Json) -> Json:
    """Three at a time, whatever was asked for."""
    start = int(query.get("page_token", "0"))
    page, rest = found[start : start + 3], found[start + 3 :]
    return {"data": page, "next_page_token": str(start + 3) if rest else None}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _body(call: Call) -> Json:
    kind = call.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return json.loads(call.body) if call.body else {}
    boundary = b"--" + kind.partition("boundary=")[2].encode()
    first, *parts, end = call.body.split(boundary)
    assert first == b"" and end == b"--\r\n"
    told = {}
    for part in parts:
        head, _, raw = part.partition(b"\r\n\r\n")
        found = re.search(rb'name="([a-z_]+)"', head)
        assert found and raw.endswith(b"\r\n")
        told[found[1].decode()] = raw[:-2].decode()
    assert "file" not in told or b'filename="' in call.body, "a file has a name"
    return json.loads(told["thread_input"]) if "thread_input" in told else told


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
