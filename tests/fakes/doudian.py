"""Douyin shop's gateway in memory: it checks the signature of each call as version 2 wants it, answers errors under
200, limits calls, lets tokens run out, and loses answers after the effect. Facts: the Douyin shop sheet and the
platform's table of error codes.
"""

import copy
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

from chalicelib.core.calls import Call, Reply
from chalicelib.ports.http import Uncertain, Unsent

Json = dict

APP_KEY, APP_SECRET, SHOP = "3409409348479354011", "2ad2355c-01d0-11f8-91dc-05a8cd1054b1", "95250"
ORDER, AFTERSALE, PRODUCT = "4900000000000000001", "7190000000000000123", "3500000000000000042"
LIMITED, BUSY, LOST, LOST_BUSY, UNSENT, HTML, DOWN = "limited", "busy", "lost", "lost_busy", "unsent", "html", "down"
"""Faults. `lost*`: the effect is there, the answer is not."""
BEIJING = timezone(timedelta(hours=8))
MAX_REMARK = 60


class Wrong(Exception):
    def __init__(self, code: int, sub: str) -> None:
        self.code, self.sub = code, sub


@dataclass
class FakeDoudian:
    now: datetime = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    orders: dict[str, Json] = field(default_factory=dict)
    aftersales: dict[str, Json] = field(default_factory=dict)
    tickets: dict[str, Json] = field(default_factory=dict)
    products: dict[str, Json] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    own_app: bool = True
    refresh_token: str = ""
    """Of an app for other people's shops: the one that is good now."""
    passing: str = ""
    """The one before it, which is good for an hour where it was used before the access token ended."""
    passing_until: datetime | None = None
    ends: dict[str, datetime] = field(default_factory=dict)
    """Access token -> when it ends; one that is not here lasts."""
    renewals: int = 0
    agreed: list[Json] = field(default_factory=list)
    """Each agreement that the platform carried out."""
    made: int = 0
    allowed: bool = True
    """Whether the caller's address is on the app's allow-list."""
    denied: set[str] = field(default_factory=set)
    """Methods that the app has no right to."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """(method or `*`, fault): each strikes the next call that fits, once."""
    calls: list[Call] = field(default_factory=list)

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        method = urlsplit(call.url).path.strip("/").replace("/", ".")
        fault = self._fault(method)
        if fault == UNSENT:
            raise Unsent("refused")
        if fault == LIMITED:
            return self._reply({"code": 60000, "msg": "触发限流", "sub_code": "isv.flow-limit", "sub_msg": "CANARY"})
        if fault == BUSY:
            return self._reply({"code": 20000, "msg": "系统错误", "sub_code": "isp.service-error:8888"})
        if fault == HTML:
            return Reply(200, {}, b"<html>")
        if fault == DOWN:
            return Reply(502, {}, b"")
        try:
            data = self._answer(method, call)
        except Wrong as wrong:
            return self._reply({"code": wrong.code, "msg": "CANARY", "sub_code": wrong.sub, "sub_msg": "CANARY"})
        if fault == LOST:
            raise Uncertain("timeout")
        if fault == LOST_BUSY:
            return self._reply({"code": 20001, "msg": "内部服务超时", "sub_code": "isp.service-timeout"})
        return self._reply({"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "data": data})

    def _fault(self, method: str) -> str:
        for place, (wanted, fault) in enumerate(self.faults):
            if wanted in ("*", method):
                del self.faults[place]
                return fault
        return ""

    def _reply(self, body: Json) -> Reply:
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return Reply(200, headers, json.dumps(body, ensure_ascii=False).encode())

    def _answer(self, method: str, call: Call) -> object:
        query = dict(parse_qsl(urlsplit(call.url).query))
        assert call.url.startswith("https://openapi-fxg.jinritemai.com/")
        if not self.allowed:
            raise Wrong(30002, "isv.ip-not-allowed")
        params = json.loads(call.body)
        body = call.body.decode()
        if body != json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=False):
            raise Wrong(40003, "isv.parameter-format-invalid")
        text = f"{APP_SECRET}app_key{APP_KEY}method{method}param_json{body}timestamp{query['timestamp']}v2{APP_SECRET}"
        wanted = hmac.new(APP_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        good = (query["app_key"], query["v"], query["sign_method"]) == (APP_KEY, "2", "hmac-sha256")
        if not good or query["method"] != method or query["sign"] != wanted:
            raise Wrong(40003, "isv.signature-invalid")
        at = datetime.strptime(query["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
        if abs(at - self.now) > timedelta(minutes=10):
            raise Wrong(40003, "isv.timestamp-invalid")
        if method == "token.create":
            return self._token(params)
        if method == "token.refresh":
            return self._refresh(params)
        token = query.get("access_token", "")
        if token not in self.tokens or self.ends.get(token, self.now + timedelta(1)) <= self.now:
            raise Wrong(40003, "isv.access-token-expired" if "access_token" in query else "isv.access-token-missing")
        if method in self.denied:
            raise Wrong(30001, "isv.app-permissions-insufficient")
        return getattr(self, "_" + method.replace(".", "_"))(params)

    def _token(self, params: Json) -> Json:
        if not self.own_app or params["grant_type"] != "authorization_self" or params["shop_id"] != SHOP:
            raise Wrong(50001, "dop.token-generate-failed:grant-type-invalid")
        self.made += 1
        self.tokens.add(f"token-{self.made}")
        return {"access_token": f"token-{self.made}", "expires_in": 604800, "refresh_token": "r", "shop_id": int(SHOP)}

    def authorise(self, lasts: timedelta = timedelta(days=7)) -> dict[str, str]:
        """A merchant authorises an app of others; the tokens that it gets."""
        self.own_app = False
        return self._pair(lasts)

    def _pair(self, lasts: timedelta) -> dict[str, str]:
        self.renewals += 1
        access, self.refresh_token = f"access-{self.renewals}-0", f"refresh-{self.renewals}-0"
        self.tokens.add(access)
        self.ends[access] = self.now + lasts
        return {"access_token": access, "refresh_token": self.refresh_token}

    def _refresh(self, params: Json) -> Json:
        """The same pair until an hour before its end, then a new one; the old one lives on for an hour, unless its
        access token had ended already."""
        given, access = params["refresh_token"], f"access-{self.renewals}-0"
        assert params["grant_type"] == "refresh_token"
        passing = given == self.passing and self.passing_until is not None and self.now < self.passing_until
        if given != self.refresh_token and not passing:
            raise Wrong(50001, "dop.token-generate-failed:refresh-token-invalid")
        left = self.ends[access] - self.now
        if given == self.refresh_token and left <= timedelta(hours=1):
            self.passing, self.passing_until = given, self.now + timedelta(hours=1) if left > timedelta(0) else None
            pair, left = self._pair(timedelta(days=7)), timedelta(days=7)
        else:
            pair = {"access_token": access, "refresh_token": self.refresh_token}
        return {**pair, "expires_in": int(left.total_seconds()), "shop_id": int(SHOP), "shop_name": "CANARY"}

    # -- orders -------------------------------------------------------------------------------------------------------

    def order(self, **more: object) -> None:
        paid = int(self.now.timestamp()) - 86400
        line = {"order_id": ORDER, "order_status": 2, "product_id": int(PRODUCT), "product_id_str": PRODUCT,
                "exp_ship_time": paid + 172800, "ship_time": 0, "pre_sale_type": 0}  # fmt: skip
        self.orders[ORDER] = {
            "order_id": ORDER, "shop_id": int(SHOP), "order_status": 2, "create_time": paid - 60, "pay_time": paid,
            "update_time": paid, "finish_time": 0, "pay_amount": 19903, "exp_ship_time": paid + 172800,
            "seller_words": "", "post_receiver": "CANARY", "post_tel": "CANARY", "doudian_open_id": "1@#open/id+1==",
            "logistics_info": [], "sku_order_list": [line], **more,
        }  # fmt: skip

    def _order_orderDetail(self, params: Json) -> Json:
        if params["shop_order_id"] not in self.orders:
            raise Wrong(40004, "isv.parameter-invalid:50001")
        return {"shop_order_detail": self.orders[params["shop_order_id"]]}

    def many(self, number: int, at: datetime | None = None) -> None:
        """So many orders that changed in one second."""
        changed = int((at or self.now).timestamp())
        base = dict(self.orders[ORDER])
        for _ in range(number):
            name = str(5000000000000000000 + len(self.orders))
            self.orders[name] = {**base, "order_id": name, "update_time": changed, "create_time": changed}

    def _order_searchList(self, params: Json) -> Json:
        if not 1 <= params["size"] <= 100:
            raise Wrong(40004, "isv.parameter-invalid:50002")
        by = params.get("order_by", "create_time")
        since, until = params.get("update_time_start", 0), params.get("update_time_end", 10**12)
        found = [one for one in self.orders.values() if since <= one["update_time"] <= until]
        found.sort(key=lambda one: one[by], reverse=not params.get("order_asc", False))
        start = params["page"] * params["size"]
        return {"shop_order_list": found[start : start + params["size"]], "total": len(found), "page": params["page"]}

    def _order_addOrderRemark(self, params: Json) -> Json:
        if params["order_id"] not in self.orders:
            raise Wrong(40004, "isv.parameter-invalid:20002")
        if len(params["remark"]) > MAX_REMARK:
            raise Wrong(50002, "isv.business-failed:50056")
        self.orders[params["order_id"]]["seller_words"] = params["remark"]
        self.orders[params["order_id"]]["flag"] = params.get("star")
        return {}

    # -- after-sales --------------------------------------------------------------------------------------------------

    def aftersale(self, status: int = 6, kind: int = 1, arbitration: Json | None = None, **more: object) -> None:
        applied = int(self.now.timestamp()) - 3600
        info = {
            "after_sale_id": int(AFTERSALE), "after_sale_status": status, "after_sale_type": kind, "refund_status": 1,
            "refund_total_amount": 13200, "refund_post_amount": 0, "real_refund_amount": 0, "apply_time": applied,
            "update_time": applied, "status_deadline": applied + 172800, "reason": "CANARY", "reason_code": 15,
            "reason_remark": "CANARY", "post_receiver": "CANARY", **more,
        }  # fmt: skip
        self.aftersales[AFTERSALE] = {
            "process_info": {"after_sale_info": info, "arbitrate_info": arbitration, "logistics_info": {}},
            "order_info": {"shop_order_id": int(ORDER), "sku_order_infos": [{"product_id": int(PRODUCT)}]},
        }

    def info(self) -> Json:
        return self.aftersales[AFTERSALE]["process_info"]["after_sale_info"]

    def _afterSale_Detail(self, params: Json) -> Json:
        if params["after_sale_id"] not in self.aftersales:
            raise Wrong(50002, "isv.business-failed:10000")
        return copy.deepcopy(self.aftersales[params["after_sale_id"]])

    def _afterSale_List(self, params: Json) -> Json:
        items = []
        for one in self.aftersales.values():
            info = one["process_info"]["after_sale_info"]
            since, until = params.get("update_start_time", 0), params.get("update_end_time", 10**12)
            asked = params.get("order_id") in (None, str(one["order_info"]["shop_order_id"]))
            if asked and since <= info["update_time"] <= until:
                told = {name: info[name] for name in ("refund_status", "real_refund_amount")}
                items.append({"aftersale_info": {**told, "aftersale_id": str(info["after_sale_id"])}})
        start = params["page"] * params["size"]
        return {"items": items[start : start + params["size"]], "total": len(items)}

    def _afterSale_operate(self, params: Json) -> Json:
        (item,) = params["items"]
        info = self.aftersales[item["aftersale_id"]]["process_info"]["after_sale_info"]
        if item["update_time"] != info["update_time"] or info["after_sale_status"] not in (6, 11):
            raise Wrong(50002, "isv.business-failed:20309541")
        info |= {"after_sale_status": 12, "refund_status": 3, "real_refund_amount": info["refund_total_amount"]}
        info["update_time"] = int(self.now.timestamp())
        self.agreed.append(params)
        return {"items": [{"aftersale_id": item["aftersale_id"], "status_code": 0}]}

    # -- service tickets and products ---------------------------------------------------------------------------------

    def ticket(self, number: str = "24174", **more: object) -> None:
        self.tickets[number] = {
            "id": int(number), "order_id": int(ORDER), "shop_id": int(SHOP), "operate_status": 0, "reply": "",
            "detail": "CANARY", "create_time": "2026-11-21 10:00:00", "expiration_time": "2026-11-22 10:00:00",
            "first_reply_time": "", "close_time": "", "reject_time": "", "is_reject": 0, "evidence_required": 0, **more,
        }  # fmt: skip

    def _order_serviceDetail(self, params: Json) -> Json:
        if params["id"] not in self.tickets:
            raise Wrong(20000, "isp.service-error:10002")
        return {"detail": self.tickets[params["id"]], "logs": []}

    def _order_getServiceList(self, params: Json) -> Json:
        rows = list(self.tickets.values())
        start = params["page"] * params["size"]
        return {"list": rows[start : start + params["size"]], "total": len(rows)}

    def _order_replyService(self, params: Json) -> Json:
        ticket = self.tickets[params["id"]]
        if ticket["reply"] and not ticket["is_reject"]:
            raise Wrong(20000, "isp.service-error:10009")
        at = self.now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        ticket |= {"reply": params["reply"], "operate_status": 1, "is_reject": 0}
        ticket["first_reply_time"] = ticket["first_reply_time"] or at
        return {}

    def product(self, status: int = 0) -> None:
        self.products[PRODUCT] = {
            "product_id": int(PRODUCT), "product_id_str": PRODUCT, "status": status, "check_status": 3,
            "name": "CANARY", "update_time": int(self.now.timestamp()),
        }  # fmt: skip

    def _product_listV2(self, params: Json) -> Json:
        assert params["page"] >= 1, "its pages are counted from one"
        since, until = params.get("update_start_time", 0), params.get("update_end_time", 10**12)
        found = [one for one in self.products.values() if since <= one["update_time"] <= until]
        start = (params["page"] - 1) * params["size"]
        return {"data": found[start : start + params["size"]], "total": len(found)}

    def _product_detail(self, params: Json) -> Json:
        if params["product_id"] not in self.products:
            raise Wrong(50002, "isv.business-failed:2010064")
        return dict(self.products[params["product_id"]])

    def _product_setOffline(self, params: Json) -> Json:
        self.products[str(params["product_id"])]["status"] = 1
        return {}

    def _product_setOnline(self, params: Json) -> Json:
        self.products[str(params["product_id"])]["status"] = 0
        return {}
