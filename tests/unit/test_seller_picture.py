"""A seller as people see it: every number that a score rests on, real beside protected, and never a buyer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.sellers.nights import Nights
from chalicelib.sellers.standard import activate, in_force, of_version, presets, read_file
from chalicelib.sellers.watch import Watched
from tests.support.opsdesk import Ops
from tests.support.world import T0, World, event, placed

DAY = timedelta(days=1)
POLICY = """
policy: p
rules:
  - id: ship
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {hours: 48}}
    steps: [{at: due, do: [{alert: {severity: error}}]}]
"""


def shop(orders: int = 60, late: int = 30) -> Ops:
    """A seller of whose orders half are late; a month has passed."""
    world = World()
    ops = Ops(world)
    world.connect()
    ops.must("POST", "/policies", {"yaml": POLICY})
    for n in range(orders):
        world.deliver(placed(f"o{n}", T0, seller="s-1", buyer=f"b-{n}", carrier="dhl" if n % 2 else "ups"))
        if n >= late:
            world.deliver(event(f"o{n}", T0 + timedelta(hours=1), {"order.shipped": T0 + timedelta(hours=1)}))
    world.run()
    # The sweep knows from now on since when it owes its rounds.
    world.pass_time(timedelta(minutes=2))
    world.clock.set(T0 + 30 * DAY)
    world.pass_time(timedelta(minutes=20))
    return ops


def metric(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["scores"] if one["metric"] == name)


def test_a_score_shows_all_that_it_rests_on() -> None:
    ops = shop()
    told = ops.must("GET", "/sellers/shop-1/s-1", role="auditor")
    one = metric(told, "shipping")
    assert (one["n"], one["bad"], one["effective_n"], one["buyers"], one["window_days"]) == (60, 30, 60, 30, 90)
    assert one["lower"] < one["mean"] < one["upper"] and one["p_over"] > 0.99 and one["limit"] == 0.04
    assert one["real"] == one["protected"] == {"n": 60, "bad": 30, "rate": 0.5}
    assert (told["grade"], told["standard"]) == ("B", "house@0"), "nobody was graded yet"


def test_what_is_left_out_stands_beside_what_happened() -> None:
    ops = shop()
    said = {"id": "strike", "why": "carrier", "since": "2026-03-01", "until": "2026-03-31", "carriers": ["dhl"]}
    ops.must("POST", "/exclusions", said)
    one = metric(ops.must("GET", "/sellers/shop-1/s-1"), "shipping")
    assert (one["real"]["bad"], one["protected"]["bad"], one["bad"]) == (30, 15, 15)
    told = {"about": "order/o0", "id": "odd", "why": "brushing", "lapses": "2026-05-01"}
    ops.must("POST", "/sellers/shop-1/s-1/excuse", told, role="reviewer")
    one = metric(ops.must("GET", "/sellers/shop-1/s-1"), "shipping")
    assert (one["real"], one["protected"]["bad"], one["protected"]["n"]) == ({"n": 60, "bad": 30, "rate": 0.5}, 14, 29)
    ops.must("POST", "/sellers/shop-1/s-1/excuse", {**told, "why": None})
    assert metric(ops.must("GET", "/sellers/shop-1/s-1"), "shipping")["protected"]["bad"] == 15


def test_an_order_shows_its_rows_its_trail_and_no_buyer() -> None:
    ops = shop(4, 2)
    ops.world.deliver(event("o0", T0 + timedelta(hours=2), {"order.shipped": T0 + timedelta(hours=2)}))
    ops.world.run()
    told = ops.must("GET", "/sellers/shop-1/s-1/rows", about="order/o0", role="auditor")
    assert {one["metric"]: one["good"] for one in told["rows"]}["shipping"] is True, "late news healed it"
    changed = [one["changed"]["shipping"] for one in told["trail"] if "shipping" in one["changed"]]
    assert [(one["from"]["bad"] if one["from"] else None, one["to"]["bad"]) for one in changed] == [(None, 1), (1, 0)]
    assert told["counts"]["shipping"] == {"day": "2026-03-04", "n": 1, "bad": 0}
    everything = ops.must("GET", "/sellers/shop-1/s-1/rows", limit=5)
    assert len(everything["rows"]) == 5 and everything["more"]
    buyers = {one.buyer for one in ops_ledger(ops) if one.buyer}
    assert buyers and not any(buyer in text for buyer in buyers for text in ops.texts)


def test_what_a_person_proposes_shows_how_sure_we_are_too() -> None:
    ops = shop()
    said = {"connection": "shop-1", "code": "late-ship", "points": 4, "rung": "suspend", "reason": "again"}
    path = {}
    for seller in ("s-1", "s-new"):
        told = ops.must("POST", "/penalties", {**said, "seller": seller}, role="ops")
        path[seller] = "/penalties/" + str(told["penalty"]).replace(":penalty/", "/")
    shown = ops.must("GET", f"{path['s-1']}/reasons")["text"]
    assert "late shipping: 30 of 60, 30 different buyers; probability that the true rate is over 4.00%: 100%" in shown
    assert "95 % interval" in shown and "no score yet" not in shown
    assert "house policy (late-ship)" in shown, "which of the house's rules it rests on"
    zh, en = (ops.must("GET", f"{path['s-new']}/reasons", lang=lang)["text"] for lang in ("zh", "en"))
    assert "there is no score yet" in en and "尚无评分" in zh
    assert "仅作记录" not in zh, "a suspension is more than a record"


def ops_ledger(ops: Ops) -> list[Any]:
    from chalicelib.sellers.ledger import SellerLedger

    return list(SellerLedger(ops.world.ports.records).rows("main", "shop-1:s-1"))


STRIKE = {"id": "strike", "why": "carrier", "since": "2026-03-01", "until": "2026-03-31"}


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [("/sellers/shop-9/s-1/excuse", {"about": "order/o0", "id": "x", "why": "carrier"}, 404),
     ("/sellers/shop-1/s-1/excuse", {"about": "order/none", "id": "x", "why": "carrier"}, 404),
     ("/sellers/shop-1/s-1/excuse", {"about": "nonsense", "id": "x", "why": "carrier"}, 400),
     ("/sellers/shop-1/s-1/excuse", {"about": "order/o0", "id": "x", "why": "because"}, 400),
     ("/sellers/shop-1/s-1/excuse", {"about": "order/o0", "id": "x", "why": "carrier", "lapses": "soon"}, 400),
     ("/exclusions", {**STRIKE, "sellers": ["s-1"]}, 400), ("/exclusions", {**STRIKE, "sellers": [":s-1"]}, 400),
     ("/exclusions", {**STRIKE, "sellers": ["shop-1:"]}, 400), ("/exclusions", {**STRIKE, "sellers": ["x:s"]}, 404),
     ("/standard", {}, 400), ("/standard", {"preset": "none"}, 400), ("/standard", {"yaml": "standard: X"}, 400)],
)  # fmt: skip
def test_what_cannot_be_is_refused(path: str, said: dict[str, Any], status: int) -> None:
    assert SMALL.ask("POST", path, said)[0] == status


SMALL = shop(1, 1)


def test_the_night_tells_the_grade_to_rules_once_and_sellers_are_listed_by_it() -> None:
    ops = shop()
    world = ops.world
    quiet = lambda ports, account: Watched(0, (), ())  # noqa: E731
    for day in (1, 2, 3):
        Nights(world.ports, ["main"], look=quiet)(datetime(2026, 4, day, 1, tzinfo=UTC))
        world.run()
    facts = {name: one.value for (name, _), one in world.case("seller/s-1").evidence.facts.items()}
    assert (facts["grade"], facts["trusted"]) == ("E", False)
    marks = [one.at for (name, _), one in world.case("seller/s-1").evidence.marks.items() if name == "seller.graded"]
    assert marks == [datetime(2026, 4, 1, tzinfo=UTC)], "a grade that stays is told once"
    found = ops.must("GET", "/sellers", grade="E")["sellers"]
    assert [(one["seller"], one["grade"]) for one in found] == [("s-1", "E")]
    assert ops.must("GET", "/sellers", grade="A")["sellers"] == []
    assert ops.must("GET", "/sellers", after="shop-1:s-1")["sellers"] == []
    assert ops.ask("GET", "/sellers", grade="F")[0] == 400


def test_a_standard_is_chosen_and_those_of_before_are_kept() -> None:
    ops = shop(4, 2)
    records = ops.world.ports.records("main")
    assert in_force(records).version == "house@0"
    assert ops.must("POST", "/standard", {"preset": "ebay"})["version"] == "ebay@1"
    mine = "standard: mine\nmetrics: {shipping: {limit: 1%}}\n"
    assert ops.must("POST", "/standard", {"yaml": mine})["version"] == "mine@2"
    assert ops.must("POST", "/standard", {"yaml": mine})["unchanged"] is True
    told = ops.must("GET", "/sellers/shop-1/s-1")
    assert (told["standard"], [one["metric"] for one in told["scores"]]) == ("mine@2", ["shipping"])
    assert ops.must("GET", "/standard", number="1")["version"] == "ebay@1"
    assert ops.ask("GET", "/standard", number="7")[0] == 404
    status, wrong = ops.ask("POST", "/standard", {"yaml": "standard: mine\nmetrics: {shipping: {limit: 2}}\n"})
    assert status == 400 and wrong["problems"][0]["line"] == 2
    assert of_version(records, 9) is None


def test_every_preset_can_be_chosen() -> None:
    records = World().ports.records("main")
    for number, name in enumerate(presets(), 1):
        assert activate(records, read_file(name)).number == number
        assert in_force(records).standard == read_file(name)


def test_a_standard_is_checked_without_a_deployment(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["standard", "validate", "house", "--json"]) == 0
    wrong = tmp_path / "mine.yaml"
    wrong.write_text("standard: mine\nmetrics:\n  shipping: {limit: 2}\n")
    assert main(["standard", "validate", str(wrong)]) == 1
    assert "mine.yaml:3" in capsys.readouterr().err
    assert main(["standard", "validate", str(tmp_path / "none.yaml")]) == 2


def test_a_seller_sees_its_scores_in_its_own_file_and_its_outcome_in_both_languages() -> None:
    ops = shop()
    made = ops.must("POST", "/sellers/shop-1/s-1/link", {"days": 30})
    texts = {}
    for lang in ("en", "zh"):
        answer = ops.http.request("GET", f"{made['path']}?lang={lang}", headers={}, body=b"")
        assert answer.status_code == 200
        texts[lang] = answer.body.decode()
    assert "late shipping" in texts["en"] and "30 / 60" in texts["en"] and "Grade: B" in texts["en"]
    assert "逾期发货" in texts["zh"] and "等级: B" in texts["zh"]
