"""What a platform is told at connecting: the names are those that its adapter reads, the checks say what is wanted."""

import re
from pathlib import Path

import pytest

from chalicelib.connections import connect
from chalicelib.connections.connect import Change, Request, modes_of
from chalicelib.connections.offers import COMMON, OFFERS, url_wanted
from chalicelib.core.signing import parse_secret
from chalicelib.core.words import MARKS, Group
from chalicelib.flow import silence
from chalicelib.ops.wrong import Clash, Wrong
from chalicelib.platforms.base import Shop
from chalicelib.platforms.registry import NAMES
from chalicelib.platforms.shopify.graphql import endpoint
from tests.support.opsdesk import Ops, each_break
from tests.support.world import World

LIB = Path(connect.__file__).resolve().parent.parent
HOOK = "https://hooks.example"


def every(mode: str) -> dict[str, str]:
    return {group.value: mode for group in Group}


def read_by(platform: str, what: str) -> set[str]:
    """Names that an adapter's sources read from `options` or `credentials`."""
    parts = {"dokan": ["dokan", "woocommerce"], "standard": ["standard.py"]}.get(platform, [platform])
    found: set[str] = set()
    for part in parts:
        path = LIB / "platforms" / part
        for source in [path] if path.is_file() else path.rglob("*.py"):
            found |= set(re.findall(rf'{what}(?:\.get\(|\[)"([a-z_]+)"', source.read_text()))
    return found


def test_every_platform_has_an_offer() -> None:
    assert set(OFFERS) == set(NAMES)


@pytest.mark.parametrize("platform", NAMES)
def test_the_options_and_credentials_offered_are_those_that_the_adapter_reads(platform: str) -> None:
    assert read_by(platform, "options") <= set(OFFERS[platform].options), "the adapter reads an option nobody may set"
    assert read_by(platform, "credentials") <= set(OFFERS[platform].credentials)


def test_options_of_every_connection_are_read_by_the_flow() -> None:
    sources = "".join(path.read_text() for path in (LIB / "flow").glob("*.py"))
    assert set(COMMON) == set(re.findall(r'options(?:\.get\(|\[)"([a-z_]+)"', sources))


@pytest.mark.parametrize("url", ["https://a.example", "https://a.example:8443/x?y=z", "http://127.0.0.1:8080/in",
                                 "http://localhost/in"])  # fmt: skip
def test_a_url_that_we_may_call(url: str) -> None:
    assert url_wanted(url) == ""


@pytest.mark.parametrize(
    "url",
    ["", "a.example", "http://a.example/", "ftp://a.example/", "https://", "https://u@a.example/", "https://a.example/\n",
     "https://a b.example/", "https://a.example\\@b.example/", "http://127.0.0.1.evil.example/", "https://\u00fc.example/",
     "https://a.example/" + "x" * 2000],
)  # fmt: skip
def test_a_url_that_we_may_not_call(url: str) -> None:
    assert url_wanted(url) != ""


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("demo.myshopify.com", True),
        ("https://Demo.myshopify.com/", True),
        ("demo.example", False),
        ("demo.myshopify.com.example", False),
        ("https://demo.myshopify.com@example", False),
        ("https://demo.myshopify.com/admin", False),
        ("http://demo.myshopify.com", False),
        ("", False),
    ],
)
def test_a_shopify_store_is_named_by_its_own_host_however_it_was_pasted(address: str, good: bool) -> None:
    assert (OFFERS["shopify"].address(address) == "") is good
    if good:
        assert endpoint(Shop("s", "shopify", address)).lower().startswith("https://demo.myshopify.com/admin/api/")


def test_a_secret_is_made_in_the_form_that_the_platform_signs_with() -> None:
    world = World()
    standard = connect.connect(world.ports, "main", Request("a", "standard"), HOOK, MARKS)
    assert len(parse_secret(standard.secret)) == 32
    woo = connect.connect(world.ports, "main", Request("b", "woocommerce", "https://woo.example"), HOOK, MARKS)
    assert re.fullmatch("[A-Za-z0-9]{50}", woo.secret)
    for made in (standard, woo):
        name = made.connection.name
        assert re.fullmatch(rf"main\.{name}\.[A-Za-z0-9_-]{{32}}", made.token)
        assert made.url == f"{HOOK}/hooks/{made.token}"
        assert made.secret not in repr(made) and made.token not in repr(made)


def test_a_name_is_taken_once() -> None:
    world = World()
    first = connect.connect(world.ports, "main", Request("a", "standard"), HOOK, MARKS)
    with pytest.raises(Clash):
        connect.connect(world.ports, "main", Request("a", "standard"), HOOK, MARKS)
    assert world.ports.connections.get("main", "a") == first.connection
    assert connect.connect(world.ports, "other", Request("a", "standard"), HOOK, MARKS).token != first.token


def test_modes_change_by_group_and_observe_where_nothing_is_said() -> None:
    held = modes_of({"shop": "act", "money": "advise"})
    assert held == {**every("observe"), "shop": "act", "money": "advise"}
    assert modes_of({"shop": "observe"}, held)["money"] == "advise"
    assert modes_of({"all": "act", "penalty": "advise"}, held) == {**every("act"), "penalty": "advise"}


def test_new_credentials_are_sealed_for_their_place_without_opening_the_old_ones() -> None:
    world = World()
    request = Request(
        "s", "shopify", "demo.myshopify.com", credentials={"access_token": "shpat_first_00"}, secret="x" * 8
    )
    made = connect.connect(world.ports, "main", request, HOOK, MARKS)
    after = connect.amend(world.ports, "main", "s", Change(credentials={"access_token": "shpat_second_0"}), MARKS)
    assert after.credentials not in (b"", made.connection.credentials)
    assert after.secrets == made.connection.secrets
    context = {"account": "main", "connection": "s", "what": "credentials"}
    assert world.ports.vault.decrypt(after.credentials, context) == b'{"access_token":"shpat_second_0"}'
    with pytest.raises(Wrong) as wrong:
        connect.amend(world.ports, "main", "s", Change(credentials={"access_token": "short"}), MARKS)
    assert "short" not in str(wrong.value)


def test_a_store_that_was_connected_is_watched_wherever_the_call_was_cut_off() -> None:
    said = {"platform": "standard"}
    for ops in each_break(lambda: Ops(World()), lambda ops: ops.ask("POST", "/connections/shop-9", said)):
        assert ops.world.ports.connections.get("main", "shop-9") is not None
        assert silence.heard(ops.world.ports, "main", "shop-9") is not None, "polled, or nobody ever hears of it"
