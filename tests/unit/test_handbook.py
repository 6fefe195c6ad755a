"""docs/handbook.md holds what it says: each policy on the page is read, and the tests below it are run on it."""

import re
from pathlib import Path

import pytest

from chalicelib.core.calendar_data import shipped
from chalicelib.core.calendars import Calendar, Calendars
from chalicelib.core.compiled import CLASSES
from chalicelib.core.words import ACTIONS
from chalicelib.rules import lengths, models, moments
from chalicelib.rules.fields import Shape
from chalicelib.rules.packs_page import NAMES, rules_of
from chalicelib.rules.reader import read_file
from chalicelib.rules.trials import run_file

PAGE = (Path(__file__).parents[2] / "docs" / "handbook.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml policy\n(.*?)```\n\n```yaml tests\n(.*?)```", PAGE, re.DOTALL)
OFFICE = Calendar("OFFICE", "Asia/Shanghai", {"mon-sun": ["09:00-18:00"]})
CALENDARS = Calendars({"OFFICE": OFFICE}, find=shipped)


def named(block: tuple[str, str]) -> str:
    return block[0].partition("\n")[0]


def test_every_policy_on_the_page_has_its_tests() -> None:
    assert len(BLOCKS) == PAGE.count("```yaml policy\n") == PAGE.count("```yaml tests\n") == 9


@pytest.mark.parametrize("block", BLOCKS, ids=named)
def test_the_examples_hold(block: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(block[0], encoding="utf-8")
    (tmp_path / "tests.yaml").write_text(f"policies: policy.yaml\n{block[1]}", encoding="utf-8")
    outcome = run_file(tmp_path / "tests.yaml", CALENDARS)
    assert outcome.problems == ()
    assert outcome.tests > 0


def test_the_page_names_every_action_and_every_field() -> None:
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]*)`", PAGE))))
    assert set(ACTIONS) - told == set()
    shapes = [one for module in (models, lengths, moments) for one in vars(module).values() if isinstance(one, type)]
    fields = {
        field.alias or name
        for shape in shapes
        if issubclass(shape, Shape)
        for name, field in shape.model_fields.items()
    }
    assert fields - told == set()


def test_each_rule_that_shows_an_ability_is_on_the_page_or_in_a_pack() -> None:
    table = PAGE.partition("## Where each ability is shown")[2].partition("\n## ")[0]
    shown = set(re.findall(r"`([a-z0-9-]+)`", table)) - {"bounds"}
    known = set(re.findall(r"\bid: ([a-z0-9-]+)", "".join(policy for policy, _ in BLOCKS)))
    known |= {str(rule["id"]) for name in NAMES for rule in rules_of(name)}
    assert len(shown) > 20
    assert shown - known == set()


def test_the_page_uses_every_ability(tmp_path: Path) -> None:
    used: set[str] = set()
    for index, (policy, _) in enumerate(BLOCKS):
        path = tmp_path / f"{index}.yaml"
        path.write_text(policy, encoding="utf-8")
        used |= {name for name in CLASSES if f"{CLASSES[name].__name__}(" in repr(read_file(path, calendars=CALENDARS))}
    assert set(CLASSES) - used == set()
