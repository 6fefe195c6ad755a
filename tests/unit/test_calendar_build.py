"""`redress calendar build`: what ships is what it builds, and what it says when it cannot."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from chalicelib.cli._calendar_recipes import HOLIDAYS, RECIPES
from chalicelib.cli.main import main
from chalicelib.core.calendar_data import SHIPPED, load

PACKAGE = pytest.importorskip("holidays", reason="the package that calendars are compiled from is a dev requirement")

NOTICE = """\
calendar: CN
source: A made-up notice
published: 2026-11-20
holidays: {2026-12-01: Mourning}
"""


def test_what_ships_is_what_the_command_builds(tmp_path: Path) -> None:
    if PACKAGE.__version__ != HOLIDAYS:
        pytest.skip(f"found holidays {PACKAGE.__version__}, the shipped calendars are compiled from {HOLIDAYS}")
    assert main(["calendar", "build", "--all", "--out", str(tmp_path)]) == 0
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert built == {path.name: path.read_bytes() for path in SHIPPED.glob("*.json")}
    assert len(built) == len(RECIPES)


@pytest.mark.parametrize("base", [[], ["--base", "shipped"], ["--base", str(SHIPPED / "CN.json")]], ids=len)
def test_builds_with_an_overlay(tmp_path: Path, capsys: pytest.CaptureFixture[str], base: list[str]) -> None:
    notice = tmp_path / "notice.yaml"
    notice.write_text(NOTICE)
    asked = ["calendar", "build", "CN", "--overlay", str(notice), "--out", str(tmp_path), "--json", *base]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    made = load((tmp_path / "CN.json").read_bytes())
    assert told["valid"] and told["calendars"][0]["digest"] == made.digest
    assert told["calendars"][0]["sources"] == [f"holidays {HOLIDAYS}: CN", "A made-up notice"]
    assert made.why(date(2026, 12, 1)) == "holiday: Mourning"
    assert made.sources[1].published == date(2026, 11, 20) and len(made.sources[1].digest) == 64


def test_tells_of_festivals_that_a_notice_does_not_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notice says that the whole year is known; a festival that it leaves out is most likely forgotten."""
    notice = tmp_path / "notice.yaml"
    text = NOTICE.replace(
        "holidays: {2026-12-01: Mourning}", "known_until: 2027-12-31\nholidays: [2027-02-05/2027-02-12]"
    )
    notice.write_text(text)
    asked = ["calendar", "build", "CN", "--base", "shipped", "--overlay", str(notice), "--out", str(tmp_path)]
    assert main(asked) == 0
    told = capsys.readouterr().err
    assert "no word of 2027-01-01 New Year's Day, 2027-04-05 Tomb-Sweeping Day, " in told
    assert "2027-10-01 National Day" in told
    assert "2027-02-08" not in told, "it is named"
    assert "2027-10-02" not in told, "a Saturday is no working day"
    assert "2028" not in told, "what stays unknown is expected still"
    notice.write_text(NOTICE)
    assert main(asked) == 0
    assert "no word of" not in capsys.readouterr().err


def test_builds_on_what_ships_without_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    assert main(["calendar", "build", "CN", "--out", str(tmp_path)]) == 2
    assert "requirements-dev.txt" in capsys.readouterr().err
    assert main(["calendar", "build", "CN", "--base", "shipped", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "CN.json").read_bytes() == (SHIPPED / "CN.json").read_bytes()


def test_tells_every_mistake_of_an_overlay_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notice = tmp_path / "notice.yaml"
    notice.write_text(NOTICE.replace("2026-11-20", "today") + "working: [2026-12-02]\nextra: 1\n")
    asked = ["calendar", "build", "CN", "--overlay", str(notice), "--base", "shipped", "--out", str(tmp_path)]
    assert main([*asked, "--json"]) == 1
    told = capsys.readouterr()
    errors = json.loads(told.out)["errors"]
    assert [(one["line"], one["field"]) for one in errors] == [(3, "published"), (5, "working[0]"), (6, "extra")]
    assert f"{notice}:5: working[0]: found '2026-12-02', wanted a day that is not worked anyway" in told.err
    assert not (tmp_path / "CN.json").exists()


WRONG = [
    ([], "which calendar?", "nothing asked"),
    (["CH"], "--zone is needed", "a code without a zone"),
    (["CN", "--zone", "UTC"], "CN is in Asia/Shanghai", "another zone"),
    (["CH", "--zone", "Europe/Geneva"], "the name of an IANA time zone", "a zone that nobody knows"),
    (["QQ", "--zone", "UTC"], "QQ", "a country that nobody knows"),
    (["CH-QQ", "--zone", "Europe/Zurich"], "QQ", "a part that nobody knows"),
    (["EU", "--zone", "Europe/Brussels"], "EU", "the EU has no calendar of its own"),
    (["AE", "--zone", "Asia/Dubai"], "its week has to be written by hand|is an estimate", "other weeks, the moon"),
    (["../CN"], "is no code", "a path for a code"),
    (["CN", "DE", "--base", "shipped"], "go with one code", "one base for two"),
    (["CN", "--base", "nowhere.json"], "nowhere.json: No such file", "a base that is not there"),
    (["CN", "--base", str(SHIPPED / "DE.json")], "found DE, wanted CN", "the base of another"),
    (["CH", "--base", "shipped"], "no such calendar", "a base that does not ship"),
    (["CN", "--overlay", "nowhere.yaml"], "nowhere.yaml: No such file", "an overlay that is not there"),
    (["CN", "--out", "nowhere"], "is no directory", "a place that is not there"),
]


@pytest.mark.parametrize(("words", "says", "why"), WRONG, ids=[row[-1] for row in WRONG])
def test_says_what_is_wrong_with_a_call(
    words: list[str], says: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if "--out" in words else ["--out", str(tmp_path)]
    assert main(["calendar", "build", *words, *out]) == 2
    told = capsys.readouterr().err
    assert any(one in told for one in says.split("|")), told


def test_a_base_that_was_tampered_with_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads((SHIPPED / "CN.json").read_bytes())
    data["working"].pop()
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(data))
    assert main(["calendar", "build", "CN", "--base", str(bad), "--out", str(tmp_path)]) == 2
    assert "digest: found" in capsys.readouterr().err


def test_what_is_deployed_reads_calendars_without_the_package() -> None:
    code = (
        "import sys; from chalicelib.core.calendar_data import shipped_calendars as s; s().get('CN').known_until; "
        "print([name for name in ('holidays', 'yaml', 'pydantic', 'dateutil') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SHIPPED.parents[1]
    )
    assert done.stdout.strip() == "[]"
