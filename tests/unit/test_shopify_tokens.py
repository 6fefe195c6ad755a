"""Shopify's offline tokens that end after an hour: renewed with the refresh token, which changes each time; a lost
answer is made good by the old one, until the new one is used."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.flow import credentials
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.platforms.base import Later, Refused, Session, Shop
from chalicelib.platforms.keeping import LOST, Refreshes
from chalicelib.platforms.shopify import Shopify
from chalicelib.ports.http import Uncertain
from tests.fakes.driving import drive
from tests.support.world import SECRET, World

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOPIFY = Shopify()
HELD = {"access_token": "at-0-000", "client_id": "client-0", "refresh_token": "rt-0-0000"}


class Tokens:
    """The token endpoint, and a GraphQL endpoint that knows tokens only."""

    def __init__(self) -> None:
        self.now, self.turn, self.ends = NOW, 0, NOW + HOUR
        self.before = ""
        """A refresh token that was used, until the one that it gave is used."""
        self.fault = ""
        self.calls: list[Call] = []

    def send(self, call: Call) -> Reply:
        self.calls.append(call)
        headers = {"date": format_datetime(self.now, usegmt=True)}
        if not call.url.endswith("/admin/oauth/access_token"):
            good = call.headers["x-shopify-access-token"] == f"at-{self.turn}-000" and self.now < self.ends
            return Reply(200 if good else 401, headers, b'{"data":{"order":null}}' if good else b'{"errors":"no"}')
        assert call.url == "https://ada.myshopify.com/admin/oauth/access_token"
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        assert form["grant_type"] == "refresh_token" and form["client_secret"] == SECRET
        fault, self.fault = self.fault, ""
        if fault == "429":
            return Reply(429, {"retry-after": "7"}, b"")
        if form["client_id"] != "client-0" or form["refresh_token"] not in (f"rt-{self.turn}-0000", self.before):
            return Reply(400, headers, b'{"error":"invalid_grant","error_description":"CANARY"}')
        if form["refresh_token"] != self.before:
            self.before, self.turn = form["refresh_token"], self.turn + 1
        self.ends = self.now + HOUR
        if fault == "lost":
            raise Uncertain("time-out")
        told = {"access_token": f"at-{self.turn}-000", "refresh_token": f"rt-{self.turn}-0000", "expires_in": 3600,
                "refresh_token_expires_in": 7_776_000, "scope": "read_orders"}  # fmt: skip
        return Reply(500 if fault == "500" else 200, headers, b"<html>" if fault else json.dumps(told).encode())


def session(held: Mapping[str, str] = HELD, now: datetime = NOW) -> Session:
    return Session(Shop("s", "shopify", "ada.myshopify.com"), held, now, (SECRET,))


def test_a_renewal_gives_all_that_is_stored_in_place_of_the_old() -> None:
    found = drive(SHOPIFY.refresh(session()), Tokens().send)
    assert found == {**HELD, "access_token": "at-1-000", "refresh_token": "rt-1-0000", "expires_at": show(NOW + HOUR)}


@pytest.mark.parametrize(
    ("held", "fault", "wanted"),
    [
        ({"access_token": "shpat_0000"}, "", Refused("no_refresh_token")),
        ({**HELD, "client_id": ""}, "", Refused("no_client_id")),
        ({**HELD, "refresh_token": "rt-of-another"}, "", Refused("invalid_grant")),
        (HELD, "429", Later(7.0)),
        (HELD, "500", Later(30.0, LOST)),
        (HELD, "html", Later(30.0, LOST)),
    ],
)
def test_what_else_a_renewal_may_come_to(held: Mapping[str, str], fault: str, wanted: object) -> None:
    tokens = Tokens()
    tokens.fault = fault
    assert drive(SHOPIFY.refresh(session(held)), tokens.send) == wanted


def test_a_token_that_does_not_end_is_let_be() -> None:
    assert isinstance(SHOPIFY, Refreshes)
    assert SHOPIFY.expires({"access_token": "shpat_0000"}) is None
    assert not SHOPIFY.ended({"access_token": "shpat_0000"}, Reply(401))
    assert SHOPIFY.ended(HELD, Reply(401)) and not SHOPIFY.ended(HELD, Reply(403))


@pytest.mark.parametrize(
    ("expires_at", "after", "fault"),
    [
        (show(NOW + HOUR), HOUR - timedelta(minutes=1), ""),
        ("", HOUR, ""),
        (show(NOW + HOUR), HOUR - timedelta(minutes=1), "lost"),
        (show(NOW + HOUR), 3 * HOUR, "lost"),
    ],
)
def test_a_look_goes_on_over_the_end_of_a_token(expires_at: str, after: timedelta, fault: str) -> None:
    tokens, world = Tokens(), World()

    def answer(call: Call) -> Reply:
        tokens.now = world.clock.now()
        return tokens.send(call)

    world.shop.answer = answer
    world.clock.set(NOW)
    held = {**HELD, **({"expires_at": expires_at} if expires_at else {})}
    connection = world.connect("shopify", "s", address="ada.myshopify.com", options={}, credentials=held)
    shops = Shops(world.ports)

    def look() -> object:
        stored = world.ports.connections.get("main", "s") or connection
        steps = adapter_of(stored).look
        return credentials.run(world.ports, shops, stored, lambda one: steps(Subject("order", "1"), one))

    world.clock.set(NOW + after)
    tokens.fault = fault
    first = look()
    world.clock.advance(timedelta(minutes=1))
    second = look()
    assert tokens.turn == 1, "renewed once, whatever got lost"
    assert not isinstance(second, Later) and (fault or first == second)
    stored = world.ports.connections.get("main", "s")
    assert stored is not None and shops.session(stored).credentials["refresh_token"] == "rt-1-0000"
    assert replace(stored, credentials=connection.credentials, version=1) == connection
