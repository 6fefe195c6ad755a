"""The adapter to copy does what a real one does: beside the contract suite, its looks and levers against a small shop
with faults, and its door's fuzz."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.platforms import registry
from chalicelib.platforms.base import Adapter, Command, Done, Later, Paces, Read, Refused, Session, Shop
from chalicelib.ports.http import Uncertain
from examples.platform.acme import LEVERS, Acme
from tests.fakes.driving import act, drive
from tests.properties.test_all_adapters_fuzz import fuzz_one
from tests.support.deliveries import ACME
from tests.support.delivery import NOW

ADAPTER: Adapter = Acme()
registry.add(ADAPTER)
TOKEN = "acme-token"
DATE = {"date": "Sun, 22 Nov 2026 10:00:00 GMT"}


@dataclass
class FakeAcme:
    """A shop with one order. `faults`: what strikes the next calls, one each."""

    faults: list[str] = field(default_factory=list)
    token: str = TOKEN
    notes: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    order: dict[str, Any] = field(default_factory=lambda: dict(ACME.good.plain["order"]))

    def send(self, call: Call) -> Reply:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "throttled":
            return Reply(429, {"retry-after": "9"}, b"")
        if fault == "down":
            return Reply(503, {}, b"<html>")
        if call.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, DATE, b"{}")
        status, value = self._answer(call.method, urlsplit(call.url).path.removeprefix("/api/"), call)
        if fault == "lost":
            raise Uncertain("time-out")
        return Reply(500, {}, b"") if fault == "lost_500" else Reply(status, DATE, json.dumps(value).encode())

    def _answer(self, method: str, path: str, call: Call) -> tuple[int, Any]:
        what = path.split("/")
        if what == ["orders"]:
            since = parse_qs(urlsplit(call.url).query)["updated_since"][0]
            return 200, {"orders": [self.order] if self.order["updated_at"] >= since else []}
        if what[1] != "1001":
            return 404, {}
        if what[2:] == ["notes"]:
            if method == "POST":
                self.notes.append(json.loads(call.body)["text"])
            return 200, {"notes": [{"text": one} for one in self.notes]}
        if what[2:3] == ["tags"]:
            (self.tags.add if method == "PUT" else self.tags.discard)(what[3])
            return 200, {}
        return 200, self.order


def session(token: str = TOKEN) -> Session:
    return Session(Shop("a", "acme", ACME.address), {"access_token": token}, NOW)


def command(action: str, order: str = "1001", **more: Any) -> Command:
    return Command(f"main:a:order/{order}|r|s|0|0", action, Subject("order", order), note="Redress: ship", **more)


def test_a_look_says_what_a_push_says() -> None:
    found = drive(ADAPTER.look(Subject("order", "1001"), session()), FakeAcme().send)
    assert isinstance(found, Read)
    (event,) = found.events
    assert event.look and [(mark.name, mark.at and show(mark.at)) for mark in event.marks] == [
        ("order.placed", "2026-11-20T09:58:00Z"), ("order.paid", None),
    ]  # fmt: skip
    assert show(event.facts["ship_by"]) == "2026-11-24T23:00:00Z"  # type: ignore[arg-type]


def test_what_changed_is_named_and_the_rest_is_said_in_words() -> None:
    fake = FakeAcme()
    found = drive(ADAPTER.look(Subject("connection", "2026-11-21T00:00:00Z"), session()), fake.send)
    assert isinstance(found, Read) and found.looks == (Subject("order", "1001"),)
    found = drive(ADAPTER.look(Subject("connection", "2026-11-22T00:00:00Z"), session()), fake.send)
    assert found == Read(ignored="nothing changed")
    assert drive(ADAPTER.look(Subject("order", "7"), session()), fake.send) == Refused("http_404")
    assert drive(ADAPTER.look(Subject("order", "1001"), session("old")), fake.send) == Refused("token")
    assert drive(ADAPTER.look(Subject("connection", "soon"), session()), fake.send) == Refused("not_an_instant")


@pytest.mark.parametrize("faults", [[], ["throttled"], ["down", "lost"], ["lost"], ["lost_500"], ["lost", "down"]])
def test_a_note_is_written_once_whatever_befalls_its_answer(faults: list[str]) -> None:
    fake = FakeAcme(faults=list(faults))
    assert isinstance(act(LEVERS["note"], session(), command("note"), fake), Done)
    assert len(fake.notes) == 1 and "[redress:" in fake.notes[0]


def test_a_tag_goes_on_and_off_and_neither_minds_repetition() -> None:
    fake = FakeAcme(faults=["lost"])
    done = act(LEVERS["tag"], session(), command("tag", params={"tag": "late"}), fake)
    assert done == Done("late") and fake.tags == {"late"}
    for _ in range(2):
        assert act(LEVERS["untag"], session(), command("untag", handle="late"), fake) == Done("late")
    assert not fake.tags


def test_what_it_cannot_do_it_refuses_with_a_short_code() -> None:
    fake = FakeAcme()
    assert act(LEVERS["note"], session("old"), command("note"), fake) == Refused("token")
    assert act(LEVERS["note"], session(), command("note", "x y"), fake) == Refused("no_order")
    assert act(LEVERS["tag"], session(), command("tag"), fake) == Refused("bad_tag")
    assert drive(LEVERS["tag"].run(session(), command("tag", params={"tag": "a"})), FakeAcme(["throttled"]).send) == (
        Later(9.0)
    )
    assert isinstance(ADAPTER, Paces) and ADAPTER.pause(Reply(429, {"retry-after": "9"}, b"")) == 9.0


def test_mutated_deliveries_end_in_a_4xx_in_quarantine_or_are_read() -> None:
    ends = fuzz_one("acme", 300, seed=1)
    assert ends["acme:accepted"] and ends["acme:refused"] and ends["acme:quarantined"] and ends["acme:cases"]
