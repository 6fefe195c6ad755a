"""The public register: what stands is in it, signed; what was reversed or has ended is not; nothing personal ever."""

import json
from datetime import timedelta
from typing import Any

from chalicelib.core.words import Status
from chalicelib.rules.reader import PACKS as _PACKS
from chalicelib.sellers import register
from tests.support.ladder import DAY, Market
from tests.support.opsdesk import POLICY
from tests.support.world import T0, placed


def feed(market: Market) -> dict[str, Any]:
    told = market.ops.raw("GET", "/public/main/register/shop-1", b"", {})
    assert told[0] == 200
    found: dict[str, Any] = json.loads(told[1]["payload"])
    return found


def test_it_shows_what_stands_and_only_that() -> None:
    market = Market()
    one, two = market.penalise("s-1"), market.penalise("s-2", rung="warning", points=2)
    market.propose("s-3")
    told = feed(market)
    assert [entry["seller"] for entry in told["sellers"]] == ["s-1", "s-2"], "a proposal is nobody's business"
    ((entry,), _) = (seller["penalties"] for seller in told["sellers"])
    assert entry["measure"] == {"zh": "停店", "en": "suspension"}
    assert (entry["decided_at"], entry["points"]) == ("2026-03-02T10:00:00Z", 4)
    assert market.word(one, "reverse")[0] == 200
    assert [entry["seller"] for entry in feed(market)["sellers"]] == ["s-2"]
    assert market.state(one) == "reversed", "the ledger keeps it"
    market.world.clock.set(T0 + 365 * DAY)
    assert feed(market)["sellers"] == [], "what has expired stands no more"
    assert market.state(two) == "expired"


def test_nothing_of_a_buyer_an_order_or_a_persons_text_is_in_it() -> None:
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": POLICY})
    market.world.deliver(placed("A-1001", seller="s-1", buyer="buyer-77", amount="12.34", currency="EUR"))
    market.world.pass_time(timedelta(hours=26))
    market.penalise("s-1", reason="Ms Example complained", about="order/A-1001")
    text = json.dumps(feed(market))
    assert text.count('"penalty":') == 2
    for secret in ("buyer", "A-1001", "12.34", "Example", "a-ops"):
        assert secret not in text, secret


def test_it_is_published_within_its_legal_clock() -> None:
    market = Market()
    market.ops.must("POST", "/policies", {"yaml": (_PACKS / "cn-platform.yaml").read_text(encoding="utf-8")})
    path = market.penalise()
    case = market.world.case("penalty/" + path.rpartition("/")[2])
    assert case.ledger.clocks["cn-platform-publish-penalty-1wd"].status is Status.MET


def test_it_is_signed_as_standard_webhooks() -> None:
    market = Market()
    market.penalise()
    _, told = market.ops.raw("GET", "/public/main/register/shop-1", b"", {})
    secret = market.ops.must("GET", "/register/shop-1/key")["secret"]
    now, age = market.world.clock.now(), timedelta(minutes=5)
    assert register.verified(told, secret, now, age) == json.loads(told["payload"])
    assert register.verified({**told, "payload": told["payload"].replace("s-1", "s-2")}, secret, now, age) is None
    assert register.verified(told, secret, now + DAY, age) is None
    assert market.ops.raw("GET", "/public/nobody/register/shop-1", b"", {})[0] == 404
    assert market.ops.raw("GET", "/public/main/register/other", b"", {})[0] == 404
    assert market.ops.raw("GET", "/public/%2e%2e/register/shop-1", b"", {})[0] == 404
