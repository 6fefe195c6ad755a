"""`redress connect`, `doctor`, `rotate` and `disconnect` on every platform, each against the fake of its API: what it
can be asked is asked, what it cannot is said, nothing is bad, and no secret is ever shown again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.core.calls import Call, Reply
from chalicelib.flow import checkup
from chalicelib.platforms.keeping import Probes, Samples, Subscribes, Tries
from chalicelib.platforms.registry import NAMES, adapter
from tests.fakes.bigcommerce import FakeStore
from tests.fakes.doudian import APP_KEY, APP_SECRET, SHOP, FakeDoudian
from tests.fakes.mirakl import FakeMirakl
from tests.fakes.saleor import FakeSaleor
from tests.fakes.shopify import FakeShopify
from tests.fakes.shopify import order as shopify_order
from tests.fakes.wechatpay import CREDENTIALS, MERCHANT, FakePay, ring
from tests.fakes.woocommerce import FakeShop
from tests.support.deployment import Deployment, Streams, run, serve
from tests.support.keeper import at_the_door
from tests.support.opsdesk import HOOK_URL
from tests.support.world import T0, World


@dataclass(frozen=True)
class Row:
    """A platform's far end, with an order or complaint where that is easily made, and what connects it."""

    fake: Any
    address: str
    credentials: Mapping[str, str]
    secret: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def _woo(**more: str) -> Row:
    fake = FakeShop(now=T0, key="ck_0123456789", secret="cs_0123456789")
    fake.order()
    keys = {"consumer_key": fake.key, "consumer_secret": fake.secret}
    return Row(
        fake, "https://shop.example", {**keys, **more}, options={"contact_name": "Ops", "contact_email": "o@x.io"}
    )


def row(platform: str) -> Row:
    if platform == "woocommerce":
        made = _woo()
        return Row(made.fake, made.address, made.credentials)
    if platform == "dokan":
        return _woo(wp_user="ops", wp_app_password="abcd efgh")
    if platform == "shopify":
        shop = FakeShopify().add(shopify_order(1001))
        return Row(shop, "demo.myshopify.com", {"access_token": shop.token}, "shpss_0123456789")
    if platform == "bigcommerce":
        store = FakeStore()
        store.order()
        return Row(store, "abcde", {"access_token": store.token}, "client-secret-0123 header-secret-0123")
    if platform == "saleor":
        saleor = FakeSaleor()
        saleor.order()
        return Row(saleor, saleor.address, {"access_token": saleor.token}, "webhook-secret-0123")
    if platform == "mirakl":
        mirakl = FakeMirakl()
        mirakl.order()
        return Row(mirakl, mirakl.base, {"api_key": mirakl.key}, options={"refund_reason": "21"})
    if platform == "doudian":
        return Row(FakeDoudian(), SHOP, {"app_secret": APP_SECRET}, APP_SECRET, {"app_key": APP_KEY})
    if platform == "wechatpay":
        return Row(FakePay(), MERCHANT, CREDENTIALS, ring())
    assert platform == "standard"
    return Row(None, "", {})


class Far(Deployment):
    """A deployment with one platform at the other end."""

    def __init__(self, one: Row) -> None:
        self.row = one
        world = World()
        world.shop.answer = self._send
        super().__init__(world)

    def _send(self, call: Call) -> Reply:
        if call.url.startswith(HOOK_URL):
            return at_the_door(self.world, call)
        self.row.fake.now = self.world.clock.now()
        if isinstance(self.row.fake, FakeShopify):
            # Its bucket fills with time, which does not pass here.
            self.row.fake.available = self.row.fake.most
        reply: Reply = self.row.fake.send(call)
        return reply


@pytest.fixture(params=NAMES)
def far(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[str, Far]]:
    made = Far(row(request.param))
    serve(made, monkeypatch, tmp_path)
    yield request.param, made
    made.close()


def words(platform: str, one: Row) -> list[str]:
    said = ["connect", platform, "--name", "there", "--no-ask"]
    said += ["--address", one.address] if one.address else []
    said += ["--secret", one.secret] if one.secret else []
    for flag, given in (("--credential", one.credentials), ("--option", one.options)):
        for name, value in given.items():
            said += [flag, f"{name}={value}"]
    return said


def test_the_life_of_a_connection(far: tuple[str, Far], capsys: Streams) -> None:
    platform, there = far
    one = adapter(platform)
    made = run(capsys, *words(platform, there.row))
    steps = {step["task"]: step for step in made["steps"]}
    assert not [step for step in steps.values() if step["bad"]]
    for task, kind in (("probe", Probes), ("sample", Samples), ("subscriptions", Subscribes)):
        assert steps[task]["told"]["offered"] is isinstance(one, kind), task
    if steps["trial"]["told"]["offered"]:
        assert isinstance(one, Tries) and steps["trial"]["told"]["arrived"]
    assert set(made["connection"]["modes"].values()) == {"observe"}

    assert main(["doctor", "there"]) in (0, 1)
    told = capsys.readouterr().err
    assert "bad   access" not in told and "bad   subscriptions" not in told and "bad   trial" not in told

    secret = there.row.secret
    turned = run(capsys, "rotate", "there", *(["--secret", secret] if secret else []))
    assert turned["renews"] is isinstance(one, Subscribes)
    moved = run(capsys, "rotate", "there", "--new-address", *(["--secret", secret] if secret else []))
    assert "renewed" not in moved or moved["renewed"]["state"] == "done"

    left = run(capsys, "disconnect", "there")
    assert left["active"] is False and left["left"]["told"]["offered"] is isinstance(one, Subscribes)

    secrets = {made["secret"], turned["secret"], moved["secret"]}
    credentials = {*there.row.credentials.values()} - {"ops"}
    kept = str([dict(entry.data) for entry in there.world.ports.records("main").query(checkup.KIND)])
    assert not [canary for canary in secrets | credentials if canary in kept + told]
    assert not [canary for canary in credentials - secrets if canary in "".join(there.ops.texts)]
