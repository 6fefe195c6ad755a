"""What a standard would have done over a history, beside a raw rate: on sellers made for it, and on the real orders."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.core.instants import show

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "data" / "olist"
T0 = datetime(2026, 1, 5, 10, tzinfo=UTC)

STANDARD = """
standard: small
decide: {buyers: 3, days: 2}
prior: {fitted: false}
metrics:
  shipping: {limit: 4%, windows: [90d], matures: 1d}
"""


def orders(seller: str, count: int, late: int, every: timedelta = timedelta(days=2)) -> list[dict[str, Any]]:
    """An order at a time; the last `late` of them are shipped a day after the due."""
    found = []
    for n in range(count):
        placed = T0 + every * n
        shipped = placed + timedelta(days=3 if n >= count - late else 1)
        found.append(
            {
                "id": f"{seller}-{n}", "subject": {"kind": "order", "id": f"{seller}-{n}"}, "seller": seller,
                "buyer": f"b-{seller}-{n}", "occurred_at": show(shipped),
                "marks": [
                    {"name": "order.placed", "at": show(placed)}, {"name": "order.shipped", "at": show(shipped)},
                ],
                "facts": {"ship_by": show(placed + timedelta(days=2))},
            }
        )  # fmt: skip
    return found


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    history, standard = tmp_path / "h.jsonl", tmp_path / "small.yaml"
    events = [*orders("steady", 30, 0), *orders("unlucky", 12, 1), *orders("late", 30, 15)]
    history.write_text("".join(json.dumps(event) + "\n" for event in events))
    standard.write_text(STANDARD)
    return str(history), str(standard)


def report(capsys: pytest.CaptureFixture[str], history: str, standard: str, *more: str) -> dict[str, Any]:
    call = ["sellers", "report", "--policy", "marketplace-standards", "--history", history, "--standard", standard]
    assert main([*call, "--json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_who_is_warned_and_penalised_and_what_a_raw_rate_does(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = report(capsys, *files)
    assert (found["sellers"], found["warned"], found["penalised"], found["raw"]) == (3, 1, 1, 2)
    assert set(found["found"]) == {"late", "unlucky"}
    # One late order of twelve is 8 %: over the limit, and no reason at all.
    assert found["found"]["unlucky"]["warned"] == {}
    raw = found["found"]["unlucky"]["raw"]["shipping"]
    assert (raw["n"], raw["bad"], raw["p_over"] < 0.5) == (12, 1, True)
    late = found["found"]["late"]
    first = late["penalised"]["shipping"]
    assert first["p_over"] >= 0.9
    assert first["buyers"] >= 3
    assert late["warned"]["shipping"]["on"] <= first["on"]


def test_each_week_is_seen_as_it_stood(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    # Before the first late order nobody is warned, whatever came of the seller later.
    found = report(capsys, *files, "--now", "2026-02-01T00:00:00Z")
    assert (found["warned"], found["penalised"]) == (0, 0)


def test_for_people_it_names_n_p_and_the_interval(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    history, standard = files
    call = ["sellers", "report", "--policy", "marketplace-standards", "--history", history, "--standard", standard]
    assert main(call) == 0
    said = capsys.readouterr().err
    assert "3 sellers" in said
    assert "late " in said
    assert "P(over 4.0%)" in said
    assert "buyers" in said


def test_lines_that_cannot_be_read_are_told_and_the_answer_is_no(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(Path(files[0]).read_text() + '{"id": 1}\n')
    call = ["sellers", "report", "--policy", "marketplace-standards", "--history", str(bad), "--standard", files[1]]
    assert main(call) == 1
    assert "bad.jsonl:73" in capsys.readouterr().err


def test_an_empty_history_is_no_seller(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    found = report(capsys, str(empty), "house")
    assert (found["as_of"], found["sellers"], found["weeks"]) == (None, 0, 0)


@pytest.mark.skipif(not TABLES.is_dir(), reason="the Olist tables are not at ../shared/data/olist")
def test_the_real_orders_up_to_a_summer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    history = tmp_path / "olist.jsonl.gz"
    subprocess.run([sys.executable, ROOT / "examples" / "olist" / "convert.py", TABLES, history], check=True)
    capsys.readouterr()
    found = report(capsys, str(history), "house", "--now", "2017-07-01T00:00:00Z")
    assert found["sellers"] > 500
    # A raw rate acts against many; of those whom it alone would hit none was surely over.
    assert 0 < found["penalised"] < found["raw"]
    for told in found["found"].values():
        assert all(first["p_over"] >= 0.9 and first["buyers"] >= 5 for first in told["penalised"].values())
        assert all(first["p_over"] >= 0.5 for first in told["warned"].values())
        assert set(told["penalised"]) <= set(told["warned"])
