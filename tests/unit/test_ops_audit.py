"""The audit over the ops API and as a command."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.cli.main import main
from chalicelib.flow import nightly
from chalicelib.flow.audit import Audit
from chalicelib.flow.project import Project
from chalicelib.flow.tell import Teller
from chalicelib.ops.proofs import MOST_OBJECTS
from tests.support.deployment import Deployment
from tests.support.opsdesk import POLICY, Ops
from tests.support.world import World, placed


def furnished(world: World, ops: Ops) -> None:
    world.connect()
    ops.must("POST", "/policies", {"yaml": POLICY})
    for number in range(7):
        world.deliver(placed(str(number)))
    world.pass_time(timedelta(minutes=1))


def forgotten(world: World) -> None:
    world.ports.cases("main").put(replace(world.case("order/3"), wake_at=None))


def test_pages_go_on_where_the_last_one_ended() -> None:
    world = World()
    ops = Ops(world)
    furnished(world, ops)
    after, looked = "", 0
    for _ in range(10):
        told = ops.must("GET", "/audit", None, "auditor", limit=3, after=after)
        looked, after = looked + told["looked"], told["after"]
        if not after:
            break
    assert (looked, after, told["problems"]) == (7, "", {})


@pytest.mark.parametrize(
    ("said", "field"),
    [({"segment": 2, "total": 2}, "segment"), ({"after": "nonsense"}, "after"), ({"most": 0}, "most"), ({"x": 1}, "x")],
)
def test_what_is_no_page_is_refused(said: dict[str, object], field: str) -> None:
    status, told = Ops(World()).ask("POST", "/audit", said, "ops")
    assert (status, told["problems"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [({"segment": 1}, "segment"), ({"total": "many"}, "total"), ({"after": "x"}, "after"), ({"limit": 0}, "limit")],
)
def test_nor_is_what_asks_for_none_answered(query: dict[str, object], field: str) -> None:
    status, told = Ops(World()).ask("GET", "/audit", None, "ops", **query)
    assert (status, told["problems"][0]["field"]) == (400, field)


def test_mending_is_for_ops_and_is_recorded() -> None:
    world = World()
    ops = Ops(world)
    furnished(world, ops)
    forgotten(world)
    assert ops.ask("POST", "/audit", {}, "auditor")[0] == 403
    assert ops.must("GET", "/audit", None, "auditor")["problems"] == {"no_wake": 1}
    assert ops.must("POST", "/audit", {}, "ops")["mended"] == 1
    assert ops.must("GET", "/changes", what="audit")["changes"][0]["actor"] == "a-ops"
    world.run()
    assert ops.must("GET", "/audit")["problems"] == {}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    made = Deployment()
    furnished(made.world, made.ops)
    monkeypatch.setenv("REDRESS_URL", made.url)
    monkeypatch.setenv("REDRESS_KEY", made.ops.keys["ops"])
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_command_proves_the_table_and_says_no_where_it_cannot(
    there: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--segments", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["clean"], told["looked"], told["reasons"]) == (True, 7, {"wake": 7})
    forgotten(there.world)
    assert main(["audit"]) == 1
    assert "no_wake: shop-1:order/3" in capsys.readouterr().err
    assert main(["audit", "--mend"]) == 1, "it was wrong; the next one tells whether it is mended"
    there.world.run()
    assert main(["audit"]) == 0


def test_the_command_compares_the_journal_while_it_is_short(
    there: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    blobs = there.world.blobs
    first, *_ = blobs.keys("journal/")
    blobs.put(first, gzip.compress(b""))
    assert main(["audit", "--settle", "0", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert set(told["problems"]) == {"journal"} and told["journal"]
    for number in range(MOST_OBJECTS):
        blobs.put(f"journal/main/2026-01-01/{number}.jsonl.gz", gzip.compress(b""))
    assert main(["audit", "--settle", "0"]) == 0
    assert "it was not compared" in capsys.readouterr().err


def test_the_last_night_is_shown(there: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--last"]) == 1, "no proof is no proof"
    desk = there.ops.desk
    project = Project(desk.ports, desk.shops, desk.rulebook, Teller(desk.ports))
    audit = Audit(desk.ports, desk.shops, desk.rulebook, project)
    nightly.Nightly(desk.ports, audit, ("main",))(desk.ports.clock.now())
    capsys.readouterr()
    assert main(["audit", "--last"]) == 0
    assert "7 cases (7 wake): nothing is wrong" in capsys.readouterr().err


def test_a_night_tells_an_account_of_its_own_cases_alone() -> None:
    world = World()
    ops, stranger = Ops(world), Ops(world, "other")
    furnished(world, ops)
    forgotten(world)
    desk = ops.desk
    audit = Audit(
        desk.ports, desk.shops, desk.rulebook, Project(desk.ports, desk.shops, desk.rulebook, Teller(desk.ports))
    )
    nightly.Nightly(desk.ports, audit, ("main", "other"))(desk.ports.clock.now())
    mine, theirs = (one.must("GET", "/audit/last", None, "auditor")["last"] for one in (ops, stranger))
    assert [one["case"] for one in mine["report"]["findings"]] == ["shop-1:order/3"]
    assert (theirs["day"], theirs["report"]["looked"], theirs["report"]["findings"]) == (mine["day"], 0, [])
    assert "order/3" not in stranger.texts[-1]
