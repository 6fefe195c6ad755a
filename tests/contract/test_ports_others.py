"""The contracts of blobs, bus, vault and connections, in memory and on AWS alike."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.ports.stores import Conflict, Connection, SealedSecret
from tests.contract.worlds import NOW, World


def test_blobs_come_back_and_are_replaced(world: World) -> None:
    key = f"raw/{world.account}/2026/x"
    world.blobs.put(key, b"\x00one\xff")
    assert world.blobs.get(key) == b"\x00one\xff"
    world.blobs.put(key, b"")
    assert world.blobs.get(key) == b""


def test_an_absent_blob_is_a_key_error(world: World) -> None:
    with pytest.raises(KeyError, match="nothing"):
        world.blobs.get(f"inbox/{world.account}/nothing")


def test_keys_come_in_order_and_under_their_prefix_alone(world: World) -> None:
    prefix = f"journal/{world.account}/"
    for name in ("b", "a/2", "a/10", "Z", "ä"):
        world.blobs.put(prefix + name, b"x")
    world.blobs.put(f"journal/{world.account}x/a", b"x")
    assert list(world.blobs.keys(prefix)) == [prefix + name for name in ("Z", "a/10", "a/2", "b", "ä")]
    assert list(world.blobs.keys(prefix + "a/")) == [prefix + "a/10", prefix + "a/2"]
    assert list(world.blobs.keys(prefix + "none")) == []
    assert list(world.blobs.keys(prefix, prefix + "a/10")) == [prefix + name for name in ("a/2", "b", "ä")]
    assert list(world.blobs.keys(prefix, prefix + "a/1")) == [prefix + name for name in ("a/10", "a/2", "b", "ä")]
    assert list(world.blobs.keys(prefix + "a/", "raw/elsewhere")) == []


@pytest.mark.parametrize("key", ["", "raw", "/raw/x", "other/x"])
def test_a_key_whose_life_nobody_declared_is_refused(world: World, key: str) -> None:
    for call in (lambda: world.blobs.put(key, b"x"), lambda: world.blobs.get(key), lambda: list(world.blobs.keys(key))):
        with pytest.raises(ValueError, match="blob key"):
            call()


EVENT: dict[str, Any] = {
    "specversion": "1.0", "id": "e-1", "source": "redress/main/shop-1", "type": "redress.clock.breached",
    "data": {"summary": {"zh": "逾期"}},
}  # fmt: skip


def test_the_bus_takes_more_than_one_batch(world: World) -> None:
    world.bus.put([{**EVENT, "id": f"e-{number}"} for number in range(25)])
    world.bus.put([])


def test_what_is_not_json_never_reaches_the_bus(world: World) -> None:
    with pytest.raises(ValueError, match="JSON"):
        world.bus.put([{**EVENT, "data": float("nan")}])


PLACE = {"account": "main", "connection": "shop-1"}


def test_a_secret_opens_in_its_own_place(world: World) -> None:
    for secret in (b"s", b"whsec_\x00\xff" * 400):
        sealed = world.vault.encrypt(secret, PLACE)
        assert secret not in sealed or len(secret) == 1
        assert world.vault.decrypt(sealed, dict(reversed(PLACE.items()))) == secret


@pytest.mark.parametrize("place", [{**PLACE, "connection": "shop-2"}, {"account": "main"}, {}, {**PLACE, "more": "x"}])
def test_a_secret_does_not_open_in_another_place(world: World, place: dict[str, str]) -> None:
    sealed = world.vault.encrypt(b"secret", PLACE)
    with pytest.raises(ValueError, match="not sealed for this place"):
        world.vault.decrypt(sealed, place)


def test_a_secret_that_was_tampered_with_does_not_open(world: World, request: pytest.FixtureRequest) -> None:
    if "endpoint" in request.node.name:
        pytest.skip("a local engine's KMS opens what was tampered with")
    sealed = world.vault.encrypt(b"secret", PLACE)
    with pytest.raises(ValueError, match="not sealed for this place"):
        world.vault.decrypt(sealed[:-1] + bytes([sealed[-1] ^ 1]), PLACE)


@pytest.mark.parametrize("size", [0, 4097])
def test_a_secret_of_a_size_that_cannot_be_sealed_is_refused(world: World, size: int) -> None:
    with pytest.raises(ValueError, match=f"found {size} bytes, wanted 1 to 4096"):
        world.vault.encrypt(b"x" * size, PLACE)
    assert world.vault.decrypt(world.vault.encrypt(b"x" * 4096, PLACE), PLACE) == b"x" * 4096


def connection(account: str, name: str = "shop-1") -> Connection:
    return Connection(
        account, name, "shopify", "ab" * 32, (SealedSecret(b"\x01new"), SealedSecret(b"\x01old", NOW)), b"", "https://demo.example",
        {"order.shipped": ("wc-sent", "wc-gone")}, {"plan": "plus"}, {"tell": "act"},
        NOW + timedelta(milliseconds=5), False, hook=b"\x01sealed",
    )  # fmt: skip


def test_a_connection_comes_back_whole(world: World) -> None:
    assert world.connections.get(world.account, "shop-1") is None
    stored = world.connections.put(connection(world.account))
    assert stored == replace(connection(world.account), version=1)
    assert world.connections.get(world.account, "shop-1") == stored
    plain = world.connections.put(Connection(world.account, "plain", "standard", ""))
    assert world.connections.get(world.account, "plain") == plain


def test_a_connection_is_written_over_the_version_that_was_read(world: World) -> None:
    first = world.connections.put(connection(world.account))
    second = world.connections.put(replace(first, secrets=(SealedSecret(b"rotated"),), acts_from=None))
    assert (second.version, world.connections.get(world.account, "shop-1")) == (2, second)
    for stale in (connection(world.account), first, replace(second, version=3)):
        with pytest.raises(Conflict):
            world.connections.put(stale)
    assert world.connections.get(world.account, "shop-1") == second


def test_names_are_those_of_the_account_in_order(world: World) -> None:
    for name in ("b", "a", "c"):
        world.connections.put(connection(world.account, name))
    world.connections.put(connection(world.other, "d"))
    assert list(world.connections.names(world.account)) == ["a", "b", "c"]
    assert list(world.connections.names("nobody")) == []


@pytest.mark.parametrize(("account", "name"), [("a:b", "c"), ("a", "b:c"), ("", "c"), ("a", ""), ("a", "B")])
def test_a_name_that_would_blur_two_keys_is_refused(world: World, account: str, name: str) -> None:
    with pytest.raises(ValueError, match="found"):
        world.connections.get(account, name)
    with pytest.raises(ValueError, match="found"):
        world.connections.put(connection(account, name))
