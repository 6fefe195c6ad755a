"""A marketplace for tests of the ladder: a shop that remembers what was done to its sellers, and people with keys."""

import json
from datetime import timedelta
from typing import Any

from chalicelib.core.calls import Call, Reply
from tests.support.opsdesk import Ops
from tests.support.world import World

DAY = timedelta(days=1)
UNDO = {
    "restore": "suspend", "unrestrict": "restrict", "release_payout": "hold_payout", "relist": "delist",
    "unblacklist": "blacklist",
}  # fmt: skip


class Market:
    """`sellers`: seller or listing -> measures that the platform shows; `mails`: what sellers were told."""

    def __init__(self, **more: Any) -> None:
        self.world = World()
        self.sellers: dict[str, set[str]] = {}
        self.mails: list[tuple[str, str]] = []
        self.status: dict[str, str] = {}
        self.world.shop.answer = self._answer
        self.ops = Ops(self.world)
        self.world.connect(**more)

    def _answer(self, call: Call) -> Reply:
        said = json.loads(call.body)
        if call.url.endswith("/look"):
            return Reply(200, {}, json.dumps(self._looked(said["subject"])).encode())
        action, params, target = said["action"], said["params"], said["subject"]["id"]
        if action == "warn_seller":
            self.mails.append((params.get("seller", ""), params["note"]))
        elif action in UNDO:
            self.sellers.setdefault(target, set()).discard(UNDO[action])
        elif action in UNDO.values():
            self.sellers.setdefault(target, set()).add(action)
        return Reply(200, {}, b'{"state": "done"}')

    def _looked(self, subject: dict[str, str]) -> list[dict[str, Any]]:
        if subject["kind"] != "seller":
            return []
        at = self.world.clock.now().isoformat().replace("+00:00", "Z")
        closed = "suspend" in self.sellers.get(subject["id"], set())
        status = self.status.get(subject["id"], "inactive" if closed else "active")
        return [{"id": f"look-{at}", "subject": subject, "occurred_at": at, "facts": {"status": status}}]

    # ---- what people do ----

    def propose(self, seller: str = "s-1", rung: str = "suspend", points: int = 4, **more: Any) -> str:
        """A proposal by ops; the path of the penalty."""
        said = {
            "connection": "shop-1", "seller": seller, "code": "late-ship", "points": points, "rung": rung,
            "reason": "three parcels a week late", **more,
        }  # fmt: skip
        told = self.ops.must("POST", "/penalties", said, role="ops")
        self.world.run()
        return "/penalties/" + str(told["penalty"]).replace(":penalty/", "/")

    def word(self, path: str, decision: str, role: str = "reviewer") -> tuple[int, Any]:
        found = self.ops.ask("POST", f"{path}/decision", {"decision": decision, "reason": "as found"}, role=role)
        self.world.run()
        return found

    def penalise(self, seller: str = "s-1", rung: str = "suspend", points: int = 4, **more: Any) -> str:
        """A penalty that was proposed and approved."""
        path = self.propose(seller, rung, points, **more)
        status, told = self.word(path, "approve")
        assert status == 200, told
        return path

    def appeal(self, path: str) -> tuple[int, Any]:
        found = self.ops.ask("POST", f"{path}/appeal", {"text": "the carrier was on strike"}, role="ops")
        self.world.run()
        return found

    def points(self, seller: str = "s-1") -> int:
        return int(self.ops.must("GET", "/penalties", seller=seller)["points"])

    def state(self, path: str) -> str:
        return str(self.ops.must("GET", path)["state"])


def furnish(ops: Ops) -> None:
    """Two penalties whose names are known: `p-1` is proposed, `p-2` stands; by somebody who has no key."""
    from chalicelib.core.case import CaseId
    from chalicelib.core.events import Subject
    from chalicelib.core.ladder import Ladder, Rung
    from chalicelib.sellers import penalties, reasons
    from chalicelib.sellers.penalties import Terms

    now, records = ops.world.clock.now(), ops.world.ports.records("main")
    terms = Terms("s-1", "late-ship", 2, Rung.WARNING)
    for name in ("p-1", "p-2"):
        reasons.keep(records, name, reasons.by_person(terms, "shop-1", now, "somebody", "late again", 0))
    told = {"p-1": penalties.proposed("p-1", terms, now), "p-2": penalties.imposed("p-2", terms, now, Ladder())}
    said = {"id": "storm", "why": "force_majeure", "since": "2026-01-01", "until": "2026-01-03"}
    ops.must("POST", "/exclusions", said)
    for name, event in told.items():
        ops.desk.advance(CaseId("main", "shop-1", Subject("penalty", name)), [event])
