"""What the pages tell people to type can be typed, and what they point to is there."""

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.cli.main import commands
from chalicelib.core.words import FACTS, MARKS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

OPEN = re.compile(r"\.\.\.|…|[\[\]|]")
"""An ellipsis, or alternatives: not a whole command."""


def blocks(text: str) -> Iterator[str]:
    """The commands in fenced blocks, a continued one on one line, without its comment."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if line.startswith(("redress ", ".venv/bin/redress ")):
                yield re.split(r"\s+#", line)[0]


def mentions(text: str) -> Iterator[str]:
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for found in re.findall(r"`(redress [^`]+)`", outside):
        yield " ".join(found.split())


def parser_of(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of the command that the words begin with, and the words that are left for it."""
    known = commands()
    for length in (2, 1):
        if name := known.get(tuple(words[:length])):
            parser = argparse.ArgumentParser(prog=" ".join(["redress", *words[:length]]), allow_abbrev=False)
            importlib.import_module(f"chalicelib.cli.{name}").register(parser)
            return parser, words[length:]
    raise AssertionError(f"no such command: redress {' '.join(words)}")


@pages
def test_a_command_in_a_block_can_be_typed(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in blocks(page.read_text(encoding="utf-8")):
        words = shlex.split(line)[1:]
        if OPEN.search(line) and words[0] in {one[0] for one in commands()}:
            continue
        parser, rest = parser_of(words)
        try:
            parser.parse_args(rest)
        except SystemExit:
            pytest.fail(f"{line}\n{capsys.readouterr().err}")


@pages
def test_a_command_that_is_spoken_of_exists_with_its_options(page: Path) -> None:
    groups = {one[0] for one in commands() if len(one) > 1}
    for line in mentions(page.read_text(encoding="utf-8")):
        words = line.split()[1:]
        if OPEN.search(" ".join(words[1:2])) and words[0] in groups:
            continue
        parser, rest = parser_of([re.sub(r"[^a-z-].*", "", word) for word in words[:2]] + words[2:])
        wanted = {word.partition("=")[0] for word in re.findall(r"--[a-z-]+", " ".join(rest))}
        assert wanted <= set(parser._option_string_actions), line


@pages
def test_what_a_page_points_to_is_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [one for one in targets if not (page.parent / one).exists()] == []


def test_the_page_on_the_wire_names_every_word() -> None:
    said = set(re.findall(r"`([a-z_.]+)`", (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")))
    assert (MARKS | set(FACTS)) - said == set()
    dotted = {one for one in said if one.split(".")[0] in {mark.split(".")[0] for mark in MARKS} and "." in one}
    assert dotted <= MARKS, "no mark that is none"


def test_the_reader_of_pages_sees_what_is_wrong() -> None:
    text = "```\nredress held \\\n   --json   # all\nother x\n```\nand `redress stop\nrule:X`."
    assert (list(blocks(text)), list(mentions(text))) == (["redress held  --json"], ["redress stop rule:X"])
    with pytest.raises(AssertionError, match="no such command"):
        parser_of(["hold"])
