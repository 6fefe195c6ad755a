"""What a seller did comes in by webhook, is counted by the stream, graded by the daily round, and decides what becomes
of the next parcel that is late: on the deployed template, through the commands that people have."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.bootstrap import AwsPorts
from chalicelib.cli.main import main
from chalicelib.core.instants import show
from chalicelib.ops import keys, policies
from examples.demo.letters import Letter
from examples.demo.shops.books import Story
from infra.local import LocalEngine
from infra.stack import Outputs
from tests.support.street import LONG_AGO, Street, deliver, eventually

SELLER = "s-77"
NUMBERS = (967, 1057)
"""Of stories of this seller."""
ORDERS = 45
STRICT = """
policy: strict
calendar: UTC
rules:
  - id: slow
    title: {zh: 三秒内发货, en: Ship within 3 seconds}
    applies_to: order
    when: "has(order.seller) && order.seller == 's-77'"
    clock: {start: order.paid, stop: [order.shipped], limit: {seconds: 3}}
    steps:
      - {id: breach, at: due, do: [{penalise: {code: slow, points: 5}}]}
      - {id: worse, at: due + 1s, do: [{penalise: {code: slower, points: 13}}]}
"""


@pytest.fixture
def commands(ports: AwsPorts, outputs: Outputs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("REDRESS_URL", outputs.ops_url)
    monkeypatch.setenv("REDRESS_KEY", keys.create(ports, "main", "judge", keys.Role.ADMIN, replace=True))
    monkeypatch.chdir(tmp_path)
    yield
    keys.remove(ports, "main", "judge")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def past(street: Street) -> Letter:
    """Orders of the last weeks, each shipped hours late, of as many buyers. What is of before the connection was made
    is judged and never acted on."""
    told = []
    for number in range(ORDERS):
        paid = street.clock.now() - timedelta(days=40, hours=-20 * number)
        told.append(
            {
                "id": f"old-{number}", "subject": {"kind": "order", "id": f"old-{number}"}, "seller": SELLER,
                "buyer": f"b-{number}@example.org", "occurred_at": show(paid + timedelta(hours=5)),
                "marks": [{"name": "order.paid", "at": show(paid)},
                          {"name": "order.shipped", "at": show(paid + timedelta(hours=5))}],
            }
        )  # fmt: skip
    return Letter("", json.dumps(told).encode())


def late(street: Street, number: int) -> Story:
    """A parcel that is late by now, and was cancelled before the other policy of the street could miss it."""
    story = street.begin(number, street.clock.now() - timedelta(seconds=5))
    story.learn("cancelled", story.began + timedelta(seconds=4), street.clock.now())
    assert street.happens(story, "paid", story.began) == 202
    assert deliver(street.shop.letter(story, "cancelled"), street.shop.address, street.clock.now) == 202
    assert story.seller == SELLER
    return story


@pytest.mark.usefixtures("commands")
def test_a_seller_s_past_is_counted_graded_and_bears_what_comes_next(
    street: Street, ports: AwsPorts, engine: LocalEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    policies.activate(ports, "main", STRICT, LONG_AGO)
    assert deliver(past(street), street.shop.address, street.clock.now) == 202
    eventually(
        lambda: any(
            one["metric"] == "shipping" and one["n"] == ORDERS
            for one in run(capsys, "seller", "show", "corner", SELLER)["scores"]
        ),
        "the stream has counted every order once",
    )
    round_ = run(capsys, "seller", "nightly", "--run")
    assert round_["done"] and round_["last"]["report"]["watched"] and round_["last"]["report"]["failed"] == []
    (listed,) = [one for one in run(capsys, "seller", "list", "corner")["sellers"] if one["who"] == f"corner:{SELLER}"]
    assert listed["grade"] == "E"
    # The schedule's own function finds the day's round done.
    event = {
        "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "1",
        "time": show(street.clock.now() + timedelta(hours=1)), "region": "us-east-1", "resources": [], "detail": {},
    }  # fmt: skip
    told = engine.client("lambda").invoke(FunctionName=engine.resources()["Sellers"], Payload=json.dumps(event))
    assert json.loads(told["Payload"].read())["done"] == {"main": True}

    late(street, NUMBERS[0])

    def penalties(code: str) -> list[dict[str, Any]]:
        found = run(capsys, "penalty", "list", "--seller", SELLER)["penalties"]
        return [one for one in found if one["code"] == code]

    eventually(lambda: bool(penalties("slow")) and bool(penalties("slower")), "the ladder has decided on both")
    (slow,), (slower,) = penalties("slow"), penalties("slower")
    assert (slow["state"], slow["rung"], slow["automated"]) == ("imposed", "warning", True)
    assert (slower["state"], slower["automated"]) == ("proposed", False), "one so heavy is put to a person"
    path = slow["penalty"]
    scores = {one["metric"]: one for one in run(capsys, "penalty", "show", path)["statement"]["scores"]}
    assert float(scores["shipping"]["p_over"]) > 0.9 and int(scores["shipping"]["buyers"]) == ORDERS
    reasons = run(capsys, "penalty", "show", path, "--lang", "en")["text"]
    assert "Ship within 3 seconds" in reasons and f"{ORDERS}" in reasons
    subject = path.partition(":")[2]
    eventually(lambda: f"warn seller {SELLER}" in told_to(street, subject), "the seller is told through the shop")
    assert run(capsys, "seller", "show", "corner", SELLER)["points"] == 5


def told_to(street: Street, subject: str) -> list[str]:
    street.look()
    return [call.what.replace("_", " ") for call in street.calls if call.subject == subject]
