"""The commands about the life of versions: they show what would change and ask, and a no changes nothing."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli import _previews as previews
from chalicelib.cli.main import main
from chalicelib.core import calendar_data
from chalicelib.core.calendars import Calendar
from tests.support.deployment import Deployment, out
from tests.support.world import SECRET
from tests.unit.test_versions_policies import BAD, GOOD, HOUR, answer, order, reevaluate, standing

Streams = pytest.CaptureFixture[str]


class Person(io.StringIO):
    """Somebody at a terminal, who types this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment()
    made.world.shop.answer = lambda call: answer(made.world, call)
    made.world.connect()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDRESS_URL", made.url)
    monkeypatch.setenv("REDRESS_KEY", made.ops.keys["ops"])
    Path("good.yaml").write_text(GOOD)
    Path("bad.yaml").write_text(BAD)
    assert main(["policy", "activate", "good.yaml"]) == 0
    made.world.pass_time(HOUR)
    yield made
    made.server.shutdown()
    made.server.server_close()


def harmed(there: Deployment) -> None:
    assert main(["policy", "activate", "bad.yaml"]) == 0
    there.world.pass_time(HOUR)
    order(there.world, "1001")
    there.world.pass_time(3 * HOUR)


def in_force(there: Deployment) -> list[int]:
    return [one["number"] for one in there.ops.must("GET", "/policies")["policies"][0]["activations"]]


@pytest.mark.parametrize(("typed", "code", "numbers"), [("no\n", 1, [1]), ("\n", 1, [1]), ("yes\n", 0, [1, 2])])
def test_a_retroactive_activation_shows_and_asks(
    there: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: Streams, typed: str, code: int, numbers: list[int]
) -> None:
    order(there.world, "1001")
    there.world.pass_time(3 * HOUR)
    monkeypatch.setattr(sys, "stdin", Person(typed))
    assert main(["policy", "activate", "bad.yaml", "--retroactive"]) == code
    shown = capsys.readouterr().err
    for line in ("cases judged both ways: 1", "running->breached: 1", "points: s-1 +3", "money: 12.50 CNY"):
        assert line in shown
    assert in_force(there) == numbers and ("nothing was changed" in shown) is (code == 1)


def test_a_file_that_says_it_is_retroactive_is_asked_about_too(
    there: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    file = Path("bad.yaml")
    file.write_text("retroactive: true\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", Person("no\n"))
    assert main(["policy", "activate", "bad.yaml"]) == 1
    assert "cases judged both ways" in capsys.readouterr().err and in_force(there) == [1]
    assert main(["policy", "activate", "bad.yaml", "--yes"]) == 0 and in_force(there) == [1, 2]


def test_where_nobody_can_be_asked_it_must_be_said(
    there: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert main(["policy", "activate", "bad.yaml", "--retroactive"]) == 2
    assert main(["policy", "rollback", "house", "--to", "1"]) == 2
    assert "--yes" in capsys.readouterr().err and in_force(there) == [1]
    assert main(["policy", "activate", "bad.yaml", "--retroactive", "--yes"]) == 0


def test_a_rollback_asks_for_which_clocks_and_lists_what_is_for_a_person(
    there: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    harmed(there)
    monkeypatch.setattr(sys, "stdin", Person("recall\nyes\n"))
    assert main(["policy", "rollback", "house", "--to", "1"]) == 0
    shown = capsys.readouterr().err
    assert "new clocks only, running clocks too, or recall?" in shown
    assert "tag: 1 taken back" in shown and "penalise: 1 taken back" in shown
    assert "shop-1:order/1001  ship|money|0|0  refund  12.50 CNY" in shown
    assert main(["reevaluate", "--rate", "5/s"]) == 0
    there.world.pass_time(HOUR)
    assert standing(there.world) == set()
    capsys.readouterr()
    assert main(["policy", "left", "house@2", "--json"]) == 0
    assert [one["action"] for one in out(capsys)["left"]] == ["warn_seller", "refund"]
    assert main(["policy", "left", "house"]) == 2


def test_a_shadow_is_reported_by_rule(there: Deployment, capsys: Streams) -> None:
    assert main(["policy", "shadow", "bad.yaml"]) == 0
    there.world.pass_time(HOUR)
    order(there.world, "1001")
    there.world.pass_time(3 * HOUR)
    assert main(["policy", "shadow", "--report", "house@2"]) == 0
    shown = capsys.readouterr().err
    assert "ship: cases 1, breaches 0 -> 1, steps 0 -> 4" in shown and "points: s-1 +3" in shown


def test_calendars_are_activated_from_files(there: Deployment, capsys: Streams) -> None:
    Path("XA.json").write_bytes(calendar_data.dump(Calendar("XA", "Europe/Berlin", {"mon-fri": ["09:00-17:00"]})))
    Path("notice.yaml").write_text(
        "calendar: XA\nsource: a notice\npublished: 2026-02-20\nholidays: {2026-03-03: a day off}\n"
    )
    assert main(["calendar", "activate", "XA.json"]) == 0
    assert main(["calendar", "activate", "notice.yaml", "--at", "2026-03-03T00:00:00Z"]) == 0
    assert main(["calendar", "list"]) == 0
    shown = capsys.readouterr().err
    assert "XA@1  always" in shown and "XA@2  2026-03-03T00:00:00Z" in shown
    Path("wrong.yaml").write_text("calendar: XA\nsource: a notice\npublished: 2026-02-20\nholidays: {2026-13-03: x}\n")
    assert main(["calendar", "activate", "wrong.yaml"]) == 1
    assert "wrong.yaml:4: " in capsys.readouterr().err
    Path("other.yaml").write_text("source: a notice\ncalendar: QQ\npublished: 2026-02-20\nholidays: [2026-03-03]\n")
    assert main(["calendar", "activate", "other.yaml"]) == 1
    assert "other.yaml:2: calendar: found 'QQ', wanted a calendar that ships" in capsys.readouterr().err
    Path("empty.yaml").write_text("")
    assert main(["calendar", "activate", "empty.yaml"]) == 1
    assert "empty.yaml:1: file: found nothing, wanted a mapping" in capsys.readouterr().err
    Path("latin.yaml").write_bytes("calendar: XA\nsource: Bürgeramt\n".encode("latin-1"))
    for command in ("calendar activate", "policy activate", "policy shadow"):
        assert main([*command.split(), "latin.yaml"]) == 1
        assert "latin.yaml:2: file: found bytes that are not UTF-8" in capsys.readouterr().err


def test_the_journal_can_be_judged_diffed_and_explained(there: Deployment, capsys: Streams) -> None:
    harmed(there)
    capsys.readouterr()
    journal = ["--journal", "--now", "2026-03-02T16:00:00Z", "--json"]
    assert main(["backtest", "--policy", "bad.yaml", *journal]) == 0
    assert out(capsys)["rules"]["ship"]["breached"] == 1
    assert main(["policy", "diff", "good.yaml", "bad.yaml", *journal]) == 0
    change, money = out(capsys)["rules"]["ship"], {"CNY": "12.50"}
    assert change["sellers"] == {"s-1": {"points": 3, "money": money}} and change["money"] == money
    assert main(["explain", "--policy", "good.yaml", "--case", "order/1001", "--rule", "ship", *journal]) == 0
    assert out(capsys)["status"] == "running"


def test_of_several_connections_one_must_be_named(there: Deployment, capsys: Streams) -> None:
    there.world.connect(name="shop-2")
    assert main(["backtest", "--policy", "good.yaml", "--journal"]) == 2
    assert "shop-1, shop-2" in capsys.readouterr().err
    assert main(["backtest", "--policy", "good.yaml", "--journal", "--connection", "none"]) == 2
    assert main(["backtest", "--policy", "good.yaml", "--journal", "--connection", "shop-2"]) == 0
    assert main(["backtest", "--policy", "good.yaml", "--journal", "x", "--connection", "shop-2"]) == 2
    assert main(["backtest", "--policy", "good.yaml"]) == 2, "neither a file nor the journal"


def test_a_walk_waits_for_the_queue_and_says_where_it_was_stopped(capsys: Streams) -> None:
    asked: list[dict[str, Any]] = []
    waited: list[float] = []

    class Parts:
        def ask(self, method: str, parts: list[str], said: dict[str, Any]) -> dict[str, Any]:
            asked.append(said)
            if len(asked) == 3:
                raise KeyboardInterrupt
            return {"looked": 10, "sent": 10, "until": f"until-{len(asked)}", "ahead": 100, "cursor": f"c{len(asked)}"}

    with pytest.raises(KeyboardInterrupt):
        previews.reevaluated(Parts(), "", "", 5, "", waited.append)  # type: ignore[arg-type]
    assert [(one["cursor"], one.get("begin")) for one in asked] == [("", None), ("c1", "until-1"), ("c2", "until-2")]
    assert waited == [40, 40]
    assert "go on with --from c2" in capsys.readouterr().err


def test_no_answer_holds_a_secret(there: Deployment) -> None:
    harmed(there)
    reevaluate(there.world, there.ops)
    there.ops.must("GET", "/journal")
    assert SECRET not in json.dumps(there.ops.texts)
