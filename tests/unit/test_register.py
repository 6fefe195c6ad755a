"""The public register: what stands is in it, signed; what was reversed or has ended is not; nothing personal ever."""

import json
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib.core.words import Status
from chalicelib.rules.reader import PACKS as _PACKS
from chalicelib.sellers import register, seal
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


def test_a_long_register_is_read_page_by_page() -> None:
    market = Market()
    records = market.world.ports.records("main")
    for number in range(7):
        records.put("seller-standings", f"shop-1:s-{number}", {"grade": "B", "since": "", "trusted": False})
    market.penalise("s-10", rung="warning")
    market.penalise("s-3", rung="warning")
    market.word(market.penalise("s-99", rung="warning"), "reverse")
    pages, after = [], ""
    while True:
        told = json.loads(market.ops.must("GET", "/register/shop-1", limit=3, after=after)["payload"])
        pages.append([(one["seller"], len(one["penalties"])) for one in told["sellers"]])
        after = told["next"]
        if not after:
            break
    assert pages == [
        [("s-0", 0), ("s-1", 0), ("s-10", 1)], [("s-2", 0), ("s-3", 1), ("s-4", 0)], [("s-5", 0), ("s-6", 0)],
    ]  # fmt: skip
    assert market.ops.ask("GET", "/register/shop-1", limit=0)[0] == 400


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


def by_hand(told: dict[str, Any]) -> None:
    """What docs/penalties.md tells a reader to do. Raises where the signature does not fit."""
    key, signature = (told[name].partition(mark)[2] for name, mark in (("key", "_"), ("webhook-signature", ",")))
    message = f"{told['webhook-id']}.{told['webhook-timestamp']}.{told['payload']}".encode()
    Ed25519PublicKey.from_public_bytes(b64decode(key)).verify(b64decode(signature), message)


def test_it_is_signed_with_a_key_that_everybody_can_check_and_nobody_has() -> None:
    market = Market()
    market.penalise()
    _, told = market.ops.raw("GET", "/public/main/register/shop-1", b"", {})
    by_hand(told)
    shown = market.ops.raw("GET", "/public/main/register/shop-1/key", b"", {})[1]
    assert shown == {"key": told["key"], "former": []} == market.ops.must("GET", "/register/shop-1/key", role="auditor")
    now, age = market.world.clock.now(), timedelta(minutes=5)
    assert register.verified(told, shown["key"], now, age) == json.loads(told["payload"])
    (record,) = market.world.ports.records("main").query("register-seal")
    assert all(record.data["private"] not in text for text in market.ops.texts)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"payload": lambda text: text.replace("s-1", "s-2")}, "somebody else's name"),
        ({"webhook-id": lambda text: text + "0"}, "another id"),
        ({"webhook-timestamp": lambda text: str(int(text) - 1)}, "another instant"),
        ({"webhook-timestamp": lambda text: "soon"}, "no instant"),
        ({"webhook-signature": lambda text: text.replace("v1a", "v1")}, "another scheme"),
        ({"webhook-signature": lambda text: "v1a,AAAA v1a,!"}, "no signature"),
        ({"payload": lambda text: None}, "nothing at all"),
        ({"payload": lambda text: "\ud800"}, "no text that could be written"),
    ],
)
def test_whatever_is_changed_is_noticed(change: dict[str, Any], why: str) -> None:
    market = Market()
    market.penalise()
    _, told = market.ops.raw("GET", "/public/main/register/shop-1", b"", {})
    ((name, how),) = change.items()
    changed = {**told, name: how(told[name])}
    assert not seal.genuine(changed, told["key"], market.world.clock.now(), timedelta(minutes=5)), why
    assert register.verified(told, told["key"], market.world.clock.now() + DAY, timedelta(minutes=5)) is None
    assert not seal.genuine(told, "whpk_AAAA", market.world.clock.now(), DAY)
    now = market.world.clock.now()
    assert seal.genuine(told, told["key"], now - timedelta(minutes=4), DAY), "a reader's clock may be behind ours"
    assert not seal.genuine(told, told["key"], now - timedelta(minutes=6), DAY)


def test_a_new_key_takes_the_old_ones_place_and_the_old_one_stays_known() -> None:
    market = Market()
    _, before = market.ops.raw("GET", "/public/main/register/shop-1", b"", {})
    status, _ = market.ops.ask("POST", "/register/shop-1/key", {"renew": False})
    assert status == 400
    shown = market.ops.must("POST", "/register/shop-1/key", {"renew": True})
    _, after = market.ops.raw("GET", "/public/main/register/shop-1", b"", {})
    by_hand(after)
    assert after["key"] == shown["key"] != before["key"]
    assert shown["former"] == [{"key": before["key"], "ended": "2026-03-02T10:00:00Z"}]
    now = market.world.clock.now()
    assert seal.genuine(before, before["key"], now, DAY) and not seal.genuine(before, after["key"], now, DAY)


def test_what_is_no_register_brings_about_no_key() -> None:
    market = Market()
    for path in ("nobody/register/shop-1", "main/register/other", "%2e%2e/register/shop-1"):
        for more in ("", "/key"):
            assert market.ops.raw("GET", f"/public/{path}{more}", b"", {})[0] == 404
    for account in ("main", "nobody"):
        assert list(market.world.ports.records(account).query("register-seal")) == []


def test_figures_of_many_sellers_are_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market()
    for number in range(5):
        market.world.deliver(placed(f"o-{number}", T0, seller=f"s-{number}"))
    market.world.run()
    monkeypatch.setattr(register, "PART", 2)
    after, parts = "", list[tuple[int, str]]()
    while not parts or after:
        told = market.ops.must("POST", "/register/shop-1/figures", {"after": after})
        after = told["next"]
        parts.append((told["sellers"], after))
    assert parts == [(2, "s-1"), (2, "s-3"), (1, "")]
    assert len(register.figures(market.world.ports.records("main"), "shop-1", "", 100)) == 5
