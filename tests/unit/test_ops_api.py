"""The ops API through Chalice: who may do what, what is refused and how, and that nothing shows a secret."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.flow import checkup
from chalicelib.ops.gate import ADMIN, AUDIT, EVERYBODY, OPS, REVIEW
from chalicelib.ops.keys import Role
from chalicelib.ops.routes import ROUTES
from tests.support.ladder import furnish
from tests.support.opsdesk import POLICY, Ops
from tests.support.world import World, placed

READ, RUN, DECIDE = ("ops", "reviewer", "auditor", "admin"), ("ops", "admin"), ("reviewer", "admin")
CASE = "/cases/shop-1/order/1001"

# Each route once, with a body that is fine and the roles that DESIGN gives it.
TABLE: list[tuple[str, str, object, tuple[str, ...]]] = [
    ("GET", "/policies", None, READ),
    ("GET", "/policies/house/1", None, READ),
    ("POST", "/policies", {"yaml": POLICY}, RUN),
    ("POST", "/policies/house/rollback", {"to": 1}, RUN),
    ("POST", "/policies/house/rollback/preview", {"to": 1, "scope": "recall"}, RUN),
    ("GET", "/policies/house/1/left", None, READ),
    ("POST", "/previews", {"yaml": POLICY}, RUN),
    ("GET", "/shadows", None, READ),
    ("POST", "/shadows", {"yaml": POLICY}, RUN),
    ("DELETE", "/shadows/watched", None, RUN),
    ("GET", "/shadows/watched/1", None, READ),
    ("GET", "/calendars", None, READ),
    ("POST", "/calendars", {"shipped": "CN"}, RUN),
    ("POST", "/reevaluate", {"rule": "ship-1d"}, RUN),
    ("GET", "/journal", None, ("ops", "auditor", "admin")),
    ("GET", "/audit", None, ("ops", "auditor", "admin")),
    ("POST", "/audit", {}, RUN),
    ("GET", "/audit/last", None, ("ops", "auditor", "admin")),
    ("GET", "/connections", None, READ),
    ("GET", "/connections/shop-1", None, READ),
    ("POST", "/connections/shop-9", {"platform": "standard"}, RUN),
    ("PATCH", "/connections/shop-1", {"modes": {"shop": "act"}}, RUN),
    ("POST", "/connections/shop-1/rotate", {}, RUN),
    ("DELETE", "/connections/shop-1", None, RUN),
    ("GET", CASE, None, READ),
    ("GET", "/explain/shop-1/order/1001/ship-1d", None, READ),
    ("POST", f"{CASE}/actions", {"key": "ship-1d|breach|0|1", "decision": "approve"}, DECIDE),
    ("GET", "/held", None, READ),
    ("GET", "/stopped", None, READ),
    ("POST", "/stop", {"what": "*"}, RUN),
    ("POST", "/go", {"what": "*"}, RUN),
    ("GET", "/quarantine", None, READ),
    ("POST", "/quarantine/replay", {}, RUN),
    ("GET", "/subscribers", None, READ),
    ("POST", "/subscribers", {"name": "pager", "url": "https://alerts.example/in"}, RUN),
    ("DELETE", "/subscribers/chat", None, RUN),
    ("GET", "/dlq", None, READ),
    ("POST", "/dlq/inbox/redrive", {}, RUN),
    ("GET", "/penalties", None, READ),
    (
        "POST",
        "/penalties",
        {
            "connection": "shop-1",
            "seller": "s-1",
            "code": "late",
            "points": 2,
            "rung": "warning",
            "reason": "late again",
        },
        ("ops", "reviewer", "admin"),
    ),
    ("GET", "/penalties/shop-1/p-1", None, READ),
    ("GET", "/penalties/shop-1/p-1/reasons", None, READ),
    ("POST", "/penalties/shop-1/p-1/decision", {"decision": "approve"}, DECIDE),
    ("POST", "/penalties/shop-1/p-2/appeal", {"text": "it was the carrier"}, RUN),
    ("POST", "/sellers/links", {"base": "https://redress.example"}, RUN),
    ("POST", "/sellers/watch", {}, RUN),
    ("GET", "/sellers/nightly", None, READ),
    ("POST", "/sellers/nightly", {"anew": True}, RUN),
    ("GET", "/sellers", None, READ),
    ("GET", "/sellers/shop-1/s-1", None, READ),
    ("GET", "/sellers/shop-1/s-1/rows", None, READ),
    ("POST", "/sellers/shop-1/s-1/excuse", {"about": "order/1001", "id": "late", "why": "carrier"}, DECIDE),
    ("GET", "/standard", None, READ),
    ("POST", "/standard", {"preset": "ebay"}, RUN),
    ("POST", "/sellers/shop-1/s-1/link", {"days": 30}, RUN),
    ("POST", "/sellers/shop-1/s-1/documents", {"document": "licence", "until": "2027-01-31"}, RUN),
    ("POST", "/sellers/shop-1/s-1/verified", {}, RUN),
    ("GET", "/register/shop-1", None, READ),
    ("GET", "/register/shop-1/key", None, READ),
    ("POST", "/register/shop-1/key", {"renew": True}, ("admin",)),
    ("POST", "/register/shop-1/figures", {}, RUN),
    ("GET", "/exclusions", None, READ),
    ("POST", "/exclusions", {"id": "strike", "why": "carrier", "since": "2026-03-01", "until": "2026-03-04"}, DECIDE),
    ("DELETE", "/exclusions/storm", None, DECIDE),
    ("GET", "/changes", None, ("auditor", "admin")),
    ("GET", "/keys", None, ("admin",)),
    ("POST", "/keys", {"name": "new", "role": "ops"}, ("admin",)),
    ("DELETE", "/keys/a-ops", None, ("admin",)),
    ("GET", "/connections/shop-1/checkups", None, READ),
    ("GET", "/connections/shop-1/checkups/probe", None, READ),
    ("POST", "/connections/shop-1/checkups/leave", {}, RUN),
    ("POST", "/connections/shop-1/lift", {}, RUN),
    ("GET", "/connections/shop-1/export", None, ("ops", "auditor", "admin")),
]


def furnished() -> Ops:
    """A deployment in which every row of the table finds what it names."""
    world = World()
    ops = Ops(world)
    world.connect(modes=dict.fromkeys(("tell", "shop", "penalty"), "advise"))
    ops.must("POST", "/policies", {"yaml": POLICY})
    ops.must("POST", "/shadows", {"yaml": POLICY.replace("house", "watched").replace("ship-1d", "ship-2d")})
    ops.must("POST", "/subscribers", {"name": "chat", "url": "https://chat.example/in"})
    world.deliver(placed(seller="s-1", buyer="b-77"))
    world.run()
    # Nothing falls due in between: the sweep makes up for the minutes that nobody had it walk.
    world.clock.advance(timedelta(hours=23, minutes=30))
    world.pass_time(timedelta(minutes=30))
    furnish(ops)
    for task in ("probe", "leave"):
        checkup.ask(world.ports, "main", "shop-1", task, {})
    return ops


def test_the_table_names_every_route() -> None:
    def shape(method: str, path: str) -> str:
        return f"{method} {path}"

    patterns = [(r, re.compile(re.sub(r"\{[a-z]+\}", "[^/]+", r.path))) for r in ROUTES if r.roles is not None]
    for route, pattern in patterns:
        rows = [row for row in TABLE if row[0] == route.method and pattern.fullmatch(row[1])]
        assert len(rows) == 1, shape(route.method, route.path)
        assert {role.value for role in route.roles or ()} == set(rows[0][3]), shape(route.method, route.path)
    assert set(Role) == EVERYBODY and ADMIN < OPS and ADMIN < REVIEW and ADMIN < AUDIT


@pytest.mark.parametrize("role", [*READ])
def test_a_role_may_do_what_is_its_own_and_nothing_else(role: str) -> None:
    for method, path, said, roles in TABLE:
        ops = furnished() if method != "GET" and role in roles else SHARED[0]
        status, told = ops.ask(method, path, said, role)
        if role in roles:
            assert status in (200, 201, 202), (method, path, told)
        else:
            assert (status, told["error"]) == (403, "forbidden"), (method, path, told)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "no key at all"),
        ("main", "no name"),
        ("main.a-admin.", "no secret"),
        ("main.a-admin.x", "another secret"),
        ("main.nobody.x", "no such key"),
        ("other.a-admin.x", "no such account"),
        ("MAIN.a-admin.x", "no account can be called so"),
        ("main.." + "x" * 500, "too long"),
        ("a:b.c|d.e", "characters of stored keys"),
        ("\u00fc.\u00fc.\u00fc", "no ASCII"),
    ],
)
def test_a_call_without_a_good_key_is_refused_alike(key: str, why: str) -> None:
    ops = SHARED[0]
    for method, path, said, _ in TABLE:
        body = b"" if said is None else json.dumps(said).encode()
        status, told = ops.raw(method, path, body, {"x-redress-key": key, "content-type": "application/json"})
        assert status == 401 and told["error"] == "unauthenticated", (why, method, path)


def test_a_key_opens_its_own_account_only() -> None:
    ops = furnished()
    stranger = Ops(ops.world, "other")
    assert stranger.must("GET", "/connections") == {"connections": []}
    assert stranger.ask("GET", CASE)[0] == 404
    assert stranger.ask("POST", f"{CASE}/actions", {"key": "ship-1d|breach|0|1", "decision": "approve"})[0] == 404
    assert stranger.ask("POST", "/connections/shop-1/rotate", {})[0] == 404
    assert stranger.must("GET", "/held") == {"held": [], "more": False}
    assert stranger.must("GET", "/changes")["changes"] == []


def test_a_removed_key_ends_at_once() -> None:
    ops = furnished()
    ops.must("DELETE", "/keys/a-ops")
    assert ops.ask("GET", "/policies", role="ops")[0] == 401
    made = ops.must("POST", "/keys", {"name": "night-shift", "role": "reviewer"})
    ops.keys["new"] = made["key"]
    assert ops.ask("GET", "/policies", role="new")[0] == 200
    assert ops.ask("POST", "/keys", {"name": "night-shift", "role": "admin"})[0] == 409


def test_health_needs_no_key() -> None:
    assert SHARED[0].raw("GET", "/health", b"", {}) == (200, {"ok": True})


SHARED = [furnished()]

BAD: list[tuple[str, str, object, str, str]] = [
    # method, path, body, the field that is named, why it is wrong
    ("POST", "/policies", {}, "yaml", "nothing to activate"),
    ("POST", "/policies", {"yaml": 7}, "yaml", "text is wanted"),
    ("POST", "/policies", {"yaml": POLICY, "at": "2026-01-01"}, "at", "an instant needs a time and a zone"),
    ("POST", "/policies", {"yaml": POLICY, "at": 7}, "at", "an instant is text"),
    ("POST", "/policies", {"yaml": POLICY, "at": "2999-01-01T00:00:00Z"}, "at", "nobody plans so far ahead"),
    ("POST", "/policies", {"yaml": POLICY, "retroactive": "yes"}, "retroactive", "true or false"),
    ("POST", "/policies", {"yaml": POLICY, "retro": True}, "retro", "no such field"),
    ("POST", "/policies", {"yaml": "policy: house\nrules: [{id: x}]"}, "rules[0].clock", "the file's own mistakes"),
    ("POST", "/policies", {"yaml": POLICY.replace("house", "other")}, "rules", "rule ids are one account's"),
    ("POST", "/policies/house/rollback", {}, "to", "where to"),
    ("POST", "/policies/house/rollback", {"to": 0}, "to", "numbers begin at 1"),
    ("POST", "/policies/house/rollback", {"to": "1"}, "to", "a number is no text"),
    ("POST", "/connections/Shop", {"platform": "standard"}, "name", "names are lower case"),
    ("POST", "/connections/" + "x" * 41, {"platform": "standard"}, "name", "names are short"),
    ("POST", "/connections/a%20b", {"platform": "standard"}, "name", "path parameters are decoded"),
    ("POST", "/connections/s", {"platform": "ebay"}, "platform", "no such platform"),
    ("POST", "/connections/s", {}, "platform", "which platform"),
    ("POST", "/connections/s", {"platform": "shopify", "address": "x.myshopify.com"}, "secret", "Shopify chooses it"),
    ("POST", "/connections/s", {"platform": "shopify", "address": "https://x.example"}, "address", "a host of theirs"),
    ("POST", "/connections/s", {"platform": "woocommerce"}, "address", "signatures are compared with it"),
    ("POST", "/connections/s", {"platform": "standard", "options": {"action_url": "x"}}, "options.action_url", "slip"),
    ("POST", "/connections/s", {"platform": "standard", "options": {"look_url": "x" * 2001}}, "options.look_url", ""),
    ("POST", "/connections/s", {"platform": "standard", "options": {"look_url": "http://x.example/"}},
     "options.look_url", "https only"),
    ("POST", "/connections/s", {"platform": "standard", "options": {"look_url": "https://u:p@x.example/"}},
     "options.look_url", "no user-info"),
    ("POST", "/connections/s", {"platform": "standard", "options": {"storm_limit": "many"}}, "options.storm_limit", ""),
    ("POST", "/connections/s", {"platform": "standard", "options": {"storm_limit": 5}}, "options.storm_limit", "text"),
    ("POST", "/connections/s", {"platform": "standard", "modes": {"shop": "on"}}, "modes.shop", "no such mode"),
    ("POST", "/connections/s", {"platform": "standard", "modes": {"shops": "act"}}, "modes.shops", "no such group"),
    ("POST", "/connections/s", {"platform": "standard", "mapping": {"order.sent": ["x"]}}, "mapping.order.sent", ""),
    ("POST", "/connections/s", {"platform": "standard", "mapping": {"order.shipped": []}}, "mapping.order.shipped", ""),
    ("POST", "/connections/s", {"platform": "standard", "mapping": ["order.shipped"]}, "mapping", "an object"),
    ("POST", "/connections/s", {"platform": "standard", "secret": "canary-secret"}, "secret", "whsec_ form"),
    ("POST", "/connections/s", {"platform": "standard", "credentials": {"secret": "canary-secret"}},
     "credentials.secret", "whsec_ form"),
    ("POST", "/connections/s", {"platform": "standard", "credentials": {"token": "canary-secret"}},
     "credentials.token", "not used there"),
    ("POST", "/connections/s", {"platform": "standard", "acts_from": "now"}, "acts_from", "an instant"),
    ("POST", "/connections/s", {"platform": "dokan", "address": "https://a.example",
     "credentials": {"wp_user": "x" * 1990, "consumer_key": "y" * 500, "consumer_secret": "z" * 500,
                     "wp_app_password": "\u00fc" * 1000}}, "credentials", "more than the vault seals"),
    ("POST", "/connections/s", {"platform": "woocommerce", "address": "https://a.example", "secret": "x" * 5000},
     "secret", "more than the vault seals"),
    ("PATCH", "/connections/shop-1", {"modes": {"shop": "loud"}}, "modes.shop", "no such mode"),
    ("PATCH", "/connections/shop-1", {"active": 1}, "active", "true or false"),
    ("PATCH", "/connections/shop-1", {"platform": "shopify"}, "platform", "a store does not change its platform"),
    ("POST", "/connections/shop-1/rotate", {"overlap_hours": -1}, "overlap_hours", "not into the past"),
    ("POST", "/connections/shop-1/rotate", {"secret": "canary-secret"}, "secret", "whsec_ form"),
    ("POST", f"{CASE}/actions", {"key": "ship-1d|breach|0|1", "decision": "maybe"}, "decision", "yes or no"),
    ("POST", f"{CASE}/actions", {"decision": "approve"}, "key", "which one"),
    ("POST", f"{CASE}/actions", {"key": "ship-1d|breach|0|1", "decision": "decline"}, "reason", "a no has a reason"),
    ("POST", "/stop", {"what": "rule:ship-2d"}, "what", "a slip would hold nothing"),
    ("POST", "/stop", {"what": "everything"}, "what", "no such form"),
    ("POST", "/stop", {"what": ""}, "what", "empty"),
    ("POST", "/subscribers", {"name": "a b", "url": "https://x.example/"}, "name", "names"),
    ("POST", "/subscribers", {"name": "x", "url": "http://x.example/"}, "url", "https only"),
    ("POST", "/subscribers", {"name": "x", "url": "https://u:p@x.example/"}, "url", "no user-info"),
    ("POST", "/subscribers", {"name": "x", "url": "https://x.example/ a"}, "url", "no spaces"),
    ("POST", "/subscribers", {"name": "x", "url": "https://x.example/", "types": ["clock.broken"]}, "types[0]", ""),
    ("POST", "/subscribers", {"name": "x", "url": "https://x.example/", "types": "clock"}, "types", "an array"),
    ("POST", "/subscribers", {"name": "x", "url": "https://x.example/", "secret": "canary-secret"}, "secret", ""),
    ("POST", "/keys", {"name": "x", "role": "root"}, "role", "no such role"),
    ("POST", "/keys", {"name": "X", "role": "ops"}, "name", "names are lower case"),
    ("POST", "/penalties", {"connection": "shop-1", "seller": "s-1", "code": "Late ship", "points": 2,
     "rung": "warning", "reason": "late"}, "code", "codes are lower case, without spaces"),
    ("POST", "/exclusions", {"id": "Strike!", "why": "carrier", "since": "2026-03-01", "until": "2026-03-04"},
     "id", ""),
    ("POST", "/sellers/shop-1/s-1/excuse", {"about": "order/1001", "id": "my id", "why": "carrier"}, "id", ""),
    ("POST", "/sellers/links", {"base": "http://redress.example"}, "base", "https only"),
    ("POST", "/stop", [], "body", "an object"),
    ("POST", "/stop", "all", "body", "an object"),
    ("GET", "/held?limit=0", None, "limit", "at least one"),
    ("GET", "/changes?limit=many", None, "limit", "a number"),
    ("GET", "/penalties?seller=" + "x" * 201, None, "seller", "no id is so long"),
    ("GET", "/penalties?after=" + "x" * 1100, None, "after", "no place in a list is so long"),
    ("GET", "/sellers?connection=" + "x" * 1100, None, "connection", ""),
    ("GET", "/sellers?after=" + "%C3%BC" * 600, None, "after", "bytes count"),
    ("GET", "/sellers/shop-1/s-1/rows?about=order/" + "x" * 400, None, "about", "no case is called so"),
    ("GET", "/register/shop-1?after=" + "x" * 1100, None, "after", ""),
    ("GET", "/explain/shop-1/order/1001/ship-1d?lang=de", None, "lang", "en or zh"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "said", "field", "why"), BAD)
def test_a_mistake_is_named(method: str, path: str, said: object, field: str, why: str) -> None:
    status, told = SHARED[0].ask(method, path, said)
    assert status == 400, told
    named = {problem["field"] for problem in told["problems"]}
    assert field in named, told
    assert all(problem["found"] and problem["wanted"] for problem in told["problems"])
    assert "canary" not in json.dumps(told)


def test_all_mistakes_come_in_one_report() -> None:
    said = {"platform": "woocommerce", "modes": {"x": "y"}, "options": {"z": "1"}}
    _, told = SHARED[0].ask("POST", "/connections/NO", said)
    assert {one["field"] for one in told["problems"]} == {"name", "address", "modes.x", "options.z"}
    _, told = SHARED[0].ask("POST", "/policies", {"yaml": "policy: X\nrules:\n  - {id: a}\n  - {id: a}\n"})
    assert len(told["problems"]) > 3 and all(one["line"] for one in told["problems"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/policies/house/7"), ("GET", "/policies/house/x"), ("GET", "/policies/nobody/1"),
        ("POST", "/policies/house/rollback"), ("GET", "/connections/nobody"), ("GET", "/connections/%00"),
        ("PATCH", "/connections/nobody"), ("POST", "/connections/nobody/rotate"), ("DELETE", "/connections/nobody"),
        ("GET", "/cases/shop-1/order/nope"), ("GET", "/cases/shop-1/planet/1"), ("GET", "/cases/S/order/1"),
        ("GET", "/cases/shop-1/order/" + "x" * 300), ("GET", "/cases/shop-1/order/%FF"),
        ("GET", "/shadows/" + "x" * 1100 + "/1"),
        ("GET", "/explain/shop-1/order/1001/nope"), ("POST", CASE + "/actions"), ("DELETE", "/subscribers/nobody"),
        ("DELETE", "/keys/nobody"), ("POST", "/dlq/outbox/redrive"), ("POST", "/stop"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_404(method: str, path: str) -> None:
    bodies: dict[str, object] = {
        "/policies/house/rollback": {"to": 9},
        CASE + "/actions": {"key": "nope|x|0|0", "decision": "approve"},
        "/stop": {"what": "connection:nobody"},
    }
    status, told = SHARED[0].ask(method, path, bodies.get(path, None if method == "GET" else {}))
    assert (status, told["error"]) == (404, "absent"), told


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400), (b"\xff", "application/json", 400), (b'{"a": NaN}', "application/json", 400),
        (b'{"what": "*", "what": "*"}', "application/json", 400), (b"[" * 100, "application/json", 400),
        (b'{"what": "\\ud800"}', "application/json", 400), (b"what=*", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415), (b" " * (1 << 20) + b"{}", "application/json", 413),
        (b'{"what": "*"}', "Application/JSON; charset=utf-8", 200),
    ],
)  # fmt: skip
def test_a_body_is_read_strictly(body: bytes, kind: str, status: int) -> None:
    ops = SHARED[0]
    got, told = ops.raw("POST", "/go", body, {"X-Redress-Key": ops.keys["ops"], "content-type": kind})
    assert got == status, told
    if status == 400:
        assert told["problems"][0]["field"] == "body"


def test_every_change_is_journalled_with_its_actor_and_no_reading_is() -> None:
    for method, path, said, roles in TABLE:
        ops = furnished()
        before = {one["id"] for one in ops.must("GET", "/changes")["changes"]}
        role = "ops" if "ops" in roles else roles[0]
        ops.must(method, path, said, role)
        new = [one for one in ops.must("GET", "/changes")["changes"] if one["id"] not in before]
        if method == "GET" or "preview" in path:
            assert new == [], path
        else:
            assert [(one["actor"], one["outcome"]) for one in new] == [(f"a-{role}", "done")], (method, path)


def test_a_change_that_failed_is_journalled_as_failed() -> None:
    ops = furnished()
    assert ops.ask("POST", "/connections/shop-1", {"platform": "standard"})[0] == 409
    newest = ops.must("GET", "/changes", what="connection.")["changes"][0]
    assert (newest["on"], newest["outcome"], newest["reason"]) == ("shop-1", "failed", "Clash")


def test_no_secret_is_shown_twice_logged_or_stored_open(capsys: pytest.CaptureFixture[str]) -> None:
    canary = "whsec_" + "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
    ops = furnished()
    made = ops.must("POST", "/connections/shop-2", {"platform": "standard", "credentials": {"secret": canary}})
    woo = ops.must(
        "POST", "/connections/woo",
        {"platform": "woocommerce", "address": "https://woo.example", "secret": "canary-of-the-hook",
         "credentials": {"consumer_key": "canary-key-0", "consumer_secret": "canary-secret-0"}},
    )  # fmt: skip
    assert woo["secret"] == "canary-of-the-hook" and canary not in json.dumps(made)
    turned = ops.must("POST", "/connections/shop-2/rotate", {})
    told = ops.must("POST", "/subscribers", {"name": "pager", "url": "https://alerts.example/canary-path"})
    key = ops.must("POST", "/keys", {"name": "x", "role": "ops"})["key"]
    ops.ask("POST", "/connections/shop-3", {"platform": "shopify", "credentials": {"access_token": "canary token"}})
    shown = len(ops.texts)
    secrets = [canary, "canary-of-the-hook", "canary-key-0", "canary-secret-0", "canary token", made["secret"],
               made["token"], turned["secret"], told["secret"], key]  # fmt: skip
    for method, path, said, _ in TABLE:
        if method == "GET":
            ops.must(method, path, said)
    for name in ("shop-2", "woo"):
        ops.must("GET", f"/connections/{name}")
        ops.must("PATCH", f"/connections/{name}", {"modes": {"all": "observe"}})
    answers = "\n".join(ops.texts[shown:])
    logged = capsys.readouterr()
    stored = repr([(kind, row) for kind, rows in ops.world.rows.rows.items() for row in rows.items()])
    for secret in secrets:
        assert secret not in answers and secret not in logged.out + logged.err and secret not in stored, secret
    assert "canary-path" not in logged.out


def test_a_fault_of_ours_is_a_500_that_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    ops = furnished()
    ops.world.ports.records("main").put("switches", "stopped", {"other": "canary"})
    status, told = ops.ask("GET", "/stopped")
    assert (status, told["error"]) == (500, "failed")
    assert "canary" not in json.dumps(told) and "KeyError at switches.py" in capsys.readouterr().out


def test_an_unknown_route_and_method_are_answered_as_json() -> None:
    ops: Any = SHARED[0]
    assert ops.raw("PUT", "/policies", b"", {})[0] == 405
    assert ops.raw("GET", "/nowhere", b"", {})[0] in (403, 404)
