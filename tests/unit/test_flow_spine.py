"""The spine in memory: a signed delivery becomes a clock, a step, an escalation, an action on the shop; and heals."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import EPOCH
from chalicelib.core.rules import Do, FromDue, Point, Policy, Rule, Share, Span, Step
from chalicelib.core.words import Status
from chalicelib.flow import purse, quarantine, switches
from chalicelib.ports.http import Uncertain, Unsent
from tests.support.world import T0, World, event, placed, states

HOUR = timedelta(hours=1)
SHIP_BY = Rule(
    "ship-by", "order", Point("order.placed"), (Point("order.shipped"),), Span(24 * 3600),
    void=(Point("order.cancelled"),),
    steps=(
        Step("half", Share(50), (Do("remind_seller"),)),
        Step("eve", FromDue(-3600), (Do("alert", {"severity": "warning"}),)),
        Step("breach", FromDue(0), (Do("alert", {"severity": "error"}), Do("tag", {"tag": "sla-breached"}))),
        Step("fine", FromDue(24 * 3600), (Do("penalise", {"code": "late-ship", "points": 4}), Do("suspend"))),
    ),
    title={"en": "Ship within a day", "zh": "一日内发货"},
)  # fmt: skip
REFUND = Rule(
    "make-good", "order", Point("order.placed"), (Point("order.shipped"),), Span(3600),
    steps=(Step("refund", FromDue(0), (Do("refund", {"amount": "5.00"}),)),),
)  # fmt: skip


def world(*rules: Rule, **more: Any) -> World:
    made = World()
    made.connect(**more)
    made.activate(Policy("demo", 1, "d1", rules or (SHIP_BY,)))
    return made


def still_unshipped(call: Call) -> Reply:
    """A shop that carries out everything and, when looked at, knows no more than before."""
    return Reply(200, {}, b"[]" if call.url.endswith("/look") else b'{"state": "done", "handle": "h-1"}')


def kinds(made: World, subject: str = "") -> list[str]:
    """Types of what was told, of one subject or of all."""
    mine = [one for one in made.told() if subject in ("", one["subject"])]
    return [str(one["type"]).removeprefix("redress.") for one in mine]


def test_an_order_that_is_not_shipped_is_reminded_escalated_tagged_and_penalised() -> None:
    made = world()
    made.shop.answer = still_unshipped
    assert made.deliver(placed(seller="s-17"))["statusCode"] == 202
    made.pass_time(49 * HOUR)
    case = made.case("order/1001")
    assert case.ledger.clocks["ship-by"].status is Status.BREACHED
    assert states(case) == ["tag:done", "penalise:done", "suspend:done", "remind_seller:done"]
    assert [one["action"] for one in made.shop.actions()] == ["remind_seller", "tag", "suspend", "warn_seller"]
    assert kinds(made, "order/1001") == [
        "clock.started", "step.taken", "action.done", "clock.warned", "clock.breached", "step.taken", "action.done",
        "step.taken", "action.done", "action.done",
    ]  # fmt: skip
    assert case.wake_at is None, "nothing is left to wait for"
    assert "penalty.imposed" in kinds(made), "told of the penalty itself"


def test_no_step_is_taken_early_and_none_later_than_the_next_second() -> None:
    made = world()
    made.deliver(placed())
    made.pass_time(24 * HOUR - timedelta(seconds=1))
    assert made.case("order/1001").ledger.clocks["ship-by"].status is Status.RUNNING
    made.pass_time(timedelta(seconds=1))
    assert made.case("order/1001").ledger.clocks["ship-by"].status is Status.BREACHED


def test_a_verdict_that_was_wrong_heals_on_the_platform_and_in_the_ledger() -> None:
    made = world()
    made.shop.answer = still_unshipped
    made.deliver(placed(seller="s-17"))
    made.pass_time(49 * HOUR)
    made.deliver(event("1001", T0 + 20 * HOUR, {"order.shipped": T0 + 20 * HOUR}))
    made.run()
    case = made.case("order/1001")
    assert case.ledger.clocks["ship-by"].status is Status.MET
    assert {key for key, state in case.ledger.steps.items() if not state.withdrawn} == {("ship-by", "half")}
    undone = [one for one in made.shop.actions() if one["action"] in ("untag", "restore")]
    assert [(one["action"], one["params"].get("handle")) for one in undone] == [("untag", "h-1"), ("restore", "h-1")]
    (row,) = made.ports.records("main").query("penalties")
    assert (row.data["state"], row.data["points"], row.data["seller"]) == ("reversed", 4, "s-17")
    healed = kinds(made, "order/1001")
    assert healed[10:13] == ["clock.withdrawn", "clock.met", "step.withdrawn"]
    assert "penalty.reversed" in kinds(made)


def test_before_a_penalty_we_look_and_drop_what_is_not_due_any_more() -> None:
    made = world()
    shipped = b'{"id":"l1","subject":{"kind":"order","id":"1001"},"occurred_at":"2026-03-03T08:00:00Z",' \
        b'"marks":[{"name":"order.shipped","at":"2026-03-03T08:00:00Z"}]}'  # fmt: skip
    made.shop.answer = lambda call: Reply(200, {}, shipped if call.url.endswith("/look") else b'{"state": "done"}')
    made.deliver(placed())
    made.pass_time(49 * HOUR)
    case = made.case("order/1001")
    assert "penalise:dropped" in states(case)
    assert "suspend" not in [one["action"] for one in made.shop.actions()]
    assert case.ledger.clocks["ship-by"].status is Status.MET
    assert "untag:done" in states(case), "the tag, which needed no look, is taken back"


def test_a_platform_that_cannot_be_asked_leaves_the_penalty_to_a_person() -> None:
    made = world(options={"actions_url": "https://shop.example/actions"})
    made.deliver(placed())
    made.pass_time(49 * HOUR)
    held = {one.sort.split("|")[-2:][0]: one.data["why"] for one in made.ports.records("main").query("held")}
    assert set(held.values()) == {"look refused: no look_url"}
    assert "suspend" not in [one["action"] for one in made.shop.actions()]


MODES = [
    ({}, [], [], "observe is the start: judge and report, touch nothing"),
    ({"shop": "act"}, ["tag:done"], ["tag"], "only what was switched to act"),
    ({"shop": "advise"}, ["tag:planned"], [], "advise waits for a person"),
]


@pytest.mark.parametrize(("modes", "wanted", "calls", "why"), MODES, ids=[row[-1] for row in MODES])
def test_modes(modes: dict[str, str], wanted: list[str], calls: list[str], why: str) -> None:
    made = world(modes=modes)
    made.deliver(placed())
    made.pass_time(49 * HOUR)
    assert list(states(made.case("order/1001"))) == wanted
    assert [one["action"] for one in made.shop.actions()] == calls
    assert "clock.breached" in kinds(made), "every mode reports"


def test_history_before_going_live_is_judged_and_never_acted_on() -> None:
    made = world(acts_from=T0)
    made.deliver(placed("old", T0 - 100 * HOUR))
    made.run()
    assert made.case("order/old").ledger.clocks["ship-by"].status is Status.BREACHED
    assert made.shop.actions() == []


def test_a_reminder_first_seen_too_late_is_skipped_but_the_breach_counts() -> None:
    made = world()
    made.shop.answer = still_unshipped
    made.deliver(placed("old", T0 - 30 * HOUR))
    made.run()
    assert states(made.case("order/old")) == ["tag:done", "remind_seller:skipped"]


def test_stop_holds_every_action_while_clocks_run_on_and_go_lets_them_go() -> None:
    made = world()
    made.shop.answer = still_unshipped
    switches.switch(made.ports, "main", "*", on=True)
    made.deliver(placed())
    made.pass_time(25 * HOUR)
    assert made.case("order/1001").ledger.clocks["ship-by"].status is Status.BREACHED
    assert made.shop.actions() == []
    switches.switch(made.ports, "main", "*", on=False)
    made.pass_time(timedelta(minutes=7))
    assert states(made.case("order/1001")) == ["tag:done", "remind_seller:skipped"], "a day-old reminder helps nobody"


def test_a_storm_becomes_one_escalation_and_its_penalties_wait_for_a_person() -> None:
    made = world(
        options={"storm_limit": "5", "actions_url": "https://s.example/actions", "look_url": "https://s.example/look"}
    )
    made.shop.answer = still_unshipped
    for number in range(12):
        made.deliver(placed(str(number)))
    made.pass_time(25 * HOUR)
    assert len(made.told("clock.storm")) == 1
    assert len(made.told("clock.breached")) <= 5
    made.pass_time(24 * HOUR)
    held = list(made.ports.records("main").query("held"))
    assert {one.data["why"] for one in held} == {"storm"}, "all their penalties fall due at once, a day later"
    assert len(held) == 2 * (12 - 5)


def test_nothing_authentic_is_lost_when_it_cannot_be_read_and_a_replay_brings_it_back() -> None:
    made = world()
    bad = placed()
    bad["occurred_at"] = "yesterday"
    good = placed("1002")
    assert made.deliver(bad, good)["statusCode"] == 202
    made.run()
    assert made.case("order/1002").ledger.clocks, "a bad event does not keep the others from taking effect"
    (entry,) = quarantine.entries(made.ports, "main")
    assert entry.data["field"] == "[0].occurred_at"
    assert [one["subject"] for one in made.told("source.unreadable")] == ["connection/shop-1"]
    assert quarantine.replay(made.ports, "main") == 1
    made.run()
    assert len(list(quarantine.entries(made.ports, "main"))) == 1, "still unreadable: it comes back, once"


def test_money_is_reserved_in_the_purse_and_never_more_goes_back_than_was_paid() -> None:
    made = world(REFUND)
    look = b'{"id":"l","subject":{"kind":"order","id":"1001"},"occurred_at":"2026-03-02T10:00:01Z",' \
        b'"facts":{"amount":"8.00","currency":"EUR","refunded":"4.00"}}'  # fmt: skip
    made.shop.answer = lambda call: Reply(200, {}, look if call.url.endswith("/look") else b'{"state": "done"}')
    made.deliver(placed(amount="8.00", currency="EUR"))
    made.pass_time(2 * HOUR)
    case = made.case("order/1001")
    assert states(case) == ["refund:refused"]
    assert case.ledger.actions["make-good|refund|0|0"].reason == "more than was paid"
    assert made.shop.actions() == []


@pytest.mark.parametrize(
    ("refunded", "wanted"), [("4.00", "refund:done"), ("0.00", "refund:done"), ("8.00", "refund:refused")]
)
def test_a_refund_waits_for_one_that_is_under_way_for_the_same_purchase(refunded: str, wanted: str) -> None:
    made, told = world(REFUND), {"amount": "10.00", "currency": "EUR", "refunded": refunded}
    look = {"id": "l", "subject": {"kind": "order", "id": "1001"}, "occurred_at": "2026-03-02T10:00:01Z"}
    made.shop.answer = lambda call: Reply(
        200, {}, json.dumps({**look, "facts": told}).encode() if call.url.endswith("/look") else b'{"state": "done"}'
    )
    other = purse.Balance(Decimal("10.00"), Decimal(0), EPOCH)
    assert purse.reserve(made.ports, "main", "shop-1", "1001", "other", Decimal("4.00"), other)
    made.deliver(placed(amount="10.00", currency="EUR"))
    # Nobody knows yet what became of the other one; the shop's answer may have it.
    made.pass_time(HOUR + timedelta(minutes=5))
    if refunded == "4.00":
        assert states(made.case("order/1001")) == ["refund:planned"] and made.shop.actions() == []
        purse.paid_out(made.ports, "main", "shop-1", "1001", "other")
        made.pass_time(timedelta(minutes=20))
    assert states(made.case("order/1001")) == [wanted]
    assert len(made.shop.actions()) == (wanted == "refund:done")


def test_a_refund_that_waits_for_one_of_unknown_outcome_is_refused_in_the_end() -> None:
    made = world(REFUND)
    look = b'{"id":"l","subject":{"kind":"order","id":"1001"},"occurred_at":"2026-03-02T10:00:01Z",' \
        b'"facts":{"amount":"10.00","currency":"EUR","refunded":"4.00"}}'  # fmt: skip
    made.shop.answer = lambda call: Reply(200, {}, look if call.url.endswith("/look") else b'{"state": "done"}')
    other = purse.Balance(Decimal("10.00"), Decimal(0), EPOCH)
    assert purse.reserve(made.ports, "main", "shop-1", "1001", "other", Decimal("4.00"), other)
    made.deliver(placed(amount="10.00", currency="EUR"))
    made.pass_time(6 * HOUR)
    assert states(made.case("order/1001")) == ["refund:refused"] and made.shop.actions() == []


def test_a_refund_within_what_was_paid_goes_out_once_with_its_amount() -> None:
    made = world(REFUND)
    look = b'{"id":"l","subject":{"kind":"order","id":"1001"},"occurred_at":"2026-03-02T10:00:01Z",' \
        b'"facts":{"amount":"8.00","currency":"EUR"}}'  # fmt: skip
    made.shop.answer = lambda call: Reply(200, {}, look if call.url.endswith("/look") else b'{"state": "done"}')
    made.deliver(placed(amount="8.00", currency="EUR"))
    made.pass_time(2 * HOUR)
    assert states(made.case("order/1001")) == ["refund:done"]
    (sent,) = made.shop.actions()
    assert (sent["params"]["amount"], sent["params"]["currency"]) == ("5.00", "EUR")


FAULTS: list[tuple[Exception | Reply, str]] = [
    (Unsent("refused"), "nothing left this machine"),
    (Uncertain("time-out"), "sent, outcome unknown, and the lever is safe to repeat"),
    (Reply(503, {"retry-after": "7"}), "throttled"),
    (Reply(500, {}, b"oops"), "the shop is down"),
]


@pytest.mark.parametrize(("fault", "why"), FAULTS, ids=[row[-1] for row in FAULTS])
def test_a_call_that_fails_for_a_while_is_made_in_the_end(fault: Exception | Reply, why: str) -> None:
    made = world()
    tries = 0

    def answer(call: Call) -> Reply:
        nonlocal tries
        tries += 1
        if tries <= 3:
            if isinstance(fault, Exception):
                raise fault
            return fault
        return Reply(200, {}, b'{"state": "done"}')

    made.shop.answer = answer
    made.deliver(placed())
    made.pass_time(13 * HOUR)
    assert states(made.case("order/1001")) == ["remind_seller:done"]
    assert tries == 4


def test_a_subscriber_is_posted_signed_events_until_it_takes_them_and_dropped_when_it_is_gone() -> None:
    from chalicelib.core import signing
    from tests.support.world import SECRET

    made = world(modes={})
    made.subscribe(types=("clock.breached",))
    answers = [Reply(503), Reply(200), Reply(410)]
    made.shop.answer = lambda call: answers.pop(0)
    made.deliver(placed())
    made.pass_time(26 * HOUR)
    posts = [call for call in made.shop.calls if call.url == "https://alerts.example/in"]
    assert len(posts) == 2
    assert {call.headers["webhook-id"] for call in posts} == {
        "main:shop-1:order/1001|ship-by|" + str(made.told("clock.breached")[0]["data"]["sequence"])
    }
    stamp = int(posts[1].headers["webhook-timestamp"])
    assert signing.verify(posts[1].headers, posts[1].body, [SECRET], T0.fromtimestamp(stamp, T0.tzinfo)) is None
    made.deliver(placed("1002", made.clock.now()))
    made.pass_time(25 * HOUR)
    (row,) = made.ports.records("main").query("subscribers")
    assert row.data["active"] is False, "410: it wants nothing more"


def test_a_buyer_is_stored_as_a_keyed_hash_and_the_journal_holds_no_other_trace() -> None:
    from chalicelib.flow.project import lines

    made = world()
    made.deliver(placed(buyer="anna@example.com"))
    made.run()
    buyer = next(fact.value for (name, _), fact in made.case("order/1001").evidence.facts.items() if name == "buyer")
    assert isinstance(buyer, str) and "anna" not in buyer and len(buyer) == 24
    journal = "\n".join(lines(made.ports, "main"))
    assert "anna" not in journal and buyer in journal


def test_a_delivery_that_comes_twice_and_out_of_order_ends_in_the_same_case() -> None:
    one, other = world(), world()
    events = [placed(), event("1001", T0 + HOUR, {"order.shipped": T0 + HOUR})]
    for made, order in ((one, (0, 1)), (other, (1, 0, 1, 0))):
        for index in order:
            made.deliver(events[index])
            made.run()
        made.pass_time(30 * HOUR)
    assert one.case("order/1001").evidence == other.case("order/1001").evidence
    assert one.case("order/1001").ledger.clocks == other.case("order/1001").ledger.clocks
