"""The half of a WooCommerce shop that Dokan adds, in memory: stores of sellers, their payouts and mails. It answers as
Dokan's REST controllers do. Facts: the Dokan sheet and the controllers' source.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.fakes.wordpress import Json, Route, WpError, page_of


@dataclass
class WithDokan:
    now: datetime = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
    pro: bool = True
    """Whether Dokan Pro is there."""
    stores: dict[int, Json] = field(default_factory=dict)
    withdraws: dict[int, Json] = field(default_factory=dict)
    poor: bool = False
    """Dokan finds that no seller has the money which it asks for."""
    reports: list[Json] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    """(to whom, text) of each mail that left the shop."""
    next_id: int = 1000

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def store(self, number: int) -> None:
        self.stores[number] = {
            "id": number, "store_name": "Tea & Co", "email": "tea@example.org", "enabled": True, "trusted": True,
            "featured": True, "show_email": True, "toc_enabled": True,
            "store_open_close": {"enabled": True, "time": {}},
            "registered": "2024-02-03T04:05:06",
        }  # fmt: skip

    def withdraw(self, seller: int, status: str = "pending", note: str = "") -> int:
        """A seller asks for its money."""
        number = self.new_id()
        user = {"id": seller, "email": "tea@example.org", "phone": "123"}
        self.withdraws[number] = {"id": number, "user": user, "status": status, "note": note, "amount": 40.0}
        return number

    def dokan_routes(self) -> list[Route]:
        dokan, one = "dokan/v1", r"(\d+)"
        return [
            ("GET", f"{dokan}/stores", lambda q, b: (200, page_of(list(self.stores.values()), q))),
            ("GET", f"{dokan}/stores/{one}", lambda n, q, b: (200, self._store(n))),
            ("PUT", f"{dokan}/stores/batch", self._batch_stores),
            ("PUT", f"{dokan}/stores/{one}/status", self._put_store_status),
            ("PUT", f"{dokan}/stores/{one}", self._put_store),
            ("GET", f"{dokan}/withdraw", self._list_withdraws),
            ("PUT", f"{dokan}/withdraw/{one}", self._put_withdraw),
            ("PUT", f"{dokan}/withdraw/batch", self._batch_withdraws),
            ("POST", f"{dokan}/stores/{one}/contact", self._mail_store),
            ("POST", f"{dokan}/stores/{one}/email", self._mail_store),
            *([("GET", f"{dokan}/abuse-reports", lambda q, b: (200, page_of(self.reports, q)))] if self.pro else []),
        ]  # fmt: skip

    def _store(self, number: int) -> Json:
        if number not in self.stores:
            raise WpError(404, "no_store_found")
        return self.stores[number]

    def _batch_stores(self, query: Json, body: Json) -> tuple[int, object]:
        assert not body, "nothing of ours moves many sellers"
        raise WpError(404, "no_item_found")

    def _put_store_status(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        if body.get("status") not in ("active", "inactive"):
            raise WpError(400, "no_valid_status")
        store = self._store(number)
        store["enabled"] = body["status"] == "active"
        return 200, store

    def _put_store(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        """As Manager::update: a flag that is left out is cleared."""
        store = self._store(number)
        for name in ("enabled", "featured", "trusted", "show_email"):
            store[name] = body.get(name) is True
        store["toc_enabled"] = body.get("enable_tnc") is True
        store["store_open_close"]["enabled"] = body.get("store_open_close", {}).get("enabled") is True
        return 200, store

    def _list_withdraws(self, query: Json, body: Json) -> tuple[int, object]:
        found = [row for row in self.withdraws.values()
                 if row["status"] == query["status"] and str(row["user"]["id"]) == query["user_id"]]  # fmt: skip
        return 200, page_of(found, query)

    def _put_withdraw(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        if self.poor:
            raise WpError(400, "dokan_rest_withdraw_error")
        self.withdraws[number].update(body)
        return 200, self.withdraws[number]

    def _batch_withdraws(self, query: Json, body: Json) -> tuple[int, object]:
        for number in body["cancelled"]:
            self.withdraws[int(number)]["status"] = "cancelled"
        return 200, {"success": {"cancelled": body["cancelled"]}, "failed": []}

    def _mail_store(self, number: int, query: Json, body: Json) -> tuple[int, object]:
        self._store(number)
        self.mails.append((f"seller {number}", body.get("message", body.get("body", ""))))
        return 200, {"store_id": number, "data": "Email sent successfully!"}
