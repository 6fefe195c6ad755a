"""The adapters by name: to add a platform is one module, its fixtures, and one row here."""

from chalicelib.platforms.base import Adapter

_MADE: dict[str, Adapter] = {}


def adapter(name: str) -> Adapter:
    """The one adapter of a platform. Raises KeyError for a name that is not a platform.

    Imported when asked for: the hook serves one connection at a time and must start fast.
    """
    made = _MADE.get(name)
    if made is None:
        made = _MADE[name] = _make(name)
    return made


def _make(name: str) -> Adapter:
    if name == "standard":
        from chalicelib.platforms.standard import Standard

        return Standard()
    if name == "shopify":
        from chalicelib.platforms.shopify import Shopify

        return Shopify()
    if name == "woocommerce":
        from chalicelib.platforms.woocommerce import WooCommerce

        return WooCommerce()
    if name == "dokan":
        from chalicelib.platforms.dokan import Dokan

        return Dokan()
    if name == "wechatpay":
        from chalicelib.platforms.wechatpay import WechatPay

        return WechatPay()
    if name == "doudian":
        from chalicelib.platforms.doudian import Doudian

        return Doudian()
    if name == "bigcommerce":
        from chalicelib.platforms.bigcommerce import BigCommerce

        return BigCommerce()
    if name == "saleor":
        from chalicelib.platforms.saleor import Saleor

        return Saleor()
    if name == "mirakl":
        from chalicelib.platforms.mirakl import Mirakl

        return Mirakl()
    raise KeyError(name)


NAMES = ("standard", "shopify", "woocommerce", "dokan", "wechatpay", "doudian", "bigcommerce", "saleor", "mirakl")


def add(made: Adapter) -> None:
    """Know one more platform in this process: a deployment's own, or one that a simulation plays."""
    _MADE[made.name] = made
