"""The three demo shops, and what Redress is told about each when it is connected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from examples.demo.letters import Address
from examples.demo.shops.books import DemoShop
from examples.demo.shops.dokan import MAPPING, OPTIONS, DokanShop
from examples.demo.shops.shopify import ShopifyShop
from examples.demo.shops.standard import StandardShop

SHOPS: Mapping[str, type[DemoShop]] = {
    "standard": StandardShop, "shopify": ShopifyShop, "dokan": DokanShop, "woocommerce": DokanShop,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One shop of the demo. `credentials`: names of those that it gives us; their values are made at random.

    `secret`: whether the platform chooses the secret of its webhooks, so that the demo has to.
    """

    name: str
    platform: str
    credentials: tuple[str, ...] = ()
    secret: bool = False
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def address(self, base: str) -> str:
        return f"{base}/{self.name}"

    def options_at(self, base: str) -> dict[str, str]:
        """The options of its connection; a `standard` shop says where it is called."""
        if self.platform != "standard":
            return dict(self.options)
        return {"actions_url": f"{base}/{self.name}/actions", "look_url": f"{base}/{self.name}/look"}


CAST = (
    Part("tea-house", "standard"),
    Part("blue-kiln", "shopify", ("access_token",), secret=True),
    Part(
        "bazaar", "dokan", ("consumer_key", "consumer_secret", "wp_user", "wp_app_password"), mapping=MAPPING,
        options=OPTIONS,
    ),
)  # fmt: skip


def shop(
    part: Part, hook: str, base: str, secret: str, credentials: Mapping[str, str], now: Callable[[], datetime]
) -> DemoShop:
    """A shop of the cast, ready to play. `hook`: where its webhooks go; `base`: where it is called itself."""
    address = Address(part.platform, hook, part.address(base), secret)
    return SHOPS[part.platform](part.name, address, credentials, now)
