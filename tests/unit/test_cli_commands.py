"""The command line: what goes to which stream, the exit codes, and that a command imports only itself."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.cli.main import commands, main

ROOT = Path(__file__).resolve().parents[2]
HOUSE = str(ROOT / "examples" / "policies" / "house.yaml")
BROKEN = "policy: broken\nrules:\n  - id: a\n    applies_to: ordr\n"
HISTORY = """\
{"id": "1", "subject": {"kind": "order", "id": "7"}, "seller": "s", "occurred_at": "2026-01-01T00:00:00Z", "marks": [{"name": "order.paid", "at": "2026-01-01T00:00:00Z"}, {"name": "order.placed", "at": "2026-01-01T00:00:00Z"}], "facts": {"ship_by": "2026-01-02T00:00:00Z"}}
{"id": "2", "subject": {"kind": "order", "id": "7"}, "occurred_at": "2026-01-05T00:00:00Z", "marks": [{"name": "order.shipped", "at": "2026-01-05T00:00:00Z"}]}
{"id": "3", "subject": {"kind": "refund", "id": "8"}, "occurred_at": "2026-01-05T00:00:00Z", "marks": [{"name": "refund.requested", "of": "r1", "at": "2026-01-01T00:00:00Z"}, {"name": "refund.requested", "of": "r2", "at": "2026-01-04T12:00:00Z"}]}
"""  # noqa: E501


@pytest.fixture
def history(tmp_path: Path) -> str:
    path = tmp_path / "history.jsonl"
    path.write_text(HISTORY)
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return str(path)


Streams = pytest.CaptureFixture[str]


def test_a_command_is_a_module_of_the_package() -> None:
    known = commands()
    assert known["backtest",] == "backtest"
    assert known["policy", "validate"] == "policy_validate"
    assert not any(name.startswith("_") or name == "main" for name in known.values())


WRONG_CALLS = [
    ([], "which command?", "nothing asked"),
    (["frobnicate"], "no command 'frobnicate'", "no such command"),
    (["policy", "frobnicate"], "no command 'policy frobnicate'", "no such part of a command"),
    (["backtest"], "required: --policy", "arguments left out"),
    (["backtest", "--policy", HOUSE], "one of the arguments --history --journal is required", "no history"),
    (["backtest", "--policy", HOUSE, "--history", "x", "--now", "2026-01-01"], "argument --now", "no instant"),
    (["backtest", "--policy", "no-such-pack", "--history", "x"], "no-such-pack: No such file", "no such policy"),
    (["backtest", "--policy", HOUSE, "--history", "no-such"], "no-such: No such file or directory", "no such history"),
    (["policy", "validate"], "which policies?", "no policies"),
    (["policy", "validate", "no-such.yaml"], "no-such.yaml: No such file", "no such file"),
    (["policy", "validate", str(ROOT)], "Is a directory", "a directory"),
    (["backtest", "--policy", HOUSE, "--policy", HOUSE, "--history", "x"], "another name", "a policy twice"),
]


@pytest.mark.parametrize(("words", "told", "why"), WRONG_CALLS, ids=[row[2] for row in WRONG_CALLS])
def test_a_wrong_call_is_told_on_standard_error(words: list[str], told: str, why: str, capsys: Streams) -> None:
    assert main(words) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert told in streams.err


def test_help_lists_the_commands_by_their_first_line(capsys: Streams) -> None:
    assert main(["--help"]) == 0
    assert re.search(r"policy validate +Check policies", capsys.readouterr().out)
    assert main(["policy", "--help"]) == 0
    assert "backtest" not in capsys.readouterr().out
    assert main(["policy", "validate", "--help"]) == 0
    assert "PACK-or-FILE" in capsys.readouterr().out


def test_validate_says_yes(capsys: Streams) -> None:
    assert main(["policy", "validate", HOUSE, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"valid": True, "errors": []}
    assert main(["policy", "validate", "--policy", HOUSE]) == 0
    streams = capsys.readouterr()
    assert (streams.out, streams.err) == ("", "valid\n")


def test_validate_says_no_with_every_mistake(broken: str, capsys: Streams) -> None:
    assert main(["policy", "validate", broken, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert [(one["line"], one["field"]) for one in told["errors"]] == [
        (3, "rules[0].clock"),
        (4, "rules[0].applies_to"),
    ]
    assert set(told["errors"][0]) == {"file", "line", "field", "found", "wanted"}
    assert told["errors"][0]["file"] == broken
    assert main(["policy", "validate", broken]) == 1
    assert f"{broken}:4: rules[0].applies_to: found 'ordr', wanted" in capsys.readouterr().err


def test_show_gives_the_compiled_form(capsys: Streams) -> None:
    assert main(["policy", "show", HOUSE, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], len(told["digest"])) == ("house", 64)
    assert main(["policy", "show", HOUSE]) == 0
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "refund-7d  收到退货后七日内退款" in streams.err
    assert "\n  limit: {days: 7}\n" in streams.err


def test_a_broken_policy_cannot_judge(broken: str, history: str, capsys: Streams) -> None:
    assert main(["backtest", "--policy", broken, "--history", history]) == 2
    assert "rules[0].applies_to" in capsys.readouterr().err


def test_backtest_writes_json_clocks_and_a_summary(history: str, tmp_path: Path, capsys: Streams) -> None:
    clocks = tmp_path / "clocks.jsonl"
    assert main(["backtest", "--policy", HOUSE, "--history", history, "--clocks", str(clocks), "--json"]) == 0
    streams = capsys.readouterr()
    told = json.loads(streams.out)
    assert (told["as_of"], told["events"], told["cases"]) == ("2026-01-05T00:00:00Z", 3, 2)
    assert told["rules"]["ship-48h"]["met_late"] == 1
    assert told["sellers"] == {"s": {"points": 2}}
    assert streams.err == ""
    lines = [json.loads(line) for line in clocks.read_text().splitlines()]
    assert [(one["rule"], one["clock"]) for one in lines] == [
        ("ship-48h", "ship-48h"), ("ship-by", "ship-by"),
        ("answer-24h", "answer-24h#r1"), ("answer-24h", "answer-24h#r2"), ("refund-7d", "refund-7d"),
    ]  # fmt: skip
    assert main(["backtest", "--policy", HOUSE, "--history", history]) == 0
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "2 cases, 3 events, 0 lines refused" in streams.err


def test_a_history_is_never_written_over(history: str, capsys: Streams) -> None:
    again = os.path.join(os.path.dirname(history), ".", os.path.basename(history))
    assert main(["backtest", "--policy", HOUSE, "--history", history, "--clocks", again]) == 2
    assert "--clocks" in capsys.readouterr().err and Path(history).read_text() == HISTORY


def test_backtest_tells_bad_lines_and_says_no(history: str, capsys: Streams) -> None:
    with open(history, "a") as file:
        file.write('{"id": "x"}\n')
    assert main(["backtest", "--policy", HOUSE, "--history", history, "--json"]) == 1
    streams = capsys.readouterr()
    assert json.loads(streams.out)["refused"] == 1
    assert streams.err.startswith(f"{history}:4: subject: ")


def test_names_that_nobody_declared_are_told(history: str, capsys: Streams) -> None:
    Path(history).write_text(HISTORY.replace('"ship_by"', '"ship_buy"'))
    assert main(["backtest", "--policy", HOUSE, "--history", history, "--json"]) == 0
    assert "facts.ship_buy (1)" in capsys.readouterr().err


def explain(history: str, *words: str) -> int:
    return main(["explain", "--policy", HOUSE, "--history", history, *words])


def test_explain_gives_json_or_lines(history: str, capsys: Streams) -> None:
    assert explain(history, "--case", "order/7", "--rule", "ship-48h", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["due"], told["version"]) == ("met_late", "2026-01-03T00:00:00Z", "house@1")
    assert told["intervals"] == [
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z", "counted": True, "why": "every hour counts"}
    ]
    assert explain(history, "--case", "order/7", "--rule", "ship-48h", "--lang", "zh") == 0
    streams = capsys.readouterr()
    assert (streams.out, "逾期完成" in streams.err) == ("", True)


def test_explain_tells_occurrences_apart(history: str, capsys: Streams) -> None:
    assert explain(history, "--case", "refund/8", "--rule", "answer-24h", "--json") == 2
    assert "--of (r1, r2)" in capsys.readouterr().err
    assert explain(history, "--case", "refund/8", "--rule", "answer-24h", "--of", "r2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "running"


NOT_THERE = [
    (["--case", "order/8", "--rule", "ship-48h"], 1, "no case order/8", "no such case"),
    (["--case", "order/7", "--rule", "refund-7d"], 1, "has no clock of refund-7d", "a rule for other cases"),
    (["--case", "order/7", "--rule", "ship-49h"], 2, "no rule 'ship-49h'", "no such rule"),
]


@pytest.mark.parametrize(("words", "code", "told", "why"), NOT_THERE, ids=[row[3] for row in NOT_THERE])
def test_explain_says_what_is_not_there(
    words: list[str], code: int, told: str, why: str, history: str, capsys: Streams
) -> None:
    assert explain(history, *words) == code
    assert told in capsys.readouterr().err


def test_diff_tells_what_would_change(history: str, tmp_path: Path, capsys: Streams) -> None:
    after = tmp_path / "after.yaml"
    after.write_text(Path(HOUSE).read_text().replace("hours: 48", "hours: 120"))
    assert main(["policy", "diff", HOUSE, str(after), "--history", history, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["rules"]
    assert told["ship-48h"] == {
        "status": {"met_late->met": 1}, "due_moved": 1,
        "steps_gained": {}, "steps_lost": {"breach": 1, "fine": 1, "nudge": 1}, "sellers": {"s": {"points": -2}},
    }  # fmt: skip
    assert told["ship-by"]["status"] == {}


def test_diff_of_policies_that_read_a_fact_differently_is_a_wrong_call(
    history: str, tmp_path: Path, capsys: Streams
) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(Path(HOUSE).read_text() + "declare: {facts: {tier: code}}\n")
    other.write_text(Path(HOUSE).read_text() + "declare: {facts: {tier: number}}\n")
    assert main(["policy", "diff", str(one), str(other), "--history", history]) == 2
    assert "the fact tier" in capsys.readouterr().err


def test_the_installed_command_reads_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chalicelib.cli.main", "backtest", "--policy", HOUSE, "--history", "-", "--json"],
        input=HISTORY, text=True, capture_output=True, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["cases"] == 2


def test_a_reader_that_leaves_early_is_no_error(history: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "chalicelib.cli.main", "policy", "show", HOUSE, "--json"],
        stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_overview_imports_no_command() -> None:
    code = "import sys; from chalicelib.cli.main import main; main(['--help']); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0
