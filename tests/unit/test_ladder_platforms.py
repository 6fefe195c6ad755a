"""The whole ladder on real platforms' APIs: each rung is put on through the platform's own calls, shown by its look,
and taken back when its penalty is."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.calls import Call, Reply
from chalicelib.core.case import Action, CaseId
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.words import OPEN_STATES
from chalicelib.rules.reader import PACKS
from chalicelib.sellers.nights import Nights
from tests.fakes.mirakl import FakeMirakl
from tests.fakes.woocommerce import FakeShop
from tests.support.mirakl import OPTIONS
from tests.support.opsdesk import Ops
from tests.support.world import T0, World
from tests.unit.test_dokan_adapter import CREDENTIALS

DAY = timedelta(days=1)


class Place:
    """A marketplace in a world of its own, and people with keys."""

    def __init__(self, platform: str) -> None:
        self.world = World()
        self.ops = Ops(self.world)
        self.dokan, self.mirakl = FakeShop(now=T0 - DAY), FakeMirakl(now=T0 - DAY)
        if platform == "dokan":
            self.seller, self.listing = "57", str(self.dokan.product())
            self.dokan.store(57)
            self.world.connect("dokan", address="https://shop.example", credentials=CREDENTIALS, options={})
        else:
            self.seller = str(self.mirakl.shop())
            self.listing = str(self.mirakl.offer(int(self.seller), 7))
            self.world.connect(
                "mirakl", address=self.mirakl.base, credentials={"api_key": self.mirakl.key}, options=OPTIONS
            )

        def answer(call: Call) -> Reply:
            self.dokan.now = self.mirakl.now = self.world.clock.now()
            return self.dokan.send(call) if platform == "dokan" else self.mirakl.send(call)

        self.world.shop.answer = answer

    def state(self) -> dict[str, Any]:
        """What the platform shows of the seller, without what a clock moves."""
        if self.mirakl.shops:
            shop = self.mirakl.shops[int(self.seller)]
            told = {name: shop[name] for name in ("shop_state", "premium_state", "payment_blocked")}
            return {**told, "quantity": self.mirakl.offers[int(self.listing)]["quantity"]}
        store = self.dokan.stores[57]
        return {
            "enabled": store["enabled"], "featured": store["featured"], "trusted": store["trusted"],
            "product": self.dokan.products[int(self.listing)]["status"],
            "withdraws": [one["status"] for one in self.dokan.withdraws.values()],
        }  # fmt: skip

    def lose(self, fault: str) -> None:
        """The answer of the next call that changes something: it is carried out, and nobody hears of it."""
        self.dokan.faults = [("PUT", fault)] if not self.mirakl.shops else []
        self.mirakl.faults = [("CHANGE", fault)] if self.mirakl.shops else []

    def faults(self) -> list[tuple[str, str]]:
        return [*self.dokan.faults, *self.mirakl.faults]

    def held(self) -> list[Action]:
        """The actions on the seller and on the listing."""
        found: list[Action] = []
        for subject in (f"seller/{self.seller}", f"listing/{self.listing}"):
            found += self.world.case(subject).ledger.actions.values()
        return found

    def propose(self, rung: str) -> str:
        said = {
            "connection": "shop-1", "seller": self.seller, "code": "late-ship", "points": 4, "rung": rung,
            "reason": "three parcels a week late", "listing": self.listing if rung == "delist" else "",
        }  # fmt: skip
        told = self.ops.must("POST", "/penalties", said, role="ops")
        return "/penalties/" + str(told["penalty"]).replace(":penalty/", "/")

    def penalise(self, rung: str) -> str:
        path = self.propose(rung)
        self.word(path, "approve")
        return path

    def word(self, path: str, decision: str) -> None:
        self.ops.must("POST", f"{path}/decision", {"decision": decision, "reason": "as found"}, role="reviewer")
        self.world.run()
        self.world.pass_time(timedelta(minutes=2))

    def pass_to(self, days: int) -> None:
        self.world.clock.set(self.world.clock.now() + days * DAY)
        self.world.pass_time(timedelta(minutes=20))


RUNGS = [
    ("dokan", "restrict", {"featured": False}),
    ("dokan", "hold_payout", {"withdraws": ["cancelled"]}),
    ("dokan", "delist", {"product": "draft"}),
    ("dokan", "suspend", {"enabled": False}),
    ("dokan", "blacklist", {"enabled": False}),
    ("mirakl", "restrict", {"premium_state": "NOT_PREMIUM"}),
    ("mirakl", "hold_payout", {"payment_blocked": True}),
    ("mirakl", "delist", {"quantity": 0}),
    ("mirakl", "suspend", {"shop_state": "SUSPENDED"}),
    ("mirakl", "blacklist", {"shop_state": "TERMINATED"}),
]


@pytest.mark.parametrize(("platform", "rung", "wanted"), RUNGS)
def test_a_rung_is_put_on_the_platform_and_taken_back(platform: str, rung: str, wanted: dict[str, Any]) -> None:
    place = Place(platform)
    if rung == "hold_payout" and platform == "dokan":
        place.dokan.withdraw(57)
    place.world.pass_time(timedelta(minutes=2))
    before = place.state()
    path = place.penalise(rung)
    if rung == "blacklist":
        assert place.state() == before, "the seller is told thirty days ahead"
        place.pass_to(30)
    assert place.state() == {**before, **wanted}
    place.word(path, "reverse")
    assert place.state() == before


LOST_ANSWERS = [row for row in RUNGS if row[1] != "blacklist"]


@pytest.mark.parametrize("fault", ["lost", "lost_500"])
@pytest.mark.parametrize(("platform", "rung", "wanted"), LOST_ANSWERS)
def test_a_rung_whose_answer_was_lost_is_put_on_once_and_taken_back(
    platform: str, rung: str, wanted: dict[str, Any], fault: str
) -> None:
    place = Place(platform)
    place.dokan.withdraw(57)
    place.world.pass_time(timedelta(minutes=2))
    before = place.state()
    place.lose(fault)
    path = place.penalise(rung)
    place.world.pass_time(timedelta(minutes=30))
    assert not place.faults(), "the answer was lost"
    assert place.state() == {**before, **wanted}
    place.lose(fault)
    place.word(path, "reverse")
    place.world.pass_time(timedelta(minutes=30))
    assert place.state() == before and not place.faults()


@pytest.mark.parametrize("fault", ["lost", "lost_500"])
@pytest.mark.parametrize(("platform", "rung", "wanted"), LOST_ANSWERS)
def test_a_rung_whose_answer_was_lost_is_taken_back_where_its_penalty_is_gone_before_the_next_try(
    platform: str, rung: str, wanted: dict[str, Any], fault: str
) -> None:
    place = Place(platform)
    place.dokan.withdraw(57)
    place.world.pass_time(timedelta(minutes=2))
    before = place.state()
    place.lose(fault)
    path = place.propose(rung)
    place.ops.must("POST", f"{path}/decision", {"decision": "approve", "reason": "as found"}, role="reviewer")
    for _ in range(120):
        # The answer is lost, and nobody has tried again.
        place.world.run()
        if not place.faults():
            break
        place.world.pass_time(timedelta(seconds=1))
    assert not place.faults()
    place.word(path, "reverse")
    place.world.pass_time(timedelta(minutes=30))
    assert place.state() == before
    assert not [one for one in place.held() if one.state in OPEN_STATES]
    assert place.world.told("action.unknown") == [] and place.ops.must("GET", "/held")["held"] == []


LUCK = st.lists(
    st.tuples(
        st.sampled_from(["*", "GET", "PUT", "POST"]),
        st.sampled_from(["lost", "lost_500", "throttled", "down", "unsent", "html"]),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=12)
@given(st.sampled_from(LOST_ANSWERS), LUCK, st.sampled_from([0, 2, 20, 90, 3600]), LUCK)
def test_no_run_of_bad_luck_leaves_a_measure_behind_whose_penalty_is_gone(
    row: tuple[str, str, dict[str, Any]], before_it: list[tuple[str, str]], wait: int, after_it: list[tuple[str, str]]
) -> None:
    """Twelve of each kind of luck take a second; law 7 is at stake."""
    platform, rung, _ = row
    place = Place(platform)
    fake = place.dokan if platform == "dokan" else place.mirakl
    place.dokan.withdraw(57)
    place.world.pass_time(timedelta(minutes=2))
    before = place.state()
    fake.faults = list(before_it)
    path = place.propose(rung)
    place.ops.must("POST", f"{path}/decision", {"decision": "approve", "reason": "as found"}, role="reviewer")
    place.world.pass_time(timedelta(seconds=wait))
    fake.faults += after_it
    place.word(path, "reverse")
    place.world.pass_time(timedelta(hours=3))
    fake.faults = []
    place.world.pass_time(timedelta(hours=3))
    assert place.state() == before
    assert not [one for one in place.held() if one.state in OPEN_STATES]


def test_a_suspension_that_ends_leaves_one_that_was_to_last() -> None:
    """Dokan has one switch for both."""
    place = Place("dokan")
    place.world.pass_time(timedelta(minutes=2))
    ending = place.penalise("blacklist")
    place.pass_to(30)
    short = place.penalise("suspend")
    place.word(short, "reverse")
    assert place.state()["enabled"] is False
    place.word(ending, "reverse")
    assert place.state()["enabled"] is True


@pytest.mark.parametrize("platform", ["dokan", "mirakl"])
def test_a_listing_that_is_on_sale_again_behind_our_back_is_told(platform: str) -> None:
    place = Place(platform)
    place.penalise("delist")
    place.world.pass_time(timedelta(minutes=5))
    for again in (False, True):
        place.world.clock.set(place.world.clock.now() + DAY)
        if again and platform == "dokan":
            changed = place.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
            place.dokan.products[int(place.listing)].update(status="publish", date_modified_gmt=changed)
        elif again:
            place.mirakl.offers[int(place.listing)]["quantity"] = 9
        place.ops.must("POST", "/sellers/watch", {})
        place.world.run()
        found = place.ops.must("POST", "/sellers/watch", {})
        assert found["undone"] == ([f"shop-1:listing/{place.listing}"] if again else [])


@pytest.mark.parametrize("platform", ["dokan", "mirakl"])
def test_what_somebody_undid_on_the_platform_is_told(platform: str) -> None:
    place = Place(platform)
    place.penalise("suspend")
    place.world.clock.set(place.world.clock.now() + DAY)
    if platform == "dokan":
        place.dokan.stores[57]["enabled"] = True
    else:
        place.mirakl.shops[int(place.seller)]["shop_state"] = "OPEN"
    place.ops.must("POST", "/sellers/watch", {})
    place.world.run()
    found = place.ops.must("POST", "/sellers/watch", {})
    assert found["undone"] == [f"shop-1:seller/{place.seller}"]
    place.world.run()
    told = [one for one in place.world.told("clock.warned") if one["data"]["rule"] == "measure-undone"]
    assert told and told[0]["data"]["severity"] == "error"


@pytest.mark.parametrize("platform", ["dokan", "mirakl"])
def test_a_seller_that_is_new_is_asked_about_so_that_its_documents_have_their_clocks(platform: str) -> None:
    place = Place(platform)
    pack = (PACKS / "seller-vetting.yaml").read_text(encoding="utf-8")
    place.ops.must("POST", "/policies", {"yaml": pack})
    if platform == "dokan":
        place.dokan.stores[57]["registered"] = "2026-03-02T10:00:00"
    else:
        place.mirakl.shops[int(place.seller)]["date_created"] = "2026-03-02T10:00:00Z"
    number = f"{place.seller}-1"
    placed_ = Event("seen", Subject("order", number), T0, T0, marks=(Mark("order.placed", T0),),
                    facts={"seller": place.seller})  # fmt: skip
    place.ops.desk.advance(CaseId("main", "shop-1", placed_.subject), [placed_])
    place.world.run()
    place.world.clock.set(T0 + DAY)
    for _ in range(2):
        Nights(place.world.ports, ["main"])(place.world.clock.now())
        place.world.run()
        place.world.clock.set(place.world.clock.now() + DAY)
    clocks = place.world.case(f"seller/{place.seller}").ledger.clocks
    assert {"vet-licence-missing", "vet-tax-missing", "vet-identity-missing"} <= set(clocks)
    calls = [call.url for call in (*place.dokan.calls, *place.mirakl.calls)]
    assert len([url for url in calls if url.endswith("/stores/57") or "/shops" in url]) == 1, "once"
