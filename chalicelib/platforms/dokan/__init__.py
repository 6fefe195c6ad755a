"""Dokan: WooCommerce with sellers. The shop sends WooCommerce's webhooks and none of its own; a basket of several
sellers is a parent that is skipped and children that are timed. Facts: the Dokan sheet and the WooCommerce sheet.

Options beside WooCommerce's: `seller_mail` (`pro`: mail through Dokan Pro's route; else the contact form of Lite, which
needs `contact_name` and `contact_email`). Credentials beside WooCommerce's: `wp_user`, `wp_app_password`, because
WooCommerce's keys are not honoured on Dokan's routes.
"""

from collections.abc import Mapping

from chalicelib.platforms.base import Adapter, Delivery, Lever, Read, Session, Shop, held_by
from chalicelib.platforms.keeping import Asking, Probes, Recent
from chalicelib.platforms.lazy import Lazy, lazily
from chalicelib.platforms.woocommerce import WooCommerce


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.dokan import levers, measures

    return {**WooCommerce.levers, **held_by("owner", {**levers.LEVERS, **measures.LEVERS})}


class Dokan(WooCommerce):
    """See `chalicelib.platforms.base.Adapter`."""

    name = "dokan"
    api = "REST API wc/v3 and dokan/v1, which have no end"
    looks = WooCommerce.looks | {"seller", "complaint"}
    levers: Mapping[str, Lever] = Lazy(_levers)

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        from chalicelib.platforms.dokan.sellers import DIALECT
        from chalicelib.platforms.woocommerce.read import read

        return read(delivery, shop, DIALECT)

    def recent(self, session: Session, count: int) -> Asking[Recent]:
        from chalicelib.platforms.dokan.sellers import part_of
        from chalicelib.platforms.woocommerce.sampling import recent

        return recent(session, count, part_of)

    look = lazily(Adapter.look, "dokan.looks")
    probe = lazily(Probes.probe, "dokan.probing")
