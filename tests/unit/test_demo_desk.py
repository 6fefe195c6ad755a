"""Whoever asks a demo shop what `redress connect` and `redress doctor` ask gets a shop's answers, and all is well."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.flow import subscriptions
from chalicelib.platforms.base import Read
from chalicelib.platforms.keeping import Probe, Recent
from chalicelib.platforms.registry import adapter
from examples.demo.scenes import SCENES
from tests.fakes.driving import drive
from tests.unit.test_demo_shops import NOW, Time, Wire, played, session_of, shop_of

PLATFORMS = ["shopify", "dokan"]
MADE = "https://hooks.example/hooks/main.try.token"


def busy(platform: str) -> tuple[Any, Wire, Any]:
    """An adapter, the way to a demo shop with some orders, and a session."""
    time = Time()
    shop = shop_of(platform, time)
    for number, scene in enumerate(SCENES[:8], 1001):
        if platform in scene.platforms:
            played(scene, shop, time, number)
    return adapter(platform), Wire(shop), session_of(shop)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_our_access_lacks_nothing(platform: str) -> None:
    one, wire, session = busy(platform)
    found = drive(one.probe(session), wire.send)
    assert isinstance(found, Probe) and found.missing == {} and found.notes == ()
    assert not any(answered.changed for answered in wire.answered)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_last_orders_can_be_looked_at(platform: str) -> None:
    one, wire, session = busy(platform)
    found = drive(one.recent(session, 10), wire.send)
    assert isinstance(found, Recent) and found.subjects and found.places
    for subject in found.subjects:
        read = drive(one.look(subject, session), wire.send)
        assert isinstance(read, Read) and read.events


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_changed_is_told(platform: str) -> None:
    one, wire, session = busy(platform)
    found = drive(one.look(Subject("connection", show(NOW)), session), wire.send)
    assert isinstance(found, Read) and len(found.looks) == len(wire.shop.newest())
    late = show(NOW + timedelta(days=1))
    assert drive(one.look(Subject("connection", late), session), wire.send) == Read(ignored="nothing changed")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_its_own_webhooks_stand_and_others_are_made_and_removed(platform: str) -> None:
    one, wire, session = busy(platform)
    own = wire.shop.address.url
    found = drive(subscriptions.look_up(one, session, lambda url: url == own), wire.send)
    assert isinstance(found, subscriptions.Standing) and found.well
    for _ in range(2):
        drive(subscriptions.mend(one, session, lambda url: url == MADE, MADE), wire.send)
        assert len(wire.shop.hooks) == len(one.topics)
    drive(subscriptions.remove_ours(one, session, lambda url: url == MADE), wire.send)
    assert wire.shop.hooks == {}
