"""What is peculiar to WooCommerce and Dokan, from the request to the cases: the ping, delivery ids that repeat, signed
error objects, parents with sub-orders. Facts: the sheets of both, sections 1, 2 and 5."""

from typing import Any

import pytest

from tests.support.deliveries import ROWS
from tests.support.delivery import Told, load
from tests.support.gate import Gate

HEAD = {"x-wc-webhook-source": "https://shop.example/", "x-wc-webhook-topic": "order.updated"}
FORM = "application/x-www-form-urlencoded"
ORDER = load("woocommerce/order")
both = pytest.mark.parametrize("platform", ["woocommerce", "dokan"])


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {**ORDER, "id": number, "number": str(number), **changes}


@both
def test_two_orders_of_one_second_under_one_delivery_id_both_count(platform: str) -> None:
    there = Gate(platform, ROWS[platform])
    same = {**HEAD, "x-wc-webhook-id": "3", "x-wc-webhook-delivery-id": "0a1b2c3d"}
    there.tell(Told(order(71), same), Told(order(72), same), Told(order(71, total="1.00"), same))
    assert {"order/71", "order/72"} == set(there.cases())
    assert there.quarantined() == 0


@both
def test_the_ping_is_answered_and_asks_nothing(platform: str) -> None:
    there = Gate(platform, ROWS[platform])
    answer = there.send(b"webhook_id=7", {"content-type": FORM})
    assert answer["statusCode"] == 200 and not there.taken()
    assert there.send(b"webhook_id=7&status=completed", {"content-type": FORM})["statusCode"] == 401


@both
def test_a_signed_error_object_is_accepted_and_kept_for_a_person(platform: str) -> None:
    there = Gate(platform, ROWS[platform])
    error = {"code": "woocommerce_rest_cannot_view", "message": "Sorry, Ada", "data": {"status": 401}}
    there.tell(Told(error, HEAD))
    assert there.cases() == {} and there.quarantined() == 1


def test_of_a_split_basket_the_children_are_timed_and_the_parent_is_not() -> None:
    there = Gate("dokan", ROWS["dokan"])
    parent = order(90, meta_data=[{"id": 1, "key": "has_sub_order", "value": "1"}])
    children = [
        order(number, parent_id=90, meta_data=[{"id": 1, "key": "_dokan_vendor_id", "value": vendor}])
        for number, vendor in ((91, "17"), (92, 18))
    ]
    there.tell(*(Told(one, HEAD) for one in (children[0], parent, children[1])))
    found = there.evidence()
    assert set(found) == {"order/91", "order/92"}
    for case, seller in (("order/91", "17"), ("order/92", "18")):
        assert found[case].facts["seller", "platform"].value == seller
        assert [(link.rel, link.id) for link in found[case].links] == [("basket", "90")]
