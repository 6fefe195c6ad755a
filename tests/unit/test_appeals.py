"""Appeals: who may decide, when it is too late, what a won one undoes, and the seller's own file behind its link."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from chalicelib.sellers import files, links, reasons
from chalicelib.sellers.ledger import SellerLedger
from chalicelib.sellers.units import EXCLUDED
from tests.support.ladder import DAY, Market
from tests.support.opsdesk import POLICY, Ops, each_break
from tests.support.world import T0, placed

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_nobody_decides_on_what_they_proposed_or_approved() -> None:
    market = Market()
    said = {"connection": "shop-1", "seller": "s-1", "code": "late", "points": 4, "rung": "suspend", "reason": "late"}
    told = market.ops.must("POST", "/penalties", said, role="reviewer")
    path = "/penalties/" + told["penalty"].replace(":penalty/", "/")
    assert market.word(path, "approve", "reviewer")[0] == 409, "not by who proposed it"
    assert market.word(path, "decline", "reviewer")[0] == 409
    assert market.word(path, "approve", "admin")[0] == 200
    assert market.appeal(path)[0] == 200
    for role in ("reviewer", "admin"):
        assert market.word(path, "reverse", role)[0] == 409, "nor by who approved it"
        assert market.word(path, "uphold", role)[0] == 409
    assert (market.state(path), market.sellers) == ("appealed", {"s-1": {"suspend"}})


@pytest.mark.parametrize(
    ("decision", "state", "points", "measures"),
    [("uphold", "upheld", 4, {"suspend"}), ("reverse", "reversed", 0, set())],
)
def test_an_appeal_is_decided_by_somebody_else(decision: str, state: str, points: int, measures: set[str]) -> None:
    market = Market()
    path = market.propose()
    assert market.word(path, "approve", "admin")[0] == 200
    assert market.appeal(path)[0] == 200
    assert market.appeal(path)[0] == 409, "once"
    assert market.word(path, decision, "reviewer")[0] == 200
    assert (market.state(path), market.points(), market.sellers["s-1"]) == (state, points, measures)
    told = [one["type"].rpartition(".")[2] for one in market.world.told("penalty")]
    assert told == ["proposed", "imposed", "appealed", state]
    shown = market.ops.must("GET", path, role="auditor")
    assert [one["what"] for one in shown["deeds"]][:2] == ["proposed", "approved"]
    assert shown["appeal"]["text"] == "the carrier was on strike"


@pytest.mark.parametrize(("decision", "state"), [("approve", "imposed"), ("decline", "reversed")])
def test_a_word_on_a_proposal_that_was_cut_off_holds_when_it_is_said_again(decision: str, state: str) -> None:
    path = ""

    def made() -> Ops:
        nonlocal path
        market = Market()
        path = market.propose()
        return market.ops

    said = {"decision": decision, "reason": "as found"}
    for ops in each_break(made, lambda ops: ops.ask("POST", f"{path}/decision", said, "reviewer")):
        assert ops.must("GET", path)["state"] == state
        assert ops.ask("POST", f"{path}/decision", {"decision": "approve"}, "reviewer")[0] == 409


def test_an_appeal_that_was_cut_off_is_handed_in_by_asking_again() -> None:
    path = ""

    def made() -> Ops:
        nonlocal path
        market = Market()
        path = market.penalise()
        return market.ops

    said = {"text": "the carrier was on strike"}
    count = 0
    for ops in each_break(made, lambda ops: ops.ask("POST", f"{path}/appeal", said, "ops")):
        told = ops.must("GET", path)
        assert (told["state"], told["appeal"]["text"]) == ("appealed", said["text"])
        count += 1
    assert count > 10


def test_a_reversal_that_was_cut_off_frees_the_score_when_it_is_asked_for_again() -> None:
    path = ""

    def made() -> Ops:
        nonlocal path
        market = Market()
        market.ops.must("POST", "/policies", {"yaml": POLICY})
        market.world.deliver(placed(at=T0 - timedelta(hours=25), seller="s-1"))
        market.world.run()
        path = market.penalise(about="order/1001")
        return market.ops

    said = {"decision": "reverse", "reason": "as found"}
    for ops in each_break(made, lambda ops: ops.ask("POST", f"{path}/decision", said, "reviewer")):
        parts = SellerLedger(ops.world.ports.records).unit("main", "shop-1:s-1", "shop-1:order/1001").parts
        assert ops.must("GET", path)["state"] == "reversed"
        assert any(source.startswith(EXCLUDED) for source in parts)


def test_a_proposal_that_is_turned_down_never_stands() -> None:
    market = Market()
    path = market.propose()
    assert market.word(path, "decline")[0] == 200
    assert market.word(path, "approve", "admin")[0] == 409
    assert (market.state(path), market.points(), market.sellers, market.mails) == ("reversed", 0, {}, [])


def test_what_never_stood_is_nothing_in_the_sellers_file() -> None:
    market = Market()
    path = market.propose()
    link = opened(market)
    assert market.word(path, "decline")[0] == 200
    market.world.run()
    status, text = page(market, link + "?lang=en")
    assert status == 200 and "There is nothing against you." in text
    assert "late again" not in text and path.rpartition("/")[2] not in text
    told = market.ops.must("GET", f"{path}/reasons")["text"]
    assert "facts that came in later" not in told, "a person turned it down"


def test_the_window_closes() -> None:
    market = Market()
    path = market.penalise(rung="warning")
    market.world.clock.set(T0 + timedelta(days=184, hours=13, minutes=59))
    assert market.ops.must("GET", path)["appeal_until"] == "2026-09-03T00:00:00Z"
    market.world.clock.set(T0 + timedelta(days=184, hours=14))
    assert market.appeal(path)[0] == 409


def opened(market: Market, seller: str = "s-1") -> str:
    return str(market.ops.must("POST", f"/sellers/shop-1/{seller}/link", {"days": 30}, role="ops")["path"])


def page(market: Market, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """As a browser asks: no key, and a form where there is one."""
    body = urlencode(form).encode() if form else b""
    answer = market.ops.http.request("POST" if form else "GET", path, headers=FORM if form else {}, body=body)
    text = answer.body.decode()
    if answer.status_code != 404:
        assert answer.headers["content-type"].startswith("text/html"), text
        assert answer.headers["content-security-policy"] == files.POLICY
    return answer.status_code, text


def test_a_seller_sees_its_own_file_and_appeals_in_it() -> None:
    market = Market()
    path = market.penalise(reason="<script>alert(1)</script> & \u5ef6\u8fdf")
    other = market.penalise("s-2")
    link = opened(market)
    status, text = page(market, link + "?lang=en")
    assert status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 延迟" in text and "<script" not in text
    mine, theirs = path.rpartition("/")[2], other.rpartition("/")[2]
    assert mine in text and theirs not in text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), "it loads nothing"
    assert page(market, link, {"penalty": theirs, "text": "not mine"})[0] == 404
    assert page(market, link, {"penalty": mine, "text": "  ", "lang": "zh"})[0] == 400
    status, text = page(market, link, {"penalty": mine, "text": "承运商罢工", "lang": "zh"})
    assert status == 200 and "申诉已提交" in text and "<form" not in text
    market.world.run()
    assert market.state(path) == "appealed"
    assert page(market, link, {"penalty": mine, "text": "again"})[0] == 409
    assert market.ops.must("GET", path)["appeal"] == {
        "at": "2026-03-02T10:00:00Z", "by": "seller s-1", "text": "承运商罢工"
    }  # fmt: skip


def test_a_link_opens_one_file_for_a_time_and_nothing_else() -> None:
    market = Market()
    market.penalise()
    link = opened(market)
    assert page(market, link)[0] == 200
    for at in range(len("/sellers/file/"), len(link), 7):
        wrong = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :]
        assert page(market, wrong)[0] == 404, at
    market.world.clock.set(T0 + 30 * DAY)
    assert page(market, link)[0] == 404, "it ended"
    fresh = opened(market)
    assert page(market, fresh)[0] == 200
    market.ops.must("POST", "/sellers/links", {"renew": True}, role="ops")
    assert page(market, fresh)[0] == 404, "a new key ends all"


@pytest.mark.parametrize(
    "token", ["", "main", "main..", "main.x.y", "..", "main." + "A" * 5000, "other.x.y", "\u00fc.x.y"]
)
def test_what_is_no_link_opens_nothing(token: str) -> None:
    market = Market()
    assert links.opened(market.world.ports, token) is None


def test_a_notice_carries_the_link_once_ops_said_where_sellers_reach_it() -> None:
    market = Market()
    market.ops.must("POST", "/sellers/links", {"base": "https://redress.example/"}, role="ops")
    market.penalise()
    found = re.search(r"https://redress\.example(/sellers/file/\S+)", market.mails[0][1])
    assert found is not None and page(market, found[1])[0] == 200


def test_a_statement_as_a_page_is_whole_by_itself() -> None:
    market = Market()
    path = market.penalise(reason="a < b")
    for lang, wanted in (("zh", "处罚决定及理由说明"), ("en", "Statement of reasons")):
        answer = market.ops.http.request(
            "GET", f"{path}/reasons?form=html&lang={lang}", headers={"x-redress-key": market.ops.keys["auditor"]}
        )
        text = answer.body.decode()
        assert wanted in text and "a &lt; b" in text and "<script" not in text
    assert set(reasons.LANGUAGES) == {"zh", "en"}


def test_a_won_appeal_leaves_the_order_out_of_the_protected_score_and_a_lost_one_does_not() -> None:
    for decision, out in (("reverse", True), ("uphold", False)):
        market = Market()
        market.ops.must("POST", "/policies", {"yaml": POLICY})
        market.world.deliver(placed(seller="s-1", buyer="b-1"))
        market.world.pass_time(timedelta(hours=26))
        (row,) = market.ops.must("GET", "/penalties", seller="s-1")["penalties"]
        path = "/penalties/" + row["penalty"].replace(":penalty/", "/")
        assert market.appeal(path)[0] == 200
        assert market.word(path, decision)[0] == 200
        ledger = SellerLedger(market.world.ports.records)
        parts = ledger.unit("main", "shop-1:s-1", "shop-1:order/1001").parts
        assert "shop-1:order/1001" in parts
        assert any(source.startswith(EXCLUDED) for source in parts) is out, decision
