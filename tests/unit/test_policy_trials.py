"""Rule tests that ops write: what holds is counted, what differs is told with its line, what cannot be read too."""

import json
from pathlib import Path

import pytest

from chalicelib.cli.main import main
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.trials import run_file

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "examples" / "policies" / "tests" / "house.yaml"
POLICY = """\
policy: demo
declare: {marks: [order.packed], facts: {tier: {type: code, default: basic}, gift: flag, weight: number}}
rules:
  - id: pack
    applies_to: order
    clock: {start: order.paid, stop: order.packed, limit: {hours: 10}}
    steps: [{id: eve, at: due - 1h, do: note}, {id: breach, at: due, do: alert}]
"""
GOOD = """\
policies: demo.yaml
tests:
  - name: packed late
    history:
      - {at: 2026-03-02T00:00:00Z, marks: [order.paid], facts: {gift: true, weight: 1.5, seller: s}}
      - {at: 2026-03-02T11:00:00Z, marks: [order.packed]}
    expect: {rule: pack, status: met_late, due: 2026-03-02T10:00:00Z, steps: [eve, breach]}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "demo.yaml").write_text(POLICY, encoding="utf-8")
    path = folder / "demo.tests.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_tests_beside_the_examples_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", str(HOUSE), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"passed": 4, "failed": 0, "errors": []}


def test_what_holds_is_counted(tmp_path: Path) -> None:
    outcome = run_file(write(tmp_path, GOOD))
    assert (outcome.tests, outcome.failed, outcome.problems) == (1, 0, ())


DIFFERS = [
    ("status: met_late", "status: met", (7, "tests[0].expect[0].status", "met_late", "met (packed late)"), "a status"),
    ("T10:00:00Z, steps", "T09:00:00Z, steps",
     (7, "tests[0].expect[0].due", "2026-03-02T10:00:00Z", "2026-03-02T09:00:00Z (packed late)"), "a due"),
    ("[eve, breach]", "[breach, eve]", (7, "tests[0].expect[0].steps", "eve, breach", "breach, eve (packed late)"),
     "the order of steps"),
    ("[eve, breach]", "[]", (7, "tests[0].expect[0].steps", "eve, breach", "no step (packed late)"), "steps at all"),
    ("[eve, breach]", "{eve: 2026-03-02T09:00:00Z}", (7, "tests[0].expect[0].steps",
     "eve 2026-03-02T09:00:00Z, breach 2026-03-02T10:00:00Z", "eve 2026-03-02T09:00:00Z (packed late)"),
     "the instants of steps"),
    ("steps: [eve, breach]", "due_day: 2026-03-02", (7, "tests[0].expect[0].due_day", "nothing",
     "2026-03-02 (packed late)"), "a day where there is none"),
    ("rule: pack,", "rule: pack, exists: false,", (7, "tests[0].expect[0]", "pack", "no clock pack (packed late)"),
     "a clock that there is"),
    ("rule: pack,", "rule: 'pack#a',", (7, "tests[0].expect[0]", "pack", "a clock pack#a (packed late)"),
     "a clock that there is not"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told", "why"), DIFFERS, ids=[row[3] for row in DIFFERS])
def test_what_differs_is_told_with_its_line(
    old: str, new: str, told: tuple[int, str, str, str], why: str, tmp_path: Path
) -> None:
    assert old in GOOD
    outcome = run_file(write(tmp_path, GOOD.replace(old, new)))
    assert outcome.failed == 1
    assert [(one.line, one.field, one.found, one.wanted) for one in outcome.problems] == [told]


MISTAKES = [
    ("policies: demo.yaml", "policies: demmo.yaml",
     (1, "policies[0]", "a file beside this one, or a pack"), "no policy"),
    ("rule: pack", "rule: pakc", (7, "tests[0].expect.rule",
     "a rule of these policies, or RULE#OF, did you mean pack?"), "no rule"),
    ("order.packed]}", "order.paked]}", (6, "tests[0].history[1].marks[0]",
     "a known mark, did you mean order.packed?"), "no mark"),
    ("status: met_late", "status: late", (7, "tests[0].expect.status",
     "one of waiting, running, paused, met, met_late, breached, void, did you mean met_late?"), "no status"),
    ("00:00:00Z, marks", "00:00:00, marks", (5, "tests[0].history[0].at",
     "an instant with a zone, such as 2026-11-20T10:00:00+08:00"), "no zone"),
    ("  - name: packed late\n", "  - nam: packed late\n", (3, "tests[0].nam",
     "one of name, case, now, history, expect, did you mean name?"), "a key misspelt"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told", "why"), MISTAKES, ids=[row[3] for row in MISTAKES])
def test_a_file_that_cannot_be_read_is_told_so(
    old: str, new: str, told: tuple[int, str, str], why: str, tmp_path: Path
) -> None:
    assert old in GOOD
    with pytest.raises(Mistakes) as caught:
        run_file(write(tmp_path, GOOD.replace(old, new)))
    assert told in [(one.line, one.field, one.wanted) for one in caught.value.problems]


MANY = """\
policies: demo.yaml
tests:
  - name: all sorts
    history:
      - at: 2026-03-02T00:00:00Z
        marks: {name: order.packed, value: ten}
        facts:
          weigth: 1.5
          weight: heavy
          presale: 1
      - {at: soon, facts: {country: china}}
    expect:
      rule: pack
      status: late
  - name: 5
    history: {at: 2026-03-02T00:00:00Z, facts: {amount: a lot}}
    expect: []
"""


def test_all_mistakes_of_a_file_make_one_report(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        run_file(write(tmp_path, MANY))
    assert [(one.line, one.field) for one in caught.value.problems] == [
        (6, "tests[0].history[0].marks.value"),
        (8, "tests[0].history[0].facts.weigth"),
        (9, "tests[0].history[0].facts.weight"),
        (10, "tests[0].history[0].facts.presale"),
        (11, "tests[0].history[1].at"),
        (11, "tests[0].history[1].facts.country"),
        (14, "tests[0].expect.status"),
        (16, "tests[1].history.facts.amount"),
        (17, "tests[1].expect"),
    ]
    by_line = {one.line: one for one in caught.value.problems}
    assert (by_line[8].found, by_line[8].wanted) == ("'weigth'", "a known fact, did you mean weight?")
    assert (by_line[9].found, by_line[9].wanted) == ("'heavy'", "a number")


def test_mistakes_of_a_file_and_of_its_policies_are_told_together(tmp_path: Path) -> None:
    """Words that a policy may declare, which cannot be read, are no mistakes yet."""
    text = GOOD.replace("status: met_late", "status: late").replace(
        "policies: demo.yaml", "policies: [demo.yaml, x.yaml]"
    )
    path = write(tmp_path, text)
    (tmp_path / "demo.yaml").write_text(POLICY.replace("hours: 10", "hours: ten"), encoding="utf-8")
    with pytest.raises(Mistakes) as caught:
        run_file(path)
    assert [(Path(one.file).name, one.line, one.field) for one in caught.value.problems] == [
        ("demo.tests.yaml", 1, "policies[1]"),
        ("demo.tests.yaml", 7, "tests[0].expect.status"),
        ("demo.yaml", 6, "rules[0].clock.limit.hours"),
    ]


def test_a_policy_whose_name_no_file_can_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        run_file(write(tmp_path, GOOD.replace("policies: demo.yaml", f"policies: {'x' * 300}")))
    assert [one.field for one in caught.value.problems] == ["policies[0]"]


def test_the_mistakes_of_its_policies_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GOOD)
    (tmp_path / "demo.yaml").write_text(POLICY.replace("hours: 10", "hours: ten"), encoding="utf-8")
    assert main(["policy", "test", str(path), str(HOUSE), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["failed"]) == (4, 0)
    assert [(Path(one["file"]).name, one["line"]) for one in told["errors"]] == [("demo.yaml", 6)]
    assert main(["policy", "test", str(tmp_path / "none.yaml")]) == 2
