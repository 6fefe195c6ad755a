"""A shop that speaks Redress' own wire form (DESIGN section 5): signed events out, signed actions and looks in."""

import json
from datetime import datetime
from typing import Any

from chalicelib.core import signing
from chalicelib.core.calls import Reply
from chalicelib.core.instants import show
from examples.demo.letters import Letter
from examples.demo.scenes import Kind
from examples.demo.shops.books import AMOUNT, BUYER, Answered, DemoShop, Request, Story

MARKS = {
    "paid": "order.paid", "shipped": "order.shipped", "cancelled": "order.cancelled",
    "returned": "return.received", "refunded": "refund.paid",
    "opened": "complaint.opened", "replied": "complaint.first_reply", "resolved": "complaint.resolved",
}  # fmt: skip
KINDS = {Kind.ORDER: "order", Kind.RETURN: "refund", Kind.COMPLAINT: "complaint"}
LETTERS = {"order": "", "refund": "R", "complaint": "C"}
UNDOES = {"untag": "tag", "restore": "suspend"}


class StandardShop(DemoShop):
    """Several sellers under one roof."""

    platform = "standard"

    def seller_of(self, number: int) -> str:
        return f"s-{number % 90 + 10}"

    def subject(self, story: Story) -> str:
        kind = KINDS[story.kind]
        return f"{kind}/{LETTERS[kind]}{story.number}"

    def letter(self, story: Story, what: str) -> Letter:
        at = story.known[what]
        event = self._event(story, [self._mark(story, what, at)], story.changed)
        return Letter("", json.dumps(event, ensure_ascii=False).encode())

    def garbled(self, story: Story) -> Letter:
        event = self._event(story, [self._mark(story, "paid", story.began)], story.began)
        return Letter("", json.dumps({**event, "marks": [{"name": "order.paid", "at": "yesterday"}]}).encode())

    def _mark(self, story: Story, what: str, at: datetime) -> dict[str, str]:
        mark = {"name": MARKS[what], "at": show(at)}
        return mark | {"value": AMOUNT} if what == "refunded" else mark

    def _event(self, story: Story, marks: list[dict[str, str]], as_of: datetime) -> dict[str, Any]:
        kind, _, ident = self.subject(story).partition("/")
        event: dict[str, Any] = {
            "id": f"{self.name}-{ident}-{'-'.join(mark['name'] for mark in marks)}-{show(as_of)}",
            "subject": {"kind": kind, "id": ident},
            "seller": story.seller,
            "buyer": BUYER.email,
            "occurred_at": show(as_of),
            "marks": marks,
            "facts": {"country": "CN", "currency": "CNY", "amount": AMOUNT},
        }
        if kind != "order":
            event["links"] = [{"rel": "order", "kind": "order", "id": str(story.number)}]
        return event

    # -- calls in -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answered:
        refusal = signing.verify(request.headers, request.body, [self.address.secret], self.now())
        if refusal is not None:
            return Answered(Reply(401, {}, b"{}"), f"unsigned call: {refusal.reason}")
        asked = json.loads(request.body)
        subject = f"{asked['subject']['kind']}/{asked['subject']['id']}"
        if asked["subject"]["kind"] in ("seller", "penalty"):
            return self._about_seller(request, subject, asked)
        story = self._story(subject)
        if story is None:
            return Answered(Reply(404, {}, b"{}"), "about something unknown", subject)
        if request.path.endswith("/look"):
            return Answered(_json(200, self._look(story, subject)), "look", subject)
        return self._act(story, subject, asked)

    def _story(self, subject: str) -> Story | None:
        number = subject.partition("/")[2].lstrip("RC")
        return self.books.get(int(number)) if number.isdecimal() else None

    def _about_seller(self, request: Request, subject: str, asked: dict[str, Any]) -> Answered:
        """A seller, or a penalty of ours against one: what it is told and what holds of it; a penalty is not asked."""
        kind, _, ident = subject.partition("/")
        if request.path.endswith("/look"):
            if kind == "penalty":
                return Answered(Reply(404, {}, b"{}"), "look", subject)
            now, status = show(self.now()), "suspended" if ident in self.suspended else "active"
            event = {
                "id": f"{self.name}-{ident}-{now}", "subject": asked["subject"], "seller": ident, "occurred_at": now,
                "facts": {"status": status},
            }  # fmt: skip
            return Answered(_json(200, [event]), "look", subject)
        action, seller = asked["action"], str(asked["params"].get("seller", ident))
        what = f"{action.replace('_', ' ')}{'' if action.endswith('_seller') else ' seller'} {seller}"
        if action in ("suspend", "restore"):
            self.suspended = self.suspended | {seller} if action == "suspend" else self.suspended - {seller}
        return Answered(_json(200, {"state": "done"}), what, subject, changed=True)

    def _look(self, story: Story, subject: str) -> list[dict[str, Any]]:
        """The present truth of the subject, as the shop knows it."""
        if subject != self.subject(story):
            return [self._past_order(story)]
        marks = [self._mark(story, what, at) for what, at in story.known.items()]
        return [self._event(story, marks, story.changed)] if marks else []

    def _past_order(self, story: Story) -> dict[str, Any]:
        back = sum(1 for _ in story.refunds) or "refunded" in story.known
        return {
            "id": f"{self.name}-{story.number}-look-{show(story.changed)}",
            "subject": {"kind": "order", "id": str(story.number)},
            "seller": story.seller,
            "occurred_at": show(story.changed),
            "marks": [
                {"name": "order.paid", "at": show(story.ordered)},
                {"name": "order.shipped", "at": show(story.shipped or story.ordered)},
            ],
            "facts": {"country": "CN", "currency": "CNY", "amount": AMOUNT, "refunded": AMOUNT if back else "0.00"},
        }

    def _act(self, story: Story, subject: str, asked: dict[str, Any]) -> Answered:
        action, key, params = asked["action"], asked["key"], asked["params"]
        done = {"state": "done", "handle": key[-40:]}
        if any(one["key"] == key for one in story.notes):
            return Answered(_json(200, done), f"{action} again", subject)
        story.notes.append({"key": key, "action": action})
        what, echo = action, None
        if action in ("tag", "untag"):
            tag = str(params.get("tag") or params.get("value") or "redress")
            story.tags = sorted({*story.tags, tag} if action == "tag" else {*story.tags} - {tag})
            what = f"{action} {tag}"
        elif action in ("suspend", "restore"):
            seller = str(params.get("seller", story.seller))
            self.suspended = self.suspended | {seller} if action == "suspend" else self.suspended - {seller}
            what = f"{action} seller {seller}"
        elif action == "remind_seller":
            what = f"remind seller {params.get('seller', story.seller)}"
        elif action == "refund":
            story.refunds.append({"key": key, "amount": str(params["amount"])})
            story.learn("refunded", self.now(), self.now())
            what, echo = f"refund {params['amount']} {params.get('currency', '')}".strip(), (story, "refunded")
        return Answered(_json(200, done), what, subject, changed=True, echo=echo)


def _json(status: int, value: object) -> Reply:
    return Reply(status, {"content-type": "application/json"}, json.dumps(value).encode())
