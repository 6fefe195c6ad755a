"""The demo's shops are shops: the adapters accept what they send, and get from their APIs what they ask for."""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.platforms.base import Absent, Command, Delivery, Done, Later, Read, Refused, Session, Shop, Unreadable
from chalicelib.platforms.registry import adapter
from examples.demo.cast import CAST, SHOPS, Part
from examples.demo.letters import Address, headers
from examples.demo.scenes import BY_NAME, HOSTILE, RUNNING_ORDER, SCENES, Beat, How, Scene
from examples.demo.shops.books import BUYER, Answered, DemoShop, Request, Story

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
BASE = "http://127.0.0.1:8099"
SECRETS = {"standard": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="}
PERSONAL = (BUYER.first, BUYER.last, BUYER.email, BUYER.street)


class Time:
    """The clock of a test's shop."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


def part_of(platform: str) -> Part:
    return next((part for part in CAST if part.platform == platform), Part("plain", platform))


def shop_of(platform: str, time: Time) -> DemoShop:
    part = part_of(platform)
    secret = SECRETS.get(platform, "a secret of fifty letters and digits")
    address = Address(platform, f"{BASE}/hooks/x", part.address(BASE), secret)
    names = part.credentials or ("consumer_key", "consumer_secret", "wp_user", "wp_app_password")
    return SHOPS[platform](part.name, address, dict.fromkeys(names, "credential"), time.now)


def connection_of(shop: DemoShop) -> Shop:
    part = part_of(shop.platform)
    return Shop(shop.name, shop.platform, shop.address.shop, part.mapping, part.options_at(BASE))


def played(scene: Scene, shop: DemoShop, time: Time, number: int = 4711) -> Story:
    """The scene to its end in the shop's books, its letters kept."""
    story = shop.begin(number, scene.name, scene.kind, NOW)
    for beat in sorted(scene.beats, key=lambda beat: beat.known_at):
        time.at = NOW + timedelta(seconds=beat.known_at)
        story.learn(beat.what, NOW + timedelta(seconds=beat.at), time.at)
        story.sent[beat.what] = shop.garbled(story) if beat.how is How.GARBLED else shop.letter(story, beat.what)
    time.at += timedelta(seconds=5)
    return story


def read(shop: DemoShop, story: Story, beat: Beat, time: Time) -> Read:
    """What the adapter makes of a letter. Raises Unreadable."""
    letter, one = story.sent[beat.what], adapter(shop.platform)
    told = headers(letter, shop.address, beat.how, time.at)
    kept = {name: value for name, value in told.items() if name in one.keep}
    return one.read(Delivery("d-1", letter.body, kept, time.at), connection_of(shop))


ROWS = [(scene.name, platform) for scene in SCENES for platform in scene.platforms]


@pytest.mark.parametrize(("name", "platform"), ROWS)
def test_every_webhook_is_as_the_platform_sends_it(name: str, platform: str) -> None:
    time, scene = Time(), BY_NAME[name]
    shop = shop_of(platform, time)
    story = played(scene, shop, time)
    for beat in scene.beats:
        letter = story.sent[beat.what]
        told = headers(letter, shop.address, beat.how, time.at)
        refusal = adapter(platform).verify(letter.body, told, (shop.address.secret,), connection_of(shop), time.at)
        assert (refusal is not None) is (beat.how in (How.FORGED, How.STALE)), (beat, refusal)
        assert told["content-type"].partition(";")[0] in adapter(platform).content_types
        if beat.how is How.GARBLED:
            with pytest.raises(Unreadable):
                result = read(shop, story, beat, time)
                raise result.problem or AssertionError("it was read")
            continue
        result = read(shop, story, beat, time)
        assert result.problem is None
        assert result.events or result.looks, f"{beat.what} says nothing"
        subjects = {str(event.subject) for event in result.events} | {str(one) for one in result.looks}
        assert shop.subject(story) in subjects or platform == "shopify", "the view shows what Redress has"


@pytest.mark.parametrize(("name", "platform"), ROWS)
def test_nobody_of_the_demo_is_named_in_an_event(name: str, platform: str) -> None:
    time, scene = Time(), BY_NAME[name]
    shop = shop_of(platform, time)
    story = played(scene, shop, time)
    for beat in scene.beats:
        if beat.how is How.GARBLED:
            continue
        for event in read(shop, story, beat, time).events:
            # The buyer's id is hashed at the door of the flow; everything else has to be gone by now.
            facts = {name: value for name, value in event.facts.items() if name != "buyer"}
            text = repr((event.id, event.subject, event.marks, facts, event.links))
            assert not [one for one in PERSONAL if one in text]


class Wire:
    """Carries calls of a lever or look to a shop, as the storefront does."""

    def __init__(self, shop: DemoShop) -> None:
        self.shop = shop
        self.answered: list[Answered] = []

    def send(self, call: Call) -> Reply:
        parts = urlsplit(call.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        told = {**{name.lower(): value for name, value in call.headers.items()}, "host": parts.netloc}
        done = self.shop.answer(Request(call.method, path, told, call.body))
        self.answered.append(done)
        date = self.shop.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Reply(done.reply.status, {**done.reply.headers, "date": date}, done.reply.body)

    def run(self, steps: Generator[Call, Reply, Done | Refused | Later | Read | Absent]) -> object:
        try:
            call = next(steps)
            while True:
                call = steps.send(self.send(call))
        except StopIteration as end:
            return end.value


def session_of(shop: DemoShop) -> Session:
    own = {} if shop.platform == "standard" else dict(shop.credentials)
    return Session(connection_of(shop), own, shop.now(), (shop.address.secret,))


def looked(shop: DemoShop, subject: str) -> tuple[Event, ...]:
    kind, _, ident = subject.partition("/")
    result = Wire(shop).run(adapter(shop.platform).look(Subject(kind, ident), session_of(shop)))
    assert isinstance(result, Read), result
    return result.events


def marks_of(events: tuple[Event, ...], subject: str) -> dict[str, datetime | None]:
    return {mark.name: mark.at for event in events if str(event.subject) == subject for mark in event.marks}


LOOKS = [
    ("late-word", "standard", "order.shipped", 9), ("late-word", "shopify", "order.shipped", 9),
    ("late-word", "dokan", "order.shipped", 9), ("lost-word", "dokan", "order.shipped", 9),
    ("cancelled", "dokan", "order.cancelled", 6), ("cancelled", "shopify", "order.cancelled", 6),
    ("in-time", "shopify", "order.paid", 0), ("refund-late", "shopify", "return.received", 0),
    ("refund-late", "shopify", "refund.paid", 26), ("refund-late", "standard", "refund.paid", 26),
    ("slow-reply", "shopify", "complaint.first_reply", 16), ("unresolved", "standard", "complaint.resolved", 38),
]  # fmt: skip


@pytest.mark.parametrize(("name", "platform", "mark", "seconds"), LOOKS)
def test_a_look_finds_the_present_truth(name: str, platform: str, mark: str, seconds: int) -> None:
    time = Time()
    shop = shop_of(platform, time)
    subject = shop.subject(played(BY_NAME[name], shop, time))
    assert marks_of(looked(shop, subject), subject)[mark] == NOW + timedelta(seconds=seconds)


def test_goods_that_came_back_are_found_by_the_reverse_order() -> None:
    time = Time()
    shop, scene = shop_of("shopify", time), BY_NAME["refund-late"]
    story = played(scene, shop, time)
    (asked,) = read(shop, story, scene.beats[0], time).looks
    assert "return.received" in marks_of(looked(shop, str(asked)), shop.subject(story))


ACTIONS = [
    ("never-shipped", "standard", ("remind_seller", "tag", "untag", "suspend", "restore")),
    ("made-good", "standard", ("note", "tag", "refund")),
    ("never-shipped", "dokan", ("remind_seller", "tag", "untag", "suspend", "restore")),
    ("late-word", "shopify", ("note", "tag", "untag")),
    ("made-good", "shopify", ("note", "tag", "refund")),
    ("slow-reply", "shopify", ("note", "tag")),
]


@pytest.mark.parametrize(("name", "platform", "actions"), ACTIONS)
def test_each_action_of_the_demo_has_its_effect_once(name: str, platform: str, actions: tuple[str, ...]) -> None:
    time = Time()
    shop = shop_of(platform, time)
    story = played(BY_NAME[name], shop, time)
    kind, _, ident = shop.subject(story).partition("/")
    order = ident if kind == "order" else str(story.number if platform == "standard" else story.number * 10 + 1)
    currency = "EUR" if platform == "shopify" else "CNY"
    for action in actions:
        lever, wire = adapter(platform).levers[action], Wire(shop)
        command = Command(
            f"{shop.name}:{kind}/{ident}|{action}", action, Subject(kind, ident), {"tag": "late-shipping"}, order,
            story.seller, amount=Decimal("49.90") if action == "refund" else None, currency=currency, note="Redress: x",
            handle="late-shipping",
        )  # fmt: skip
        for _ in range(2):
            assert isinstance(wire.run(lever.run(session_of(shop), command)), Done), action
        if action in ("tag", "untag"):
            assert ("late-shipping" in story.tags) is (action == "tag")
        assert bool(shop.suspended) is (action == "suspend")
        if action == "refund":
            assert [row["amount"] for row in story.refunds] == ["49.90"], "paid back once"
            assert "refunded" in story.known, "and the shop tells so"


def test_a_seller_is_told_of_a_penalty_and_looked_at() -> None:
    time = Time()
    shop = shop_of("standard", time)
    levers, wire = adapter("standard").levers, Wire(shop)
    reasons = Command("k1", "warn_seller", Subject("penalty", "redress-1"), seller="s-7", note="Statement of reasons")
    assert isinstance(wire.run(levers["warn_seller"].run(session_of(shop), reasons)), Done)
    assert wire.answered[-1].what == "warn seller s-7"
    for action, status in (("suspend", "suspended"), ("restore", "active")):
        command = Command(f"k-{action}", action, Subject("seller", "s-7"), seller="s-7")
        assert isinstance(wire.run(levers[action].run(session_of(shop), command)), Done)
        (event,) = looked(shop, "seller/s-7")
        assert event.facts["status"] == status


@pytest.mark.parametrize("platform", ["standard", "shopify", "dokan"])
def test_a_call_without_the_shops_own_credentials_is_refused(platform: str) -> None:
    time = Time()
    shop = shop_of(platform, time)
    story = played(BY_NAME["in-time"], shop, time)
    kind, _, ident = shop.subject(story).partition("/")
    bare = Session(
        connection_of(shop), dict.fromkeys(shop.credentials, "guess"), NOW, (SECRETS["standard"][:-8] + "AAAAAAA=",)
    )
    command = Command("k", "tag", Subject(kind, ident), {"tag": "late"}, ident)
    result = Wire(shop).run(adapter(platform).levers["tag"].run(bare, command))
    assert isinstance(result, Refused), result
    assert story.tags == []


def _demo_turns() -> Iterator[tuple[str, str]]:
    for turn in RUNNING_ORDER:
        yield turn.scene, next(part.platform for part in CAST if part.name == turn.shop)


def test_the_demo_plays_every_scene_where_it_can_be_played() -> None:
    turns = list(_demo_turns())
    assert [turn for turn in turns if turn[1] not in BY_NAME[turn[0]].platforms] == []
    assert {name for name, _ in turns} == set(BY_NAME)
    assert {platform for name, platform in turns if not any(b.how in HOSTILE for b in BY_NAME[name].beats)} == {
        "standard", "shopify", "dokan"
    }  # fmt: skip


def test_books_survive_a_stop() -> None:
    time = Time()
    for platform in ("standard", "shopify", "dokan"):
        shop = shop_of(platform, time)
        for name in ("late-word", "cancelled"):
            story = played(BY_NAME[name], shop, time)
            story.tags, story.notes = ["late"], [{"key": "k", "text": "t", "at": "2026-11-20T10:00:00.000Z"}]
            assert Story.of(story.data()) == story
