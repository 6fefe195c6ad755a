"""What docs/calendars.md shows is what happens: its examples are run, its overlay is built with its own command."""

import doctest
import re
from datetime import date
from pathlib import Path

import pytest

from chalicelib.cli.main import main
from chalicelib.core.calendar_data import load

PAGE = Path(__file__).resolve().parents[2] / "docs" / "calendars.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_examples_say_what_they_give() -> None:
    text = "\n".join(blocks("pycon"))
    example = doctest.DocTestParser().get_doctest(text, {}, "calendars.md", str(PAGE), 0)
    told: list[str] = []
    result = doctest.DocTestRunner().run(example, out=told.append)
    assert result.attempted > 15
    assert result.failed == 0, "".join(told)


def test_the_overlay_is_built_with_the_command_that_stands_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (overlay,) = blocks("yaml")
    Path("2027.yaml").write_text(overlay)
    for command in blocks("console"):
        program, *words = command.split()
        assert (program, main(words)) == ("redress", 0)
    made = load(Path("CN.json").read_bytes())
    assert made.known_until == date(2027, 12, 31)
    assert made.why(date(2027, 2, 8)) == "holiday: Spring Festival"
    assert made.kind(date(2027, 2, 14)) == "make-up"
    assert not made.bounds(lambda c: c.add_working_days(date(2026, 12, 25), 7)).provisional
    assert load(Path("CH-ZH.json").read_bytes()).zone == "Europe/Zurich"
