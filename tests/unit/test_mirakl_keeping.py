"""An operator's access is asked what it may do; Mirakl's own states leave nothing to map."""

import pytest

from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Polled, Refused, Session, Shop
from chalicelib.platforms.keeping import Probe, Probes, Recent, Samples, Subscribes, Tries
from chalicelib.platforms.mirakl import Mirakl
from tests.fakes.driving import drive
from tests.fakes.mirakl import DOWN, HTML, LOST_500, THROTTLED, FakeMirakl

MIRAKL = Mirakl()
OPTIONS = {
    "note_field": "redress", "tag_field": "redress-tags", "incident_reason": "15", "close_reason": "16",
    "refund_reason": "21", "state_change_path": "api/shops/states",
}  # fmt: skip


def session(fake: FakeMirakl, key: str = "", **options: str) -> Session:
    shop = Shop("m", "mirakl", fake.base, options=options or OPTIONS)
    return Session(shop, {"api_key": key or fake.key}, fake.now)


def probe(fake: FakeMirakl, **options: str) -> Probe:
    found = drive(MIRAKL.probe(session(fake, **options)), fake.send)
    assert isinstance(found, Probe), found
    return found


def test_it_can_be_asked_and_polled_but_keeps_no_webhooks_for_us() -> None:
    assert isinstance(MIRAKL, Probes) and isinstance(MIRAKL, Samples) and isinstance(MIRAKL, Polled)
    assert isinstance(MIRAKL, Tries) and not isinstance(MIRAKL, Subscribes)


def test_an_operator_may_see_everything_and_only_reading_is_asked() -> None:
    fake = FakeMirakl()
    fake.order()
    found = probe(fake)
    assert found.missing == {} and found.clock == fake.now and len(found.granted) == 4
    assert {call.method for call in fake.calls} == {"GET"}
    assert "operator in Mirakl" in found.notes[1]


def test_levers_that_wait_for_an_option_are_named() -> None:
    found = probe(FakeMirakl(), note_field="redress")
    assert found.missing["the option refund_reason"] == "levers: refund"
    assert found.missing["the option tag_field"] == "levers: tag, untag"
    assert "the option note_field" not in found.missing


@pytest.mark.parametrize("path", ["api/shops", "api/returns"])
def test_what_a_role_does_not_include_is_told(path: str) -> None:
    fake = FakeMirakl(barred={path})
    (right,) = probe(fake).missing
    assert right == {"api/shops": "the operator's role", "api/returns": "read returns"}[path]


def test_a_key_that_is_over_is_refused_with_what_to_grant() -> None:
    fake = FakeMirakl()
    for asked in (MIRAKL.probe(session(fake, "old")), MIRAKL.recent(session(fake, "old"), 5)):
        found = drive(asked, fake.send)
        assert isinstance(found, Refused) and found.reason.startswith("token: grant an operator's API key")


@pytest.mark.parametrize("fault", [THROTTLED, DOWN, HTML, LOST_500])
def test_an_instance_that_is_busy_is_asked_again(fault: str) -> None:
    fake = FakeMirakl(faults=[("GET", fault)] * 2)
    assert isinstance(drive(MIRAKL.probe(session(fake)), fake.send), Later)
    assert isinstance(drive(MIRAKL.recent(session(fake), 5), fake.send), Later)


def test_the_newest_orders_by_state() -> None:
    fake = FakeMirakl()
    for number in range(60):
        fake.order("SHIPPED" if number % 3 else "SHIPPING")
        fake.later(minutes=1)
    found = drive(MIRAKL.recent(session(fake), 30), fake.send)
    assert isinstance(found, Recent)
    newest = [Subject("order", one) for one in list(fake.orders)[:-31:-1]]
    assert list(found.subjects) == newest and found.mapping == {}
    assert found.places == {"status:shipped": 20, "status:shipping": 10}
