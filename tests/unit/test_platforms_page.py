"""The page of levers is current, and every lever keeps the promises of its declaration."""

from pathlib import Path

import pytest

from chalicelib.core.words import ACTIONS
from chalicelib.platforms import registry
from chalicelib.platforms.base import Versioned
from chalicelib.platforms.nearest import NEAREST, nearest
from chalicelib.platforms.page import page
from chalicelib.platforms.shopify.documents import API_VERSION
from chalicelib.platforms.shopify.probing import sunset

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
    assert lever.call and lever.needs, "people read what is called, and what it takes"
    assert lever.find is not None or lever.repeat != "findable", "a findable lever says how to find"
    if lever.reverse == "exact":
        assert lever.undo in levers, "what can be taken back exactly has the lever that does it"
    if action == "refund":
        assert lever.repeat != "never" and lever.reverse == "none", "money goes out once, and is not undone"


def test_the_page_tells_of_each_lever_all_that_its_declaration_says() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(LEVERS)
    assert all(len(line.split(" | ")) == 7 for line in rows), "a call or a text with a bar would shift the columns"


@pytest.mark.parametrize("platform", registry.NAMES)
def test_what_a_platform_does_not_offer_has_its_nearest_or_is_a_person_s(platform: str) -> None:
    levers, section = registry.adapter(platform).levers, page().split(f"## {platform}\n")[1].split("\n## ")[0]
    for action in NEAREST:
        if action not in levers:
            line = next(one for one in section.splitlines() if one.startswith("- No lever") and f"`{action}`" in one)
            near = nearest(action, levers)
            assert f"`{near}`" in line if near else "by hand" in line
            assert near in ("", *levers)


def test_nothing_stands_for_itself_and_all_that_is_named_is_an_action() -> None:
    for action, others in NEAREST.items():
        assert action in ACTIONS and action not in others and set(others) <= set(ACTIONS)


@pytest.mark.parametrize("platform", registry.NAMES)
def test_each_adapter_says_which_version_it_is_written_for_and_until_when_that_is_served(platform: str) -> None:
    adapter = registry.adapter(platform)
    assert isinstance(adapter, Versioned) and f"- API: {adapter.api}." in page()
    if platform == "shopify":
        assert API_VERSION in adapter.api and str(sunset(API_VERSION)) in adapter.api


@pytest.mark.parametrize("platform", registry.NAMES)
def test_an_adapter_is_named_as_it_is_registered(platform: str) -> None:
    assert registry.adapter(platform).name == platform
