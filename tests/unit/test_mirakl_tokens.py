"""An operator's token lives for an hour: it is got once, stored sealed, renewed before its end and after a 401; an
operator's key needs none of it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import EPOCH, show
from chalicelib.flow import credentials
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.platforms.base import Later, Read, Session, Shop
from chalicelib.platforms.keeping import Refreshes
from chalicelib.platforms.mirakl import Mirakl
from chalicelib.ports.http import Uncertain
from tests.fakes.driving import drive
from tests.fakes.mirakl import DOWN, HTML, LOST, THROTTLED, FakeMirakl
from tests.support.world import World

CLIENT = {"client_id": "client-0123", "client_secret": "client-secret-0"}
HOUR = timedelta(hours=1)
MIRAKL = Mirakl()


@dataclass
class Desk:
    """A connection `m` to an instance."""

    given: dict[str, str] = field(default_factory=lambda: dict(CLIENT))

    def __post_init__(self) -> None:
        self.fake, self.world = FakeMirakl(), World()
        self.world.clock.set(self.fake.now)
        self.order = self.fake.order()
        self.world.shop.answer = self.answer
        self.world.connect("mirakl", "m", address=self.fake.base, credentials=self.given, options={})

    def answer(self, call: Call) -> Reply:
        self.fake.now = self.world.clock.now()
        return self.fake.send(call)

    def look(self) -> object:
        """By a process that keeps nothing."""
        ports, shops = self.world.ports, Shops(self.world.ports)
        held = ports.connections.get("main", "m")
        assert held is not None
        subject = Subject("order", self.order)
        try:
            return credentials.run(ports, shops, held, lambda one: adapter_of(held).look(subject, one))
        except Uncertain as error:
            return error

    @property
    def stored(self) -> dict[str, str]:
        held = self.world.ports.connections.get("main", "m")
        assert held is not None
        return dict(Shops(self.world.ports).session(held).credentials)


def test_a_token_is_got_once_for_its_hour_and_renewed_before_it_ends() -> None:
    desk = Desk()
    for minutes in (0, 10, 30):
        desk.world.clock.advance(timedelta(minutes=minutes))
        assert isinstance(desk.look(), Read)
    assert len(desk.fake.tokens) == 1
    assert desk.stored == {**CLIENT, "access_token": "token-0", "expires_at": desk.stored["expires_at"]}
    desk.world.clock.advance(timedelta(minutes=15))
    assert isinstance(desk.look(), Read)
    assert len(desk.fake.tokens) == 2 and desk.stored["access_token"] == "token-1"


def test_a_token_that_was_taken_back_is_renewed_and_the_call_made_again() -> None:
    desk = Desk()
    desk.look()
    desk.fake.ends["Bearer token-0"] = desk.world.clock.now() - HOUR
    assert isinstance(desk.look(), Read)
    assert desk.stored["access_token"] == "token-1"


def test_a_wrong_secret_waits_for_another_and_a_key_needs_no_token() -> None:
    desk = Desk({**CLIENT, "client_secret": "another"})
    assert desk.look() == Later(900.0, "credentials refused")
    desk = Desk({"api_key": FakeMirakl().key})
    assert isinstance(desk.look(), Read)
    assert not desk.fake.tokens and desk.stored == {"api_key": desk.fake.key}


@pytest.mark.parametrize(("fault", "wanted"), [(THROTTLED, Later), (DOWN, Later), (HTML, Later), (LOST, Uncertain)])
def test_where_the_place_for_tokens_does_not_answer_it_waits_and_loses_nothing(fault: str, wanted: type) -> None:
    desk = Desk()
    desk.fake.faults = [("POST", fault)] * 2
    assert isinstance(desk.look(), (Later, wanted))
    desk.fake.faults.clear()
    desk.world.clock.advance(timedelta(minutes=20))
    assert isinstance(desk.look(), Read)


ENDS = [
    ({"api_key": "k"}, None),
    ({}, None),
    ({"client_id": "c"}, None),
    (CLIENT, EPOCH),
    ({**CLIENT, "access_token": "t", "expires_at": "soon"}, EPOCH),
    ({**CLIENT, "api_key": "k"}, None),
]


@pytest.mark.parametrize(("given", "ends"), ENDS)
def test_when_a_token_ends(given: dict[str, str], ends: object) -> None:
    assert isinstance(MIRAKL, Refreshes)
    assert MIRAKL.expires(given) == ends
    assert not MIRAKL.ended(given, Reply(401, {}, b"")) or "access_token" in given


def test_a_token_without_an_end_is_taken_for_less_than_the_usual_hour() -> None:
    fake, shop = FakeMirakl(), Shop("m", "mirakl", "https://x.mirakl.net")
    told = Reply(200, {}, b'{"access_token": "t-1"}')
    fresh = drive(MIRAKL.refresh(Session(shop, CLIENT, fake.now)), lambda call: told)
    assert fresh == {**CLIENT, "access_token": "t-1", "expires_at": show(fake.now + timedelta(seconds=3000))}
    for broken in (b'{"access_token": "t\\n"}', b"{}", b"[]", b"<html>"):
        found = drive(MIRAKL.refresh(Session(shop, CLIENT, fake.now)), lambda call, raw=broken: Reply(200, {}, raw))  # type: ignore[misc]
        assert isinstance(found, Later), broken
