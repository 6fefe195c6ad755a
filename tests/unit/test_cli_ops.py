"""The commands that go through the ops API, over HTTP on the loopback: what they bring about, where output goes, the
exit codes, and that keys and secrets stay where they belong."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chalicelib.cli.main import commands, main
from chalicelib.core.signing import signed_headers
from chalicelib.flow.rulebook import KEPT
from chalicelib.ops.routes import ROUTES
from tests.support.deployment import Deployment, Streams, run, there
from tests.support.ladder import furnish
from tests.support.opsdesk import POLICY
from tests.support.world import SECRET, placed

__all__ = ["there"]


def test_a_deployment_is_run_by_its_commands(there: Deployment, capsys: Streams) -> None:
    made = run(capsys, "connect", "standard", "--name", "shop-1", "--secret", SECRET, "--mode", "all=advise",
               "--option", "actions_url=https://shop.example/actions",
               "--option", "look_url=https://shop.example/look", "--map", "order.shipped=status:sent")  # fmt: skip
    assert made["secret"] == SECRET and made["connection"]["mapping"] == {"order.shipped": ["status:sent"]}
    assert run(capsys, "policy", "activate", "house.yaml")["version"] == "house@1"
    assert run(capsys, "policy", "activate", "house.yaml", "--at", "2026-03-03T00:00:00Z")["unchanged"] is True
    world = there.world
    world.pass_time(KEPT)
    body = json.dumps(placed(seller="s-1")).encode()
    token = made["url"].rpartition("/")[2]
    assert world.request(body, signed_headers("m", world.clock.now(), body, SECRET), token)["statusCode"] == 202
    world.pass_time(timedelta(hours=26))
    held = run(capsys, "held")["held"]
    assert [one["action"] for one in held] == ["tag", "penalise"]
    assert run(capsys, "approve", "order/1001", held[0]["key"])["state"] == "planned"
    assert run(capsys, "decline", "shop-1:order/1001", held[1]["key"], "--reason", "strike")["state"] == "dropped"
    world.run()
    assert [one["state"] for one in run(capsys, "case", "order/1001")["actions"]] == ["done", "dropped"]
    assert run(capsys, "case", "order/1001", "--clock", "ship-1d")["status"] == "breached"
    assert run(capsys, "penalty", "list", "--seller", "s-1")["penalties"] == []
    assert run(capsys, "stop", "rule:ship-1d") == {"stopped": ["rule:ship-1d"]}
    assert run(capsys, "stop") == {"stopped": ["*", "rule:ship-1d"]}
    assert run(capsys, "stopped") == {"stopped": ["*", "rule:ship-1d"]}
    assert run(capsys, "go") == {"stopped": []}
    assert run(capsys, "mode", "shop-1", "shop=act", "money=observe")["modes"]["shop"] == "act"
    assert [one["name"] for one in run(capsys, "connections")["connections"]] == ["shop-1"]
    assert run(capsys, "connections", "shop-1")["offers"]["looks"]
    assert "url" in run(capsys, "rotate", "shop-1", "--overlap-hours", "1", "--new-address")
    Path("house.yaml").write_text(POLICY.replace("24", "12"))
    assert run(capsys, "policy", "activate", "house.yaml", "--retroactive", "--yes")["version"] == "house@2"
    assert run(capsys, "policy", "rollback", "house", "--to", "1", "--scope", "new")["version"] == "house@1"
    assert run(capsys, "policy", "list")["policies"][0]["in_force"] == 1
    assert run(capsys, "policy", "left", "house@2")["left"] == []
    assert run(capsys, "policy", "shadow", "house.yaml")["version"] == "house@3"
    assert len(run(capsys, "policy", "shadow")["shadows"]) == 1
    assert run(capsys, "policy", "shadow", "--report", "house@3")["rules"] == {}
    assert run(capsys, "policy", "shadow", "--stop", "house") == {"stopped": "house@3"}
    assert run(capsys, "calendar", "activate", "--shipped", "CN")["unchanged"] is True
    assert [one["code"] for one in run(capsys, "calendar", "list")["calendars"]] == ["CN"]
    assert run(capsys, "reevaluate", "--rule", "ship-1d", "--connection", "shop-1", "--rate", "50/s")["sent"] == 1
    assert run(capsys, "backtest", "--policy", "house.yaml", "--journal", "2026-03")["cases"] == 1
    assert run(capsys, "subscribe", "pager", "https://a.example/in", "--type", "penalty")["types"] == ["penalty"]
    assert len(run(capsys, "subscribers")["subscribers"]) == 1
    assert run(capsys, "unsubscribe", "pager") == {"removed": "pager"}
    assert run(capsys, "quarantine", "--connection", "shop-1") == {"quarantine": [], "more": False}
    assert run(capsys, "replay") == {"replayed": 0}
    assert run(capsys, "dlq")["dlq"]["inbox"] == 0
    assert run(capsys, "dlq", "--redrive", "late") == {"redriven": 0}
    assert run(capsys, "key", "create", "night", "--role", "reviewer")["key"].startswith("main.night.")
    assert "night" in [one["name"] for one in run(capsys, "key", "list")["keys"]]
    assert run(capsys, "key", "remove", "night") == {"removed": "night"}
    furnish(there.ops)
    world.run()
    made = run(capsys, "penalty", "propose", "shop-1", "s-1", "--rung", "warning", "--code", "late", "--points", "2",
               "--reason", "late again")  # fmt: skip
    assert made["state"] == "proposed"
    assert run(capsys, "penalty", "approve", "penalty/p-1")["state"] == "imposed"
    assert main(["penalty", "decline", made["penalty"], "--reason", "a slip"]) == 1, "not by who proposed it"
    assert run(capsys, "penalty", "appeal", "penalty/p-2", "--reason", "the carrier")["state"] == "appealed"
    assert run(capsys, "penalty", "uphold", "penalty/p-2", "--reason", "no")["state"] == "upheld"
    assert run(capsys, "penalty", "reverse", "penalty/p-2", "--reason", "yes")["state"] == "reversed"
    world.run()
    assert [one["penalty"] for one in run(capsys, "penalty", "list", "--state", "imposed")["penalties"]] == [
        "shop-1:penalty/p-1"
    ]
    assert "Statement of reasons" in run(capsys, "penalty", "show", "penalty/p-1", "--lang", "en")["text"]
    assert run(capsys, "penalty", "show", "penalty/p-1")["deeds"]
    assert run(capsys, "penalty", "show", "penalty/p-1", "--lang", "zh", "--html", "reasons.html")["lang"] == "zh"
    assert Path("reasons.html").read_text().startswith('<!doctype html><html lang="zh-CN">')
    assert run(capsys, "penalty", "export", "--out", "out.csv") == {"exported": 3}
    assert Path("out.csv").read_text().splitlines()[0].startswith("penalty,seller,state")
    assert run(capsys, "seller", "links", "--base", "https://r.example") == {"base": "https://r.example"}
    assert run(capsys, "seller", "link", "shop-1", "s-1")["link"].startswith("https://r.example/sellers/file/main.")
    assert run(capsys, "seller", "document", "shop-1", "s-1", "licence", "--until", "2027-01-31")["clocks"] == []
    assert run(capsys, "seller", "verified", "shop-1", "s-1")["case"] == "shop-1:seller/s-1"
    assert run(capsys, "seller", "watch")["looks"] == 0
    assert run(capsys, "seller", "nightly") == {"last": None}
    round_ = run(capsys, "seller", "nightly", "--run")
    assert round_["done"] and run(capsys, "seller", "nightly")["last"] == round_["last"]
    assert [one["who"] for one in run(capsys, "seller", "list", "shop-1")["sellers"]] == ["shop-1:s-1"]
    assert run(capsys, "seller", "show", "shop-1", "s-1")["points"] == 2
    assert run(capsys, "seller", "rows", "shop-1", "s-1", "--out", "rows.csv")["more"] is False
    assert Path("rows.csv").read_text().splitlines()[0].startswith("unit,metric,at,good")
    excused = run(capsys, "seller", "excuse", "shop-1", "s-1", "order/1001", "--id", "odd", "--why", "brushing")
    assert [one["why"] for one in excused["excluded"]] == ["brushing"]
    assert run(capsys, "seller", "excuse", "shop-1", "s-1", "order/1001", "--id", "odd", "--back")["excluded"] == []
    assert run(capsys, "standard", "activate", "ebay")["version"] == "ebay@1"
    assert run(capsys, "standard", "activate", "ebay")["unchanged"] is True
    assert run(capsys, "standard", "show", "--number", "1")["standard"]["name"] == "ebay"
    assert json.loads(run(capsys, "register", "shop-1")["payload"])["register"] == "shop-1"
    assert run(capsys, "register", "shop-1", "--count")["sellers"] == 1
    assert run(capsys, "seller", "exclude", "strike", "--why", "carrier", "--since", "2026-03-01", "--until",
               "2026-03-04", "--metric", "delivery")["metrics"] == ["delivery"]  # fmt: skip
    assert [one["id"] for one in run(capsys, "seller", "exclusions")["exclusions"]] == ["storm", "strike"]
    assert run(capsys, "seller", "exclusions", "--remove", "strike") == {"removed": "strike"}
    assert run(capsys, "register", "shop-1", "--key")["key"].startswith("whpk_")
    assert len(run(capsys, "register", "shop-1", "--renew-key")["former"]) == 1
    assert run(capsys, "disconnect", "shop-1", "--export", "cases.jsonl")["active"] is False
    assert run(capsys, "changes", "--what", "connection.", "--limit", "1")["changes"][0]["what"] == "connection.close"
    shapes = {f"{one.method} {one.path}" for one in ROUTES}
    used = {next(s for s in shapes if _fits(s, asked)) for asked in there.asked}
    strangers = {
        "GET /sellers/file/{token}", "POST /sellers/file/{token}", "GET /public/{account}/register/{connection}",
        "GET /public/{account}/register/{connection}/key",
    }  # fmt: skip
    asked_first = {"POST /previews", "POST /policies/{name}/rollback/preview"}
    # The command of the nightly proof has tests of its own.
    proof = {"GET /audit", "POST /audit", "GET /audit/last"}
    other = {"GET /health", "GET /policies/{name}/{number}"} | asked_first | strangers | proof
    assert shapes - used == other, "each other has its command"


def _fits(shape: str, asked: str) -> bool:
    method, path = shape.split()
    called, target = asked.split()
    wanted, given = path.split("/"), target.split("/")
    return method == called and len(wanted) == len(given) and all(
        one == other or one.startswith("{") for one, other in zip(wanted, given, strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("ident", ["A/1", "100%", "a%2Fb", "x|y z", "-", "..", "\u00e9\u4e2d", "a?b#c&d=e"])
def test_a_case_is_found_whatever_its_id_holds(there: Deployment, capsys: Streams, ident: str) -> None:
    there.world.connect()
    there.ops.must("POST", "/policies", {"yaml": POLICY})
    there.world.deliver(placed(ident))
    there.world.run()
    assert run(capsys, "case", f"order/{ident}")["case"] == f"shop-1:order/{ident}"
    assert run(capsys, "case", f"order/{ident}", "--clock", "ship-1d")["rule"] == "ship-1d"


def test_a_policy_is_checked_against_the_stores_that_it_is_used_with(there: Deployment, capsys: Streams) -> None:
    """A lever of the platform may need an option of the connection: without it, it is as good as not there."""
    there.world.connect()
    there.ops.must("POST", "/connections/bare", {"platform": "standard"})
    there.ops.must(
        "POST", "/connections/demo", {"platform": "shopify", "address": "a.myshopify.com", "secret": "x" * 16}
    )
    text = POLICY.replace("{tag: late}", "{tag: late}, suspend")
    Path("house.yaml").write_text(text)
    told = run(capsys, "policy", "validate", "house.yaml", "--connection", "all")
    assert told["valid"] and not told["errors"]
    lacks = [(one["connection"], one["platform"], one["action"]) for one in told["warnings"]]
    assert lacks == [("bare", "standard", "tag"), ("bare", "standard", "suspend"), ("demo", "shopify", "suspend")]
    line = 1 + next(number for number, one in enumerate(text.splitlines()) if "suspend" in one)
    assert {(one["file"], one["line"], one["rule"], one["step"]) for one in told["warnings"]} == {
        ("house.yaml", line, "ship-1d", "breach")
    }
    assert run(capsys, "policy", "validate", "house.yaml", "--connection", "shop-1")["warnings"] == []
    assert main(["policy", "validate", "house.yaml", "--platform", "shopify"]) == 0
    assert "warning: shopify has no lever for suspend" in capsys.readouterr().err
    assert main(["policy", "validate", "house.yaml", "--connection", "none"]) == 2
    told = there.ops.must("POST", "/policies", {"yaml": text})
    assert [one["connection"] for one in told["warnings"]] == ["bare", "bare", "demo"], "and when it comes into force"


SHOWN = [
    (["policy", "list"], "house  in force: 1"),
    (["connections"], "shop-1  standard"),
    (["connections", "shop-1"], "secret live until replaced"),
    (["case", "order/1001"], "ship-1d  house@1  running"),
    (["case", "order/1001", "--clock", "ship-1d", "--lang", "zh"], "shop-1:order/1001  ship-1d"),
    (["held"], ""),
    (["stopped"], "nothing is held"),
    (["stop", "connection:shop-1"], "held: connection:shop-1"),
    (["quarantine"], "0 in quarantine"),
    (["replay"], "0 sent through the inbox again"),
    (["dlq"], "inbox: 0"),
    (["dlq", "--redrive", "inbox"], "0 put back"),
    (["subscribers"], "chat  https://chat.example/in  everything"),
    (["penalty", "list"], "0 points stand"),
    (["changes"], "a-admin  policy.activate  house  done"),
    (["key", "list"], "a-ops  ops"),
    (["policy", "activate", "house.yaml"], "house@1 is in force already"),
    (["rotate", "shop-1"], "an older one is honoured until"),
    (["mode", "shop-1", "all=act"], "tell=act"),
]


@pytest.mark.parametrize(("words", "line"), SHOWN)
def test_without_json_people_read_standard_error(
    there: Deployment, capsys: Streams, words: list[str], line: str
) -> None:
    there.world.connect()
    there.ops.must("POST", "/policies", {"yaml": POLICY})
    there.ops.must("POST", "/subscribers", {"name": "chat", "url": "https://chat.example/in"})
    there.world.deliver(placed())
    there.world.run()
    capsys.readouterr()
    assert main(words) == 0
    streams = capsys.readouterr()
    assert line in streams.err
    # What is there is the log of the deployment, which runs in this process.
    assert all(json.loads(one)["event"] for one in streams.out.splitlines())


REFUSED = [
    (["policy", "rollback", "house", "--to", "9", "--scope", "new"], 1, "there is no version house@9", "an answer"),
    (["policy", "activate", "broken.yaml"], 1, "broken.yaml:3: rules[0].", "as policy validate answers"),
    (["policy", "activate", "nowhere.yaml"], 2, "No such file", "a wrong argument"),
    (["connect", "ebay", "--name", "x"], 2, "platform: found 'ebay', wanted one of", "a wrong argument"),
    (["connect", "standard", "--name", "x", "--option", "a"], 2, "--option: wanted NAME=VALUE", "a wrong argument"),
    (["connect", "standard", "--name", "x", "--mode", "a=b", "--mode", "a=c"], 2, "each name once", "said twice"),
    (["connect", "shopify", "--name", "x", "--address", "x.myshopify.com", "--credential", "access_token"], 2,
     "access_token: not in REDRESS_ACCESS_TOKEN, and there is nobody to ask", "no terminal here"),
    (["mode", "nobody", "shop=act"], 1, "there is no connection nobody", "an answer"),
    (["mode", "shop-1", "shop=loud"], 2, "modes.shop: found 'loud'", "a wrong argument"),
    (["case", "order"], 2, "wanted KIND/ID", "a wrong argument"),
    (["case", "order/404"], 1, "there is no case", "an answer"),
    (["stop", "rule:x"], 2, "what: found 'rule:x'", "a slip"),
    (["decline", "order/1001", "a|b|0|0", "--reason", "x"], 1, "there is no action", "an answer"),
    (["held", "--limit", "0"], 2, "limit: found", "a wrong argument"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "line", "why"), REFUSED)
def test_a_no_is_one_and_a_wrong_call_is_two(
    there: Deployment, capsys: Streams, words: list[str], code: int, line: str, why: str
) -> None:
    there.world.connect()
    there.world.deliver(placed())
    there.world.run()
    Path("broken.yaml").write_text("policy: x\nrules:\n  - {id: a}\n")
    assert main(words) == code, why
    assert line in capsys.readouterr().err


def test_credentials_come_from_the_environment_and_are_never_shown(
    there: Deployment, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_CONSUMER_KEY", "canary-key-000")
    monkeypatch.setenv("REDRESS_SECRET", "canary secret")
    words = ["connect", "woocommerce", "--name", "woo", "--address", "https://woo.example", "--credential",
             "consumer_key", "--credential", "consumer_secret=canary-cs-000", "--secret", "--no-probe"]  # fmt: skip
    assert main(words) == 0
    streams = capsys.readouterr()
    assert "canary-key" not in streams.out + streams.err and "canary-cs" not in streams.out + streams.err
    assert "secret   canary secret" in streams.err, "the answer that made it shows it once"
    words[words.index("consumer_secret=canary-cs-000")] = "consumer_secrt=canary-cs-000"
    words[3] = "woo-2"
    assert main(words) == 2
    assert "canary-cs" not in capsys.readouterr().err


def test_the_local_deployments_file_serves_where_nothing_is_set(
    there: Deployment, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDRESS_URL")
    monkeypatch.delenv("REDRESS_KEY")
    assert main(["policy", "list"]) == 2
    assert "REDRESS_URL and REDRESS_KEY: not set" in capsys.readouterr().err
    Path(".redress").mkdir()
    Path(".redress/local.json").write_text(json.dumps({"url": there.url, "key": there.ops.keys["ops"]}))
    assert main(["policy", "list"]) == 0


@pytest.mark.parametrize(
    ("url", "key", "code", "line"),
    [
        (None, "main.a-admin.wrong", 2, "holds no key of this deployment"),
        ("http://ops.example", "k", 2, "wanted an https address"),
        ("ftp://127.0.0.1", "k", 2, "wanted an https address"),
        ("http://127.0.0.1:1", "k", 1, "does not answer"),
    ],
)
def test_a_key_or_an_address_that_does_not_serve(
    there: Deployment, capsys: Streams, monkeypatch: pytest.MonkeyPatch, url: str | None, key: str, code: int, line: str
) -> None:
    monkeypatch.setenv("REDRESS_KEY", key)
    if url:
        monkeypatch.setenv("REDRESS_URL", url)
    assert main(["held"]) == code
    err = capsys.readouterr().err
    assert line in err and "a-admin" not in err


def test_the_key_follows_no_redirect(capsys: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(302)
            self.send_header("location", "/stolen")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("REDRESS_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("REDRESS_KEY", "main.a.b")
    assert main(["stopped"]) == 1
    server.shutdown()
    server.server_close()
    assert seen == ["/stopped"]


def test_every_command_of_the_api_has_its_words() -> None:
    known = {" ".join(words) for words in commands()}
    assert {"policy activate", "policy rollback", "policy list", "connect", "connections", "mode", "rotate", "case",
            "held", "approve", "decline", "stop", "go", "quarantine", "replay", "dlq", "subscribe", "subscribers",
            "changes"} <= known  # fmt: skip
