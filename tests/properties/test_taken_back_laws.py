"""Whatever is taken back (an appeal that is won, a reviewer's word, a verdict that heals), however often things are
repeated: points, protected scores and the platform end as in the history in which it never was."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.ladder import Market
from tests.support.world import T0, event, placed

HOUR = timedelta(hours=1)
POLICY = """
policy: p
rules:
  - id: ship
    applies_to: order
    clock: {start: order.placed, stop: [order.shipped], limit: {hours: 48}}
    steps: [{id: fine, at: due, do: [{penalise: {code: late-ship, points: 2}}]}]
"""
STANDARD = "standard: s\nmetrics: {shipping: {limit: 4%}, cancellation: {limit: 4%}}\n"


@dataclass(frozen=True, slots=True)
class Order:
    """A late order. `ends`: how the judgement of it does; `rung`: what a person adds to the rule's own entry; `twice`:
    its messages are all repeated."""

    ends: str
    rung: str
    twice: bool


ORDERS = st.lists(
    st.builds(
        Order, st.sampled_from(["stands", "heals", "appealed", "reversed"]),
        st.sampled_from(["", "warning", "restrict", "suspend"]), st.booleans(),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(
    max_examples=7, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
    # A history over the whole shell takes a second: a failure is told as it was found.
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(ORDERS)
def test_what_was_taken_back_leaves_points_scores_and_platform_as_if_it_had_never_been(orders: list[Order]) -> None:
    assert played(orders) == never(orders)


def played(orders: list[Order]) -> dict[str, Any]:
    market = begun()
    for number, one in enumerate(orders):
        said = placed(f"o{number}", T0, seller="s-1", buyer=f"b-{number}")
        for _ in range(1 + one.twice):
            market.world.deliver(said)
    market.world.run()
    market.world.pass_time(50 * HOUR)
    paths: list[list[str]] = []
    for number, one in enumerate(orders):
        rows = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
        mine = [row["penalty"] for row in rows if row["case"] == f"shop-1:order/o{number}"]
        assert len(mine) == 1, "the rule's own entry"
        paths.append(["/penalties/" + mine[0].replace(":penalty/", "/")])
        # What heals takes back what the rule did; a person's own penalty is a person's to take back.
        if one.rung and one.ends != "heals":
            paths[-1].append(market.penalise(rung=one.rung, points=1, about=f"order/o{number}"))
    for number, one in enumerate(orders):
        if one.ends == "heals":
            shipped = event(f"o{number}", T0 + HOUR, {"order.shipped": T0 + HOUR})
            for _ in range(1 + one.twice):
                market.world.deliver(shipped)
        for path in paths[number] if one.ends in ("appealed", "reversed") else ():
            if one.ends == "appealed":
                assert market.appeal(path)[0] == 200
            assert market.word(path, "reverse", "admin")[0] == 200
            if one.twice:
                assert market.word(path, "reverse", "admin")[0] == 409, "once is enough"
        market.world.run()
    return ended(market)


def never(orders: list[Order]) -> dict[str, Any]:
    """The history in which nothing was to be taken back: what healed came in time, what was reversed is not there."""
    market = begun()
    for number, one in enumerate(orders):
        if one.ends in ("stands", "heals"):
            market.world.deliver(placed(f"o{number}", T0, seller="s-1", buyer=f"b-{number}"))
        if one.ends == "heals":
            market.world.deliver(event(f"o{number}", T0 + HOUR, {"order.shipped": T0 + HOUR}))
    market.world.run()
    market.world.pass_time(50 * HOUR)
    for number, one in enumerate(orders):
        if one.ends == "stands" and one.rung:
            market.penalise(rung=one.rung, points=1, about=f"order/o{number}")
    return ended(market)


def begun() -> Market:
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.ops.must("POST", "/standard", {"yaml": STANDARD})
    market.world.pass_time(timedelta(minutes=1))
    return market


def ended(market: Market) -> dict[str, Any]:
    market.world.clock.set(T0 + timedelta(days=5))
    market.world.pass_time(timedelta(minutes=20))
    told = market.ops.must("GET", "/sellers/shop-1/s-1")
    return {
        "points": market.points(),
        "platform": {name: found for name, found in market.sellers.items() if found},
        "scores": {
            one["metric"]: {name: one[name] for name in ("n", "bad", "p_over", "mean", "buyers", "decision")}
            for one in told["scores"] if one["protected"]["n"]
        },
    }  # fmt: skip
