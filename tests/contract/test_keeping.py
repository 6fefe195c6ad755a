"""What every adapter promises that keeps its connection in order (`platforms.keeping`): each against its fake, with
calls that are throttled, answers that are lost after the effect, and subscriptions of other people in between.
"""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.flow import subscriptions
from chalicelib.platforms.base import Delivery, Done, Later, Polled, Refused, Session, Shop, Unreadable
from chalicelib.platforms.keeping import Probe, Probes, Recent, Samples, Subscribes, Subscription, Tries
from chalicelib.platforms.registry import NAMES, adapter
from chalicelib.ports.http import Uncertain
from tests.fakes.driving import drive
from tests.support.far_ends import Row, row
from tests.support.world import T0

URL, OTHER = "https://hooks.example/hooks/main.there.token", "https://elsewhere.example/hooks/x"
MINE, THEIRS = (lambda url: url == URL), (lambda url: url == OTHER)
ADAPTERS = {name: adapter(name) for name in NAMES}
SUBSCRIBE = [name for name, one in ADAPTERS.items() if isinstance(one, Subscribes)]
PROBE = [name for name, one in ADAPTERS.items() if isinstance(one, Probes)]
SAMPLE = [name for name, one in ADAPTERS.items() if isinstance(one, Samples)]
TRY = [name for name, one in ADAPTERS.items() if isinstance(one, Tries)]
ONE_ADDRESS = {"wechatpay"}
"""Of these a merchant has one address in all."""


class Wire:
    """The way to a far end. `busy`, `lost`: which of the coming calls are throttled, or lose their answer."""

    def __init__(self, one: Row) -> None:
        self.row, self.made = one, 0
        self.busy: set[int] = set()
        self.lost: set[int] = set()

    def send(self, call: Call) -> Reply:
        self.made += 1
        if hasattr(self.row.fake, "now"):
            self.row.fake.now = T0
        if hasattr(self.row.fake, "most"):
            self.row.fake.available = self.row.fake.most
        if self.made in self.busy:
            return Reply(429, {"retry-after": "9"}, b"")
        reply: Reply = self.row.fake.send(call)
        if self.made in self.lost:
            raise Uncertain("time-out")
        return reply


def there(platform: str) -> tuple[Any, Wire, Session]:
    one = row(platform)
    shop = Shop("there", platform, one.address, options=one.options)
    secrets = (one.secret or "a-secret-of-fifty-letters",)
    return ADAPTERS[platform], Wire(one), Session(shop, one.credentials, T0, secrets)


def held(one: Any, wire: Wire, session: Session) -> list[Subscription]:
    found = drive(one.subscriptions(session), wire.send)
    assert isinstance(found, tuple), found
    return list(found)


def until_done(steps: Callable[[], Generator[Call, Reply, object]], wire: Wire) -> object:
    """As `act` would: asked again where it was told to wait, or where no answer came."""
    for _ in range(60):
        try:
            found = drive(steps(), wire.send)
        except Uncertain:
            continue
        if not isinstance(found, Later):
            return found
    raise AssertionError("it never ends")


# -- subscriptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", SUBSCRIBE)
def test_what_is_there_is_not_made_twice(platform: str) -> None:
    one, wire, session = there(platform)
    for _ in range(2):
        assert isinstance(drive(one.subscribe(session, URL, one.topics), wire.send), Done)
        topics = [topic for each in held(one, wire, session) if each.url == URL for topic in each.topics]
        assert sorted(topics) == sorted(one.topics)
    standing = drive(subscriptions.look_up(one, session, MINE), wire.send)
    assert isinstance(standing, subscriptions.Standing) and standing.well


@pytest.mark.parametrize("nth", range(1, 6))
@pytest.mark.parametrize("platform", SUBSCRIBE)
def test_neither_a_lost_answer_nor_a_throttled_call_makes_one_twice(platform: str, nth: int) -> None:
    one, wire, session = there(platform)
    wire.lost, wire.busy = {nth}, {nth + 2}
    assert isinstance(until_done(lambda: one.subscribe(session, URL, one.topics), wire), Done)
    wire.lost, wire.busy = set(), set()
    topics = [topic for each in held(one, wire, session) for topic in each.topics]
    assert sorted(topics) == sorted(one.topics)


@pytest.mark.parametrize("platform", SUBSCRIBE)
def test_what_was_dropped_is_made_anew_and_what_is_not_ours_is_let_be(platform: str) -> None:
    one, wire, session = there(platform)
    if platform not in ONE_ADDRESS:
        drive(one.subscribe(session, OTHER, one.topics), wire.send)
    drive(one.subscribe(session, URL, one.topics), wire.send)
    mine = [each for each in held(one, wire, session) if each.url == URL]
    theirs = [each for each in held(one, wire, session) if each.url == OTHER]
    assert isinstance(drive(one.unsubscribe(session, mine[0]), wire.send), Done)
    assert isinstance(drive(subscriptions.mend(one, session, MINE, URL), wire.send), str)
    standing = drive(subscriptions.look_up(one, session, MINE), wire.send)
    assert isinstance(standing, subscriptions.Standing) and standing.well
    assert isinstance(drive(subscriptions.renew(one, session, MINE), wire.send), str)
    for _ in range(2):
        assert isinstance(drive(subscriptions.remove_ours(one, session, MINE), wire.send), str)
    assert held(one, wire, session) == theirs
    assert isinstance(drive(one.unsubscribe(session, mine[-1]), wire.send), Done), "gone is gone"


@pytest.mark.parametrize("platform", SUBSCRIBE)
def test_all_move_to_a_new_address(platform: str) -> None:
    one, wire, session = there(platform)
    newer = URL + "-newer"
    drive(one.subscribe(session, URL, one.topics), wire.send)
    moved = until_done(lambda: subscriptions.move(one, session, lambda url: url == newer, MINE, newer), wire)
    assert isinstance(moved, str)
    assert {each.url for each in held(one, wire, session)} == {newer}


# -- rights and orders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PROBE)
def test_a_probe_tells_rights_and_the_clock_and_changes_nothing(platform: str) -> None:
    one, wire, session = there(platform)
    before = held(one, wire, session) if platform in SUBSCRIBE else []
    found = drive(one.probe(session), wire.send)
    assert isinstance(found, Probe), found
    assert found.granted and found.version and found.clock is not None
    assert all(found.missing.values()) and all(found.notes)
    assert (held(one, wire, session) if platform in SUBSCRIBE else []) == before


@pytest.mark.parametrize("platform", PROBE)
def test_credentials_that_do_not_count_are_refused_in_words(platform: str) -> None:
    one, wire, session = there(platform)
    strangers: list[dict[str, str]] = [dict.fromkeys(session.credentials, "another-" + "x" * 20)]
    # The secret of a Douyin shop's hook is the app's own, and serves for both.
    strangers += [{}] if platform != "doudian" else []
    for wrong in strangers:
        found = drive(one.probe(replace(session, credentials=wrong)), wire.send)
        assert isinstance(found, Refused), found
        assert "another-" not in found.reason


@pytest.mark.parametrize("nth", (1, 2, 3))
@pytest.mark.parametrize("platform", PROBE)
def test_a_probe_that_is_throttled_waits(platform: str, nth: int) -> None:
    one, wire, session = there(platform)
    wire.busy = {nth}
    found = drive(one.probe(session), wire.send)
    assert isinstance(found, Later) or (isinstance(found, Probe) and wire.made < nth)
    assert isinstance(until_done(lambda: one.probe(session), wire), Probe)


@pytest.mark.parametrize("platform", SAMPLE)
def test_the_last_orders_are_counted_and_can_be_looked_at(platform: str) -> None:
    one, wire, session = there(platform)
    found = drive(one.recent(session, 100), wire.send)
    assert isinstance(found, Recent), found
    assert len(found.subjects) <= 100 and all(count > 0 for count in found.places.values())
    assert set(found.mapping) <= session.shop.words.marks, "marks that a mapping may name"
    assert len(drive(one.recent(session, 1), wire.send).subjects) <= 1  # type: ignore[attr-defined]
    wire.busy = {wire.made + 1}
    assert isinstance(drive(one.recent(session, 100), wire.send), Later)


# -- trials and polls -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", TRY)
def test_a_trial_is_authentic_and_says_nothing(platform: str) -> None:
    one, _, session = there(platform)
    secret = session.secrets[0] if platform != "standard" else "whsec_" + "c2VjcmV0LW9mLWEtdGVzdC1zaG9wLTAxMjM="
    made = one.trial(session.shop, secret, T0)
    assert made is not None
    headers = {name.lower(): value for name, value in made.headers.items()}
    assert headers["content-type"] in one.content_types
    if one.greet(made.body, headers) is None:
        assert one.verify(made.body, headers, (secret,), session.shop, T0) is None
        assert one.verify(made.body, headers, (secret[:-3] + "xyz",), session.shop, T0) is not None
        kept = {name: headers[name] for name in one.keep if name in headers}
        try:
            read = one.read(Delivery("t-1", made.body, kept, T0), session.shop)
        except Unreadable as error:
            raise AssertionError(f"it would be put aside: {error}") from None
        assert not read.events and not read.looks and read.problem is None
    assert secret not in str(made) and secret.encode() not in made.body


@pytest.mark.parametrize("platform", NAMES)
def test_who_is_polled_can_be_asked_what_changed(platform: str) -> None:
    one = ADAPTERS[platform]
    assert not isinstance(one, Polled) or "connection" in one.looks
