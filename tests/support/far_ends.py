"""The far end of each platform, by its fake: with an order where that is easily made, and what connects it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.bigcommerce import FakeStore
from tests.fakes.doudian import APP_KEY, APP_SECRET, SHOP, FakeDoudian
from tests.fakes.mirakl import FakeMirakl
from tests.fakes.saleor import FakeSaleor
from tests.fakes.shopify import FakeShopify
from tests.fakes.shopify import order as shopify_order
from tests.fakes.wechatpay import CREDENTIALS, MERCHANT, FakePay, ring
from tests.fakes.woocommerce import FakeShop
from tests.support.world import T0


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
    assert platform == "standard", f"{platform} has no far end here yet"
    return Row(None, "", {})
