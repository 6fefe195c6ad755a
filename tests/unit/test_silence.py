"""A shop that goes silent is noticed and asked; what a poll brings and what comes late end in the same evidence."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.calls import Reply
from chalicelib.core.evidence import Evidence
from chalicelib.core.instants import show, to_ms
from chalicelib.flow import silence
from chalicelib.flow.shops import Shops, context_of
from chalicelib.flow.silence import LEARN, LEAST, Heard, Seen, Watch
from chalicelib.flow.tell import Teller
from chalicelib.ops.doctor import examine
from chalicelib.platforms.shopify import Shopify
from chalicelib.ports.ports import SYSTEM
from tests.fakes.shopify import FakeShopify, order
from tests.fakes.woocommerce import FakeShop
from tests.support.delivery import b64_hmac, load
from tests.support.world import SECRET, T0, TOKEN, World, placed

MINUTE = timedelta(minutes=1)


class Street(World):
    """A world whose minutes are also watched."""

    def boot(self) -> None:
        super().boot()
        self.watch = Watch(self.ports, Shops(self.ports), Teller(self.ports))

    def minutes(self, number: int) -> None:
        for _ in range(number):
            self.clock.advance(MINUTE)
            self.watch()
            self.run()

    def hear(self, times: int, gap: timedelta = 10 * MINUTE) -> None:
        """So many orders, the gap apart."""
        for number in range(times):
            self.deliver(placed(f"{number}-{to_ms(self.clock.now())}", self.clock.now()))
            self.run()
            self.minutes(gap // MINUTE)

    def kinds(self) -> list[str]:
        return [event["type"].removeprefix("redress.source.") for event in self.told("source.")]


@pytest.fixture
def street() -> Street:
    made = Street()
    made.connect()
    return made


def test_three_usual_gaps_of_silence_are_told_once_and_so_is_the_end_of_it(street: Street) -> None:
    street.hear(LEARN + 1)
    street.minutes(20)
    assert street.kinds() == [], "not longer than three gaps of ten minutes"
    street.minutes(2)
    assert street.kinds() == ["silent"]
    street.minutes(200)
    assert street.kinds() == ["silent"]
    street.deliver(placed("late", street.clock.now()))
    street.run()
    street.minutes(1)
    assert street.kinds() == ["silent", "recovered"]
    first, second = street.told("source.")
    assert first["data"]["incident"] == second["data"]["incident"], "what was opened is closed"
    assert first["subject"] == "connection/shop-1"


def test_a_shop_of_which_little_is_known_is_not_called_silent(street: Street) -> None:
    street.hear(LEARN)
    street.minutes(600)
    assert street.kinds() == []


def test_a_busy_shop_is_written_down_once_a_minute(street: Street) -> None:
    seen = Seen(street.ports)
    for second in range(120):
        seen.note("main", "shop-1", T0 + timedelta(seconds=second))
        # Another process, which knows nothing of this one.
        Seen(street.ports).note("main", "shop-1", T0 + timedelta(seconds=second))
    record = street.ports.records(SYSTEM).get(silence.KIND, "main|shop-1")
    assert record is not None and record.version == 2
    assert silence.read(record).last == to_ms(T0 + MINUTE)


def test_what_is_replayed_is_no_sign_of_life(street: Street) -> None:
    street.hear(LEARN + 1)
    before = silence.heard(street.ports, "main", "shop-1")
    Seen(street.ports).note("main", "shop-1", T0 - timedelta(days=1))
    assert silence.heard(street.ports, "main", "shop-1") == before


def test_an_outage_does_not_make_the_next_one_invisible() -> None:
    hour = 3_600_000
    heard = Heard(0)
    for number in range(1, 9):
        heard = heard.again(number * hour)
    after = heard.again(8 * hour + 500 * hour)
    assert heard.gap == hour
    assert after.gap <= 2 * hour, "a silence of weeks counts for three gaps"
    assert Heard(0, 1, LEARN).patience == LEAST


def test_a_connection_that_was_closed_is_not_missed(street: Street) -> None:
    street.hear(LEARN + 1)
    held = street.ports.connections.get("main", "shop-1")
    assert held is not None
    street.ports.connections.put(replace(held, active=False))
    street.minutes(300)
    assert street.kinds() == []


def test_telling_again_after_a_crash_has_the_same_id(street: Street) -> None:
    street.hear(LEARN + 1)
    record = street.ports.records(SYSTEM).get(silence.KIND, "main|shop-1")
    assert record is not None
    street.minutes(25)
    (first,) = street.told("source.silent")
    # The write after the telling was lost.
    street.ports.records(SYSTEM).put(silence.KIND, "main|shop-1", record.data)
    street.minutes(1)
    assert {event["id"] for event in street.told("source.silent")} == {first["id"]}


# ---- a shop that repeats nothing ----


class Woo:
    """A WooCommerce shop behind the world's one connection."""

    def __init__(self) -> None:
        self.street, self.fake = Street(), FakeShop()
        self.fake.now = T0
        self.street.shop.answer = self.fake.send
        self.street.connect(
            "woocommerce", options={}, address="https://shop.example",
            credentials={"consumer_key": self.fake.key, "consumer_secret": self.fake.secret},
        )  # fmt: skip
        silence.begin(self.street.ports, "main", "shop-1")

    def at(self, minutes: int) -> None:
        self.street.minutes(minutes)
        self.fake.now = self.street.clock.now()

    def send(self, body: bytes) -> None:
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
        headers = {
            "x-wc-webhook-signature": signature, "x-wc-webhook-source": "https://shop.example/",
            "x-wc-webhook-topic": "order.updated",
        }  # fmt: skip
        assert self.street.request(body, headers)["statusCode"] == 200
        self.street.run()

    def evidence(self, number: int) -> Evidence:
        return _without_buyer(self.street.case(f"order/{number}").evidence)


def _without_buyer(evidence: Evidence) -> Evidence:
    return replace(evidence, facts={key: one for key, one in evidence.facts.items() if key[0] != "buyer"})


def story(shop: Woo, deliver: Callable[[bytes, str], None]) -> int:
    """An order that is placed, paid and completed; `deliver` decides what becomes of each webhook."""
    shop.at(3)
    number = shop.fake.order("pending")
    deliver(shop.fake.send_body(number), "placed")
    shop.at(4)
    shop.fake.set_status(number, "processing")
    deliver(shop.fake.send_body(number), "paid")
    shop.at(5)
    shop.fake.set_status(number, "completed")
    deliver(shop.fake.send_body(number), "completed")
    return number


def test_what_never_came_is_found_by_asking() -> None:
    shop = Woo()
    number = story(shop, lambda body, when: None)
    shop.at(20)
    evidence = shop.evidence(number)
    assert {"order.placed", "order.paid"} <= {name for name, _ in evidence.marks}


def test_facts_that_were_asked_for_and_webhooks_that_come_late_end_in_the_same_evidence() -> None:
    lost, late, kept = Woo(), Woo(), list[bytes]()
    number = story(lost, lambda body, when: None)
    assert number == story(late, lambda body, when: kept.append(body))
    lost.at(40)
    late.at(40)
    for body in reversed(kept):
        late.send(body)
    late.at(1)
    assert late.evidence(number) == lost.evidence(number)


def test_it_asks_from_the_last_good_instant_and_not_from_the_beginning() -> None:
    shop = Woo()
    shop.at(120)
    asked = [call.url for call in shop.street.shop.calls if "modified_after" in call.url]
    assert len(asked) == 8, "each quarter of an hour"
    assert asked == sorted(set(asked)), "each time from a later instant"


def hooks(**more: str) -> dict[int, dict[str, object]]:
    ours = {"status": "disabled", "topic": "order.updated", "delivery_url": f"https://in.example/hooks/{TOKEN}", **more}
    theirs = {"status": "disabled", "topic": "order.updated", "delivery_url": "https://elsewhere.example/x", "id": 2}
    return {1: {**ours, "id": 1}, 2: theirs}


def test_a_webhook_that_the_shop_disabled_is_set_going_again_once_it_is_missed() -> None:
    shop = Woo()
    shop.fake.hooks = hooks()
    for _ in range(LEARN + 1):
        number = shop.fake.order()
        shop.send(shop.fake.send_body(number))
        shop.at(10)
    assert shop.fake.hooks[1]["status"] == "disabled", "nothing is missed yet"
    shop.at(30)
    assert shop.street.kinds() == ["silent"]
    assert (shop.fake.hooks[1]["status"], shop.fake.hooks[2]["status"]) == ("active", "disabled"), "ours alone"


def test_what_a_person_paused_stays_paused(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Woo()
    shop.fake.hooks = hooks(status="paused")
    for _ in range(LEARN + 1):
        shop.send(shop.fake.send_body(shop.fake.order()))
        shop.at(10)
    shop.at(30)
    assert shop.fake.hooks[1]["status"] == "paused"
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "hooks_mended" in line]
    assert told and told[0]["reason"].startswith("1 subscriptions to us, 0 set going again, 7 topics missing")
    assert told[0]["reason"].endswith("1 paused by a person")
    assert TOKEN not in str(told)


def test_a_shop_that_nobody_can_ask_owes_no_answer() -> None:
    street = Street()
    street.connect(options={})
    street.hear(LEARN + 1)
    street.minutes(60)
    street.deliver(placed("late", street.clock.now()))
    street.minutes(90)
    held = silence.heard(street.ports, "main", "shop-1")
    assert street.kinds() == ["silent", "recovered", "silent"] and held is not None and not held.owed


# ---- a platform that drops who refuses ----


def test_subscriptions_that_shopify_deleted_are_made_anew_and_what_they_missed_is_found() -> None:
    """After eight failures Shopify deletes a subscription, and says nothing."""
    street, fake = Street(), FakeShopify()
    street.shop.answer = fake.send
    url = f"https://in.example/hooks/{TOKEN}"
    sealed = street.ports.vault.encrypt(url.encode(), context_of("main", "shop-1", "hook"))
    street.connect("shopify", options={}, address="demo.myshopify.com", hook=sealed,
                   credentials={"access_token": fake.token})  # fmt: skip
    silence.begin(street.ports, "main", "shop-1")
    body = json.dumps(load("shopify/order")).encode()
    headers = {"x-shopify-hmac-sha256": b64_hmac(SECRET, body), "x-shopify-topic": "orders/updated",
               "x-shopify-shop-domain": "demo.myshopify.com", "x-shopify-webhook-id": "w"}  # fmt: skip
    for _ in range(LEARN + 1):
        assert street.request(body, headers)["statusCode"] == 200
        street.minutes(10)
    assert not fake.subscriptions, "dropped, and nobody has missed it yet"
    fake.add(order(4711, updatedAt=show(street.clock.now())), order(4000, updatedAt="2026-01-01T00:00:00Z"))
    street.minutes(30)
    assert street.kinds() == ["silent"]
    assert {one["topic"] for one in fake.subscriptions.values()} == set(Shopify.topics)
    assert {one["uri"] for one in fake.subscriptions.values()} == {url}
    assert ("order.placed", "") in street.case("order/4711").evidence.marks
    assert not street.case("order/4000").evidence.marks, "asked from the last good instant on"
    asked = len(fake.log)
    street.request(body, headers)
    street.minutes(2)
    assert street.kinds() == ["silent", "recovered"]
    assert len(fake.log) > asked, "what was missed in between is asked for once more"
    street.minutes(14)
    assert len(fake.subscriptions) == len(Shopify.topics), "none is made twice"


def test_what_changed_while_the_shop_could_not_be_asked_is_asked_for_later() -> None:
    """Webhooks come, so it is not silent; its API answers nobody for hours, and one webhook is lost meanwhile."""
    shop = Woo()
    answer = shop.street.shop.answer
    shop.at(20)
    shop.street.shop.answer = lambda call: Reply(403, {}, b"<html>Are you human?</html>")
    shop.at(1)
    lost = shop.fake.order()
    for _ in range(40):
        shop.send(shop.fake.send_body(shop.fake.order()))
        shop.at(10)
    shop.street.shop.answer = answer
    one = shop.street.ports.connections.get("main", "shop-1")
    assert one is not None
    owed = [found["found"] for found in examine(shop.street.ports, one) if found["check"] == "polls" and found["bad"]]
    assert owed and "what changed since 2026-03-02T10" in owed[0]
    assert not shop.street.case(f"order/{lost}").evidence.marks
    for _ in range(3):
        shop.send(shop.fake.send_body(shop.fake.order()))
        shop.at(10)
    assert ("order.placed", "") in shop.street.case(f"order/{lost}").evidence.marks
    assert shop.street.kinds() == []
    urls = [call.url for call in shop.street.shop.calls if "modified_after" in call.url][-1:]
    assert urls[0].partition("modified_after=")[2] > "2026-03-02T16", "and then from the newest instant again"
