"""The ladder over the whole shell in memory: a rule's entry, a measure, the platform, the notice, the healing."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.scores import Decision
from chalicelib.core.words import Status
from chalicelib.sellers import effects, reasons
from chalicelib.sellers.effects import Seen
from tests.support.ladder import DAY, Market
from tests.support.opsdesk import POLICY
from tests.support.world import T0, World, event, placed

HOUR = timedelta(hours=1)
SAID = "2026-03-02T10:00:00Z"


def test_a_rules_entry_becomes_a_penalty_with_reasons_that_reach_the_seller() -> None:
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.world.deliver(placed(seller="s-1", buyer="b-77", amount="12.00", currency="EUR"))
    market.world.pass_time(26 * HOUR)
    (row,) = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
    assert (row["state"], row["points"], row["rung"], row["automated"]) == ("imposed", 2, "notice", True)
    assert (row["case"], row["rule"]) == ("shop-1:order/1001", "ship-1d")
    ((seller, text),) = market.mails
    assert seller == "s-1"
    for wanted in ("Statement of reasons", "处罚决定及理由说明", "ship-1d (house@1)", "shop-1:order/1001", "due",
                   "decided automatically", "You may appeal free of charge until 2026-09-04",
                   "amount: 12"):  # fmt: skip
        assert wanted in text, wanted
    assert "b-77" not in text
    told = {one["type"] for one in market.world.told("penalty")}
    assert told == {"redress.penalty.imposed"}, "nothing waited for a person"
    assert market.sellers == {}


def test_a_verdict_that_heals_takes_points_and_entry_back_by_itself() -> None:
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.world.deliver(placed(seller="s-1"))
    market.world.pass_time(26 * HOUR)
    assert market.points() == 2
    market.world.deliver(event("1001", T0 + HOUR, {"order.shipped": T0 + HOUR}))
    market.world.run()
    (row,) = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
    assert (row["state"], market.points()) == ("reversed", 0)
    assert [one["type"] for one in market.world.told("penalty.reversed")] == ["redress.penalty.reversed"]
    assert list(market.world.ports.records("main").query("penalty-register")) == []


def test_the_outcome_of_an_appeal_reaches_the_seller_with_its_reasons() -> None:
    market = Market()
    path = market.penalise(rung="warning")
    market.appeal(path)
    assert len(market.mails) == 1
    market.word(path, "uphold", role="admin")
    assert len(market.mails) == 2
    told = market.mails[-1][1]
    for wanted in ("Outcome of the appeal", "The appeal failed", "why: as found", "申诉结果", "理由：as found",
                   "out-of-court dispute body"):  # fmt: skip
        assert wanted in told, wanted
    market.word(path, "reverse")
    assert "The penalty is taken back" in market.mails[-1][1] and len(market.mails) == 3
    assert "taken back" in market.ops.must("GET", f"{path}/reasons")["text"]


def test_what_was_decided_and_is_over_is_never_told_as_missed() -> None:
    market = Market()
    upheld, reversed_ = market.penalise(rung="warning"), market.penalise(rung="warning")
    for path, word in ((upheld, "uphold"), (reversed_, "reverse")):
        market.appeal(path)
        market.word(path, word, role="admin")
    market.world.pass_time(timedelta(minutes=2))
    market.world.clock.set(T0 + 366 * DAY)
    market.world.pass_time(timedelta(minutes=20))
    assert market.state(upheld) == "expired" and market.state(reversed_) == "reversed"
    assert [one["data"]["rule"] for one in market.world.told("clock.breached")] == []


def test_a_verdict_that_heals_tells_the_seller_so_and_a_proposal_turned_down_tells_nobody() -> None:
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.world.deliver(placed(seller="s-1"))
    market.world.pass_time(26 * HOUR)
    market.world.deliver(event("1001", T0 + HOUR, {"order.shipped": T0 + HOUR}))
    market.world.run()
    assert len(market.mails) == 2
    assert "facts that came in later show that it was not due" in market.mails[-1][1]
    market.word(market.propose("s-2"), "decline")
    assert len(market.mails) == 2


def test_reasons_are_sent_however_late() -> None:
    """The shop is down for two days: whoever was judged has a right to the reasons all the same."""
    market = Market()
    answer, down = market.world.shop.answer, True
    market.world.shop.answer = lambda call: Reply(503, {}, b"") if down else answer(call)
    market.penalise(rung="warning")
    market.world.pass_time(48 * HOUR)
    assert market.mails == []
    down = False
    market.world.pass_time(2 * HOUR)
    assert len(market.mails) == 1 and "Statement of reasons" in market.mails[0][1]


def test_what_was_decided_once_is_not_decided_anew() -> None:
    """Whatever the score says by then: whoever repeats an entry finds what was decided."""
    world = World()
    records = world.ports.records("main")
    first = reasons.keep(records, "x", {"needs": "", "at": "2026-03-02T10:00:00Z"})
    again = reasons.keep(records, "x", {"needs": "weight", "at": "2026-03-03T10:00:00Z"})
    assert first == again == reasons.kept(records, "x")


def test_a_suspension_waits_for_a_person_and_then_reaches_the_platform() -> None:
    market = Market()
    path = market.propose()
    assert (market.state(path), market.sellers, market.points()) == ("proposed", {}, 0)
    assert [one["type"] for one in market.world.told("penalty")] == ["redress.penalty.proposed"]
    assert market.word(path, "approve")[0] == 200
    assert (market.state(path), market.sellers, market.points()) == ("imposed", {"s-1": {"suspend"}}, 4)
    assert market.mails and "three parcels a week late" in market.mails[0][1]


def test_a_measure_ends_by_itself_and_its_points_later() -> None:
    market = Market()
    path = market.penalise()
    market.world.clock.set(T0 + 14 * DAY)
    market.world.pass_time(timedelta(minutes=5))
    assert (market.sellers, market.points(), market.state(path)) == ({"s-1": set()}, 4, "imposed")
    market.world.clock.set(T0 + 365 * DAY)
    market.world.pass_time(timedelta(minutes=5))
    assert (market.points(), market.state(path)) == (0, "expired")
    assert [one["type"] for one in market.world.told("penalty.expired")] == ["redress.penalty.expired"]


@pytest.mark.parametrize(
    ("kind", "ident", "marks"),
    [
        ("penalty", "{}", [{"name": "penalty.reversed", "at": SAID}, {"name": "penalty.in_force", "at": None}]),
        ("penalty", "forged", [{"name": "penalty.in_force", "at": SAID}]),
        ("seller", "s-1", [{"name": "measure.suspend", "of": "{}", "at": None}]),
        ("seller", "s-8", [{"name": "measure.suspend", "at": SAID}]),
        ("seller", "s-1", []),
    ],
)
def test_no_webhook_says_anything_of_penalties_and_measures(
    kind: str, ident: str, marks: list[dict[str, object]]
) -> None:
    market = Market()
    path = market.penalise()
    name = path.rpartition("/")[2]
    told = {
        "id": "h", "subject": {"kind": kind, "id": ident.format(name)}, "occurred_at": SAID, "source": "decision",
        "version": "2030-01-01T00:00:00Z", "seller": "s-8", "facts": {"code": "x"},
        "marks": [{**one, "of": str(one.get("of", "")).format(name)} for one in marks],
        "whole": [] if marks else ["measure.suspend"],
    }  # fmt: skip
    assert market.world.deliver(told)["statusCode"] == 202
    market.world.run()
    assert (market.state(path), market.points(), market.sellers) == ("imposed", 4, {"s-1": {"suspend"}})
    (kept,) = market.ops.must("GET", "/quarantine")["quarantine"]
    assert "ours alone" in kept["wanted"]


def test_two_penalties_hold_one_lever_and_only_the_last_lets_go() -> None:
    market = Market()
    one, two = market.penalise(), market.penalise()
    calls = [said for said in market.world.shop.actions() if said["action"] == "suspend"]
    assert len(calls) == 1, "the platform is told once"
    assert market.word(one, "reverse")[0] == 200
    assert market.sellers == {"s-1": {"suspend"}}
    assert market.word(two, "reverse")[0] == 200
    assert (market.sellers, market.points()) == ({"s-1": set()}, 0)
    three = market.penalise()
    assert market.sellers == {"s-1": {"suspend"}}, "and again, where a new one asks for it"
    market.word(three, "reverse")
    assert market.sellers == {"s-1": set()}


def test_a_seller_whose_id_looks_like_a_key_gives_nobody_else_its_points() -> None:
    market = Market()
    market.penalise("s-1|shop-1:x", rung="warning", points=9)
    assert market.ops.must("GET", "/sellers/shop-1/s-1")["points"] == 0
    assert market.ops.must("GET", "/sellers/shop-1/-", seller="s-1|shop-1:x")["points"] == 9


def test_a_listing_is_taken_down_and_put_back() -> None:
    market = Market()
    path = market.penalise(rung="delist", listing="p-9")
    assert market.sellers == {"p-9": {"delist"}}
    market.word(path, "reverse")
    assert market.sellers == {"p-9": set()}


def test_the_end_of_the_service_is_told_thirty_days_ahead() -> None:
    market = Market()
    path = market.penalise(rung="blacklist")
    market.world.clock.set(T0 + 30 * DAY - HOUR)
    market.world.pass_time(timedelta(minutes=2))
    assert market.sellers == {}
    market.world.clock.set(T0 + 30 * DAY)
    market.world.pass_time(timedelta(minutes=2))
    assert market.sellers == {"s-1": {"blacklist"}}
    market.word(path, "reverse")
    assert market.sellers == {"s-1": set()}


@pytest.mark.parametrize(
    ("decision", "points", "rung", "state"),
    [(Decision.ACT, 12, "warning", "imposed"), (Decision.WARN, 12, "warning", "imposed"),
     (Decision.NONE, 12, "notice", "imposed"), (Decision.ACT, 13, "restrict", "proposed")],
)  # fmt: skip
def test_a_score_decides_how_far_a_rule_goes_alone(
    decision: Decision, points: int, rung: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {"metric": "shipping", "p_over": "0.9412", "n": "120", "bad": "9", "buyers": 8, "limit": "0.02",
             "window_days": 30, "decision": decision.value}  # fmt: skip
    monkeypatch.setattr(effects, "scores_of", lambda *_: [Seen(decision, shown)])
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY.replace("points: 2", f"points: {points}")})
    market.world.deliver(placed(seller="s-1"))
    market.world.pass_time(26 * HOUR)
    (row,) = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
    assert (row["rung"], row["state"]) == (rung, state)
    told = market.ops.must("GET", "/penalties/" + row["penalty"].replace(":penalty/", "/") + "/reasons")["text"]
    assert "9 of 120, 8 different buyers; probability that the true rate is over 2.00%: 94%" in told


def test_what_a_rule_is_about_must_bear_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seller with bad reviews is not restricted for one late parcel, but where shipping itself is bad."""

    def seen(metric: str, decision: Decision) -> Seen:
        return Seen(decision, {"metric": metric, "p_over": "0.95", "n": "50", "bad": "9", "buyers": 8, "limit": "0.02"})

    for shipping, wanted in ((Decision.NONE, "notice"), (Decision.ACT, "restrict")):
        found = [seen("review", Decision.ACT), seen("shipping", shipping)]
        monkeypatch.setattr(effects, "scores_of", lambda *_, found=found: found)
        market = Market()
        market.ops.must("POST", "/standard", {"yaml": UNWARNED})
        market.ops.must("POST", "/policies", {"yaml": POLICY.replace("points: 2", "points: 12")})
        market.world.deliver(placed(seller="s-1"))
        market.world.pass_time(26 * HOUR)
        (row,) = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
        assert row["rung"] == wanted


SURE = {"metric": "shipping", "p_over": "0.95", "n": "50", "bad": "9", "buyers": 8, "limit": "0.02"}
UNWARNED = "standard: mine\nmetrics: {shipping: {limit: 4%}}\nladder: {warned: 0d}\n"


class Late:
    """A seller who is surely bad: each parcel that is late is worth five points. `deaf`: no word reaches it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, deaf: bool = False) -> None:
        monkeypatch.setattr(effects, "scores_of", lambda *_: [Seen(Decision.ACT, dict(SURE))])
        self.market, self.orders = Market(), 0
        answer = self.market.world.shop.answer

        def refuses(call: Call) -> Reply:
            refused = b'{"state": "refused", "reason": "no such mailbox"}'
            return Reply(200, {}, refused) if b"warn_seller" in call.body else answer(call)

        self.market.world.shop.answer = refuses if deaf else answer
        self.market.ops.must("POST", "/policies", {"yaml": POLICY.replace("points: 2", "points: 5")})

    def again(self) -> dict[str, Any]:
        """One more; what came of it."""
        now, ident = self.market.world.clock.now(), f"n-{self.orders}"
        self.orders += 1
        self.market.world.deliver(placed(ident, now, seller="s-1"))
        self.market.world.pass_time(26 * HOUR)
        rows = self.market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
        (row,) = [one for one in rows if one["case"] == f"shop-1:order/{ident}"]
        return dict(row)

    def wait(self, days: int) -> None:
        self.market.world.clock.set(self.market.world.clock.now() + days * DAY)

    def reasons(self, row: dict[str, Any], lang: str = "en") -> str:
        path = "/penalties/" + row["penalty"].replace(":penalty/", "/")
        return str(self.market.ops.must("GET", f"{path}/reasons", lang=lang)["text"])


def test_nobody_is_restricted_without_a_warning_that_stood(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Late(monkeypatch)
    rungs = [late.again()["rung"] for _ in range(3)]
    assert rungs == ["warning"] * 3, "the third has fifteen points, which ask for a restriction"
    row = late.again()
    assert "the points ask for more (payouts held); without a warning that stood before" in late.reasons(row)
    assert "先予警告" in late.reasons(row, "zh")
    assert late.market.sellers == {}
    late = Late(monkeypatch)
    first = late.again()
    late.wait(15)
    assert late.again()["rung"] == "warning", "ten points ask for no more"
    row = late.again()
    assert (row["rung"], row["state"], row["automated"]) == ("restrict", "imposed", True)
    assert f"warned of it before: {first['told_at']} ({first['penalty']})" in late.reasons(row)
    late.market.world.pass_time(timedelta(minutes=5))
    assert late.market.sellers == {"s-1": {"restrict"}}


def test_a_warning_that_was_taken_back_warned_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Late(monkeypatch)
    first = late.again()
    late.wait(15)
    late.market.word("/penalties/" + first["penalty"].replace(":penalty/", "/"), "reverse")
    for _ in range(3):
        row = late.again()
    assert (row["points"], row["rung"], row["state"]) == (5, "warning", "imposed")


def test_a_warning_that_never_reached_the_seller_leaves_the_measure_to_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = Late(monkeypatch, deaf=True)
    assert late.again()["told_at"] is None
    late.wait(15)
    late.again()
    row = late.again()
    assert (row["rung"], row["state"], row["automated"]) == ("restrict", "proposed", False)
    assert "decided by a person (the warning before it did not reach the seller)" in late.reasons(row)
    path = "/penalties/" + row["penalty"].replace(":penalty/", "/")
    late.market.word(path, "approve")
    late.market.world.pass_time(timedelta(minutes=5))
    assert late.market.sellers == {"s-1": {"restrict"}}, "what a person decides needs no warning"


def test_whoever_appealed_knew_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Late(monkeypatch, deaf=True)
    late.market.appeal("/penalties/" + late.again()["penalty"].replace(":penalty/", "/"))
    late.wait(15)
    late.again()
    assert late.again()["state"] == "imposed"


def test_a_house_may_ask_for_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Late(monkeypatch)
    late.market.ops.must("POST", "/standard", {"yaml": UNWARNED})
    assert [late.again()["rung"] for _ in range(3)] == ["warning", "warning", "restrict"]


def test_many_at_once_wait_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "scores_of", lambda *_: [Seen(Decision.ACT, {
        "metric": "shipping", "p_over": "0.95", "n": "50", "bad": "9", "buyers": 8, "limit": "0.02"})])  # fmt: skip
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY.replace("points: 2", "points: 12")})
    for number in range(25):
        market.world.deliver(placed(str(number), seller=f"s-{number}"))
    market.world.pass_time(26 * HOUR)
    states = [one["state"] for one in market.ops.must("GET", "/penalties")["penalties"]]
    assert (states.count("imposed"), states.count("proposed")) == (20, 5)


def test_the_ladder_of_the_standard_in_force_decides() -> None:
    market = Market()
    house = "standard: mine\nmetrics: {shipping: {limit: 4%}}\nladder: {points_last: 30d, person: {points: 1}}\n"
    market.ops.must("POST", "/standard", {"yaml": house})
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.world.deliver(placed(seller="s-1"))
    market.world.pass_time(26 * HOUR)
    (row,) = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
    assert row["state"] == "proposed", "two points weigh more than one"
    path = "/penalties/" + row["penalty"].replace(":penalty/", "/")
    market.word(path, "approve")
    told = market.ops.must("GET", path)
    assert (told["points_until"][:10], market.points()) == ("2026-04-02", 2)


def test_in_observe_nothing_is_ever_entered() -> None:
    market = Market(modes={})
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.world.deliver(placed(seller="s-1"))
    market.world.pass_time(26 * HOUR)
    assert market.ops.must("GET", "/penalties")["penalties"] == []
    assert market.world.case("order/1001").ledger.clocks["ship-1d"].status is Status.BREACHED


def test_the_daily_look_finds_what_somebody_undid_or_repeated() -> None:
    market = Market()
    path = market.penalise()
    assert market.ops.must("POST", "/sellers/watch", {})["looks"] == 1
    market.world.pass_time(2 * HOUR)
    market.status["s-1"] = "active"
    for _ in range(2):
        market.world.clock.set(market.world.clock.now() + DAY)
        found = market.ops.must("POST", "/sellers/watch", {})
        market.world.run()
    assert found["undone"] == ["shop-1:seller/s-1"]
    told = [one for one in market.world.told("clock.warned") if one["data"]["rule"] == "measure-undone"]
    assert told and told[0]["data"]["severity"] == "error"
    market.word(path, "reverse")
    market.status["s-1"] = "inactive"
    for _ in range(2):
        market.world.clock.set(market.world.clock.now() + DAY)
        found = market.ops.must("POST", "/sellers/watch", {})
        market.world.run()
    assert found["repeated"] == ["shop-1:seller/s-1"]


def test_an_undo_that_is_late_does_not_undo_a_later_measure() -> None:
    """The shop is down while a suspension is being lifted; before it is back another penalty suspends again."""
    market = Market()
    first = market.penalise()
    answer, down = market.world.shop.answer, True

    def sometimes(call: Call) -> Reply:
        return Reply(503, {}, b"") if down and b'"restore"' in call.body else answer(call)

    market.world.shop.answer = sometimes
    market.word(first, "reverse")
    assert market.sellers == {"s-1": {"suspend"}}, "the shop did not hear of it"
    market.penalise()
    market.world.pass_time(timedelta(minutes=5))
    down = False
    market.world.pass_time(timedelta(minutes=40))
    said = [one["action"] for one in market.world.shop.actions() if one["action"] in ("suspend", "restore")]
    assert said[0] == "suspend" and said[-2:] == ["restore", "suspend"], "each in its turn"
    assert market.sellers == {"s-1": {"suspend"}}
