"""The page of levers is current, and every lever keeps the promises of its declaration."""

from pathlib import Path

import pytest

from chalicelib.core.words import ACTIONS
from chalicelib.platforms import registry
from chalicelib.platforms.page import page

ROOT = Path(__file__).resolve().parents[2]
LEVERS = [(name, action) for name in registry.NAMES for action in registry.adapter(name).levers]


def test_the_page_is_current() -> None:
    wanted = page()
    assert (ROOT / "docs" / "platforms.md").read_text() == wanted, (
        "python -m chalicelib.platforms.page > docs/platforms.md"
    )


@pytest.mark.parametrize(("platform", "action"), LEVERS)
def test_a_lever_declares_what_the_shell_relies_on(platform: str, action: str) -> None:
    levers = registry.adapter(platform).levers
    lever = levers[action]
    assert lever.action == action and action in ACTIONS
    assert lever.find is not None or lever.repeat != "findable", "a findable lever says how to find"
    if lever.reverse == "exact":
        assert lever.undo in levers, "what can be taken back exactly has the lever that does it"
    if action == "refund":
        assert lever.repeat != "never" and lever.reverse == "none", "money goes out once, and is not undone"


@pytest.mark.parametrize("platform", registry.NAMES)
def test_an_adapter_is_named_as_it_is_registered(platform: str) -> None:
    assert registry.adapter(platform).name == platform
