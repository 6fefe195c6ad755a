"""Looks at a BigCommerce store and levers on it: complete, once, and back again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.view import View
from chalicelib.platforms.base import Absent, Adapter, Command, Delivery, Done, Later, Read, Refused, Session, Shop
from chalicelib.platforms.bigcommerce import BigCommerce
from chalicelib.platforms.bigcommerce.api import Api
from tests.fakes.bigcommerce import AFTER, BEFORE, DOWN, HTML, THROTTLED, FakeStore
from tests.fakes.driving import act, drive

BC: Adapter = BigCommerce()
KEY = "main:bc:order/101|ship-by|breach|0|1"
PERSONAL = ("Ada", "ada@example.org", "203.0.113.9", "ring twice", "Where is it", "I live at")


def session(store: FakeStore, **options: str) -> Session:
    return Session(Shop("bc", "bigcommerce", store.base, options=options), {"access_token": store.token}, store.now)


def look(store: FakeStore, kind: str, ident: object, **options: str) -> Read:
    found = drive(BC.look(Subject(kind, str(ident)), session(store, **options)), store.send)
    assert isinstance(found, Read), found
    assert not any(word in repr(found) for word in PERSONAL), "personal data in an event"
    return found


def event_of(found: Read, subject: str) -> Event:
    return next(one for one in found.events if str(one.subject) == subject)


def marks(event: Event) -> dict[tuple[str, str], object]:
    return {(mark.name, mark.of): mark.at for mark in event.marks}


# -- looks ------------------------------------------------------------------------------------------------------------


def test_an_order_is_told_with_its_parcels_payments_and_refunds() -> None:
    store = FakeStore()
    placed, number = store.now, store.order(11, "50.0000")
    store.later(minutes=2)
    store.pay(number, "50.00")
    paid = store.now
    store.later(hours=1)
    parcel = store.ship(number)
    store.set_status(number, 2)
    sent = store.now
    found = look(store, "order", number)
    order = event_of(found, f"order/{number}")
    payment = str(store.transactions[number][0]["id"])
    assert marks(order) == {
        ("order.placed", ""): placed, ("order.paid", payment): paid, ("order.part_shipped", str(parcel)): sent,
        ("order.shipped", ""): sent,
    }  # fmt: skip
    assert order.facts == {
        "status": "shipped", "country": "AT", "buyer": "7", "currency": "EUR", "amount": Decimal("50.00"),
        "refunded": Decimal(0),
    }  # fmt: skip
    assert order.look and order.whole == {"order.part_shipped", "order.cancelled"}
    shipment = event_of(found, f"shipment/{number}:{parcel}")
    assert shipment.facts == {"carrier": "ups", "tracking": "1Z9"}
    assert found == look(store, "shipment", f"{number}:{parcel}"), "a parcel is told with its order"


def test_a_deposit_is_not_yet_a_payment_of_the_order() -> None:
    store = FakeStore()
    number = store.order(7)
    store.pay(number, "10.00")
    names = [mark.name for mark in event_of(look(store, "order", number), f"order/{number}").marks]
    assert "order.paid" not in names


@pytest.mark.parametrize(("status", "paid"), [(11, True), (2, True), (1, False), (7, False)])
def test_an_order_that_costs_nothing_is_paid_when_it_is_placed(status: int, paid: bool) -> None:
    store = FakeStore()
    number = store.order(status, "0.0000")
    told = marks(event_of(look(store, "order", number), f"order/{number}"))
    assert (told.get(("order.paid", "")) == store.now) is paid


def test_an_order_abandoned_at_the_payment_says_nothing() -> None:
    store = FakeStore()
    assert look(store, "order", store.order(0)).ignored == "an order that was never completed"


def test_two_currencies_leave_the_amount_unsaid() -> None:
    store = FakeStore()
    number = store.order(11, currency_code="USD")
    facts = event_of(look(store, "order", number), f"order/{number}").facts
    assert "amount" not in facts and "currency" not in facts


def test_a_parcel_that_was_deleted_is_taken_back_by_the_next_look() -> None:
    store = FakeStore()
    number = store.order(3)
    store.ship(number)
    before = look(store, "order", number).events
    store.later(minutes=1)
    store.shipments[number].clear()
    store.set_status(number, 11)
    after = look(store, "order", number).events
    mine = [one for one in (*after, *before) if one.subject.kind == "order"]
    view = View(merge_all(NOTHING, mine), store.now + timedelta(days=1))
    assert not list(view.marks("order.part_shipped"))


@pytest.mark.parametrize("status", [4, 12, 13, 14])
def test_all_pieces_are_sent_although_the_status_has_moved_on(status: int) -> None:
    """Refunded, held or disputed: the status tells no more of the parcels, and the notice of it may have been lost."""
    store = FakeStore()
    number = store.order(11, items_total=2, items_shipped=1)
    store.ship(number)
    store.set_status(number, status)
    names = [mark.name for mark in event_of(look(store, "order", number), f"order/{number}").marks]
    assert "order.shipped" not in names, "a piece is not"
    store.later(hours=1)
    store.ship(number)
    store.orders[number]["items_shipped"] = 2
    told = marks(event_of(look(store, "order", number), f"order/{number}"))
    assert told[("order.shipped", "")] == store.now


def test_an_archived_order_of_which_nothing_is_to_be_sent_is_over_until_it_is_restored() -> None:
    """To archive is how the store deletes; it is asked for by its number all the same."""
    store = FakeStore()
    number, sent = store.order(11), store.order(2)
    for one in (number, sent):
        store.orders[one]["is_deleted"] = True
    archived = look(store, "order", number).events
    assert list(View(merge_all(NOTHING, archived), store.now).marks("order.cancelled"))
    assert not list(View(merge_all(NOTHING, look(store, "order", sent).events), store.now).marks("order.cancelled"))
    store.later(minutes=5)
    store.orders[number]["is_deleted"] = False
    store._touch(number)
    both = [*look(store, "order", number).events, *archived]
    assert not list(View(merge_all(NOTHING, both), store.now).marks("order.cancelled"))


def test_a_cancellation_seen_by_looks_alone_never_moves() -> None:
    store = FakeStore()
    number = store.order(5)
    first = look(store, "order", number).events
    when = store.now
    store.later(hours=3)
    store.orders[number]["staff_notes"] = "x"
    store._touch(number)
    later = look(store, "order", number).events
    store.later(hours=2)
    store._touch(number)
    later = (*later, *look(store, "order", number).events)
    view = View(merge_all(NOTHING, [*later, *first]), store.now + timedelta(days=1))
    assert min(seen.at for seen in view.marks("order.cancelled")) == when


def test_refunds_are_summed_and_ours_are_known_as_ours() -> None:
    store = FakeStore()
    number = store.order(11)
    lever = BC.levers["refund"]
    done = act(lever, session(store), command("refund", number, amount=Decimal("9.90"), currency="EUR"), store)
    assert isinstance(done, Done)
    found = look(store, "order", number)
    assert event_of(found, f"order/{number}").facts["refunded"] == Decimal("9.9")
    refund = event_of(found, f"refund/{done.handle}")
    assert [mark.name for mark in refund.marks] == ["refund.approved", "refund.paid"]
    assert refund.facts["channel"] == "redress" and refund.marks[1].value == Decimal("9.9")


@pytest.mark.parametrize(
    ("offline", "declined", "option", "paid", "why"),
    [
        (False, False, "", True, "the provider took it"),
        (True, False, "", True, "a record counts unless the connection says otherwise"),
        (True, False, "approved", False, "a record is a promise"),
        (False, True, "", None, "the provider turned it down"),
    ],
)
def test_when_a_refund_is_paid(offline: bool, declined: bool, option: str, paid: bool | None, why: str) -> None:
    store = FakeStore()
    number = store.order(4)
    payment = {"provider_id": "x", "amount": 5.0, "offline": offline, "is_declined": declined}
    made = {"id": 9, "created": "2026-11-20T11:00:00+00:00", "total_amount": 5.0, "payments": [payment], "items": []}
    store.refunds[number].append(made)
    options = {"recorded_refunds": option} if option else {}
    (refund,) = [one for one in look(store, "refund", f"{number}:9", **options).events if one.subject.kind == "refund"]
    told = {mark.name: mark.at for mark in refund.marks}
    assert ("refund.paid" in told and told["refund.paid"] is not None) is bool(paid)
    assert (told.get("refund.paid", 1) is None) is declined


def test_a_thread_is_read_as_rounds_of_question_and_answer() -> None:
    store = FakeStore()
    number = store.order(11)
    first = store.write(number)
    store.later(minutes=1)
    store.write(number)
    store.later(hours=2)
    store.write(number, by_staff=True)
    answered = store.now
    store.later(days=1)
    second = store.write(number)
    (event,) = look(store, "complaint", f"{number}:messages").events
    told = marks(event)
    assert told[("complaint.first_reply", str(first))] == answered
    assert set(told) == {("complaint.opened", str(first)), ("complaint.first_reply", str(first)),
                         ("complaint.opened", str(second))}  # fmt: skip
    assert event.facts == {"category": "message", "status": "waiting"}


def test_a_product_hidden_or_gone() -> None:
    store = FakeStore()
    number = store.product()
    (event,) = look(store, "listing", number).events
    assert event.facts["status"] == "visible" and event.whole == {"listing.unpublished"}
    store.products[number]["is_visible"] = False
    (event,) = look(store, "listing", number).events
    assert marks(event)[("listing.published", "")] is None
    del store.products[number]
    (event,) = look(store, "listing", number).events
    assert event.facts == {"status": "deleted"} and event.version == store.now, "dated by the answer's own Date"


def test_what_changed_since_an_instant_is_asked_for_in_pages_and_goes_on() -> None:
    store = FakeStore()
    since = store.now.isoformat()
    numbers = []
    for _ in range(130):
        store.later(minutes=1)
        numbers.append(store.order(11))
    found = look(store, "connection", since)
    assert [one.id for one in found.looks if one.kind == "order"] == [str(one) for one in numbers[:100]]
    again = next(one for one in found.looks if one.kind == "connection")
    rest = look(store, "connection", again.id)
    assert {one.id for one in (*found.looks, *rest.looks)} >= {str(one) for one in numbers}
    assert not [one for one in rest.looks if one.kind == "connection"]


@pytest.mark.parametrize(
    ("kind", "ident", "reason"),
    [("order", "x", "not_an_order"), ("refund", "12", "not_of_an_order"), ("complaint", "12:else", "no_such_complaint"),
     ("listing", "x", "not_a_product"), ("connection", "yesterday", "not_an_instant"), ("seller", "1", "no_such_look")],
)  # fmt: skip
def test_a_look_that_makes_no_sense_is_refused(kind: str, ident: str, reason: str) -> None:
    store = FakeStore()
    assert drive(BC.look(Subject(kind, ident), session(store)), store.send) == Refused(reason)
    assert not store.calls


def test_throttling_is_waited_out_for_as_long_as_the_longer_of_both_waits() -> None:
    store = FakeStore(faults=[("GET", THROTTLED)])
    number = store.order()
    assert drive(BC.look(Subject("order", str(number)), session(store)), store.send) == Later(7.0)


@pytest.mark.parametrize("fault", [DOWN, HTML])
def test_a_store_that_is_down_is_asked_later(fault: str) -> None:
    store = FakeStore(faults=[("GET", fault)])
    found = drive(BC.look(Subject("order", str(store.order())), session(store)), store.send)
    assert isinstance(found, Later)


def test_a_token_that_has_ended_is_said() -> None:
    store = FakeStore()
    number = store.order()
    old = Session(Shop("bc", "bigcommerce", store.base), {"access_token": "old"}, store.now)
    assert drive(BC.look(Subject("order", str(number)), old), store.send) == Refused("token")
    none = Session(Shop("bc", "bigcommerce", store.base), {}, store.now)
    assert drive(BC.look(Subject("order", str(number)), none), store.send) == Refused("token")


def test_an_address_may_be_the_hash_alone() -> None:
    for address in ("abcde", "stores/abcde", "https://api.bigcommerce.com/stores/abcde/"):
        assert Api(Session(Shop("bc", "bigcommerce", address))).base == "https://api.bigcommerce.com/stores/abcde"


# -- levers -----------------------------------------------------------------------------------------------------------


def command(action: str, number: int, **more: object) -> Command:
    kind = "listing" if action in ("delist", "relist") else "order"
    defaults: dict = {"key": KEY, "action": action, "subject": Subject(kind, str(number)), "note": "Please hurry."}
    return Command(**{**defaults, **more})


def do(store: FakeStore, action: str, number: int, tries: int = 8, **more: object) -> object:
    return act(BC.levers[action], session(store), command(action, number, **more), store, tries)


FAULTS = st.lists(
    st.tuples(st.sampled_from(["*", "GET", "PUT", "POST"]), st.sampled_from([*AFTER, *BEFORE])), max_size=5
)


@settings(deadline=None, max_examples=60)
@given(FAULTS)
def test_no_run_of_bad_luck_pays_twice_or_notes_twice(faults: list[tuple[str, str]]) -> None:
    store = FakeStore()
    number = store.order()
    for action in ("refund", "note"):
        store.faults = list(faults)
        outcome = do(store, action, number, tries=14, amount=Decimal("20.00"), currency="EUR")
        store.faults = []
        assert isinstance(outcome, Done) and do(store, action, number, amount=Decimal("20.00")) == outcome
    assert store.moved == [Decimal("20")]
    assert store.orders[number]["staff_notes"].count(KEY) == 1


def test_a_note_is_added_to_what_stands_there() -> None:
    store = FakeStore()
    number = store.order(staff_notes="Gift wrap!")
    do(store, "note", number)
    assert store.orders[number]["staff_notes"] == f"Gift wrap!\nPlease hurry. [redress:{KEY}]"


def test_find_tells_whether_it_is_there_and_not_seen_is_not_absent() -> None:
    store = FakeStore()
    number = store.order()
    for action in ("note", "refund"):
        find = BC.levers[action].find
        assert find is not None
        wanted = command(action, number, amount=Decimal("1.00"))
        assert drive(find(session(store), wanted), store.send) == Absent()
        done = do(store, action, number, amount=Decimal("1.00"))
        assert drive(find(session(store), wanted), store.send) == done
        other = command(action, number, key=KEY + "0", amount=Decimal("1.00"))
        assert drive(find(session(store), other), store.send) == Absent()
        store.faults = [("GET", DOWN)]
        assert isinstance(drive(find(session(store), wanted), store.send), Later)


REFUNDS = [
    ({"amount": Decimal("50.01")}, "more_than_is_left"),
    ({"amount": Decimal("0")}, "nothing_to_refund"),
    ({"amount": Decimal("NaN")}, "nothing_to_refund"),
    ({"amount": Decimal("5"), "currency": "USD"}, "other_currency"),
]


@pytest.mark.parametrize(("more", "reason"), REFUNDS)
def test_a_refund_that_must_not_be(more: dict, reason: str) -> None:
    store = FakeStore()
    assert do(store, "refund", store.order(), **more) == Refused(reason)
    assert not store.moved


def test_a_refund_declined_by_the_provider_is_not_sent_again() -> None:
    store = FakeStore(decline=True)
    number = store.order()
    for _ in range(2):
        assert do(store, "refund", number, amount=Decimal("5")) == Refused("declined"), "the first answer says so too"
    assert len(store.refunds[number]) == 1 and not store.moved


def test_a_means_that_only_a_person_can_pay_back_by_is_refused() -> None:
    store = FakeStore(offline=True)
    assert do(store, "refund", store.order(), amount=Decimal("5")) == Refused("no_way_to_pay_back")


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_hold_is_lifted_to_exactly_the_status_from_before(method: str, fault: str) -> None:
    store = FakeStore(faults=[(method, fault)])
    number = store.order(9)
    held = do(store, "hold", number)
    assert held == Done("9") and store.orders[number]["status_id"] == 12
    assert do(store, "release", number, handle="9") == Done()
    assert store.orders[number]["status_id"] == 9


def test_what_others_hold_or_moved_on_is_left_as_it_is() -> None:
    store = FakeStore()
    number = store.order(12)
    assert do(store, "hold", number) == Done("12")
    assert do(store, "release", number, handle="12") == Done() and store.orders[number]["status_id"] == 12
    other = store.order(11)
    do(store, "hold", other)
    store.set_status(other, 2)
    do(store, "release", other, handle="11")
    assert store.orders[other]["status_id"] == 2


@pytest.mark.parametrize("status", [0, 2, 4, 5, 6, 10])
def test_a_finished_order_has_nothing_to_hold(status: int) -> None:
    store = FakeStore()
    assert do(store, "hold", store.order(status)) == Refused("order_is_finished")


def test_an_order_is_cancelled_only_before_anything_left() -> None:
    store = FakeStore()
    number = store.order(11)
    assert do(store, "cancel", number) == Done() and store.orders[number]["status_id"] == 5
    assert do(store, "cancel", number) == Done(), "it is already"
    sent = store.order(3)
    store.ship(sent)
    assert do(store, "cancel", sent) == Refused("already_sent")


@pytest.mark.parametrize("fault", [*AFTER, *BEFORE])
def test_a_product_comes_back_as_it_was(fault: str) -> None:
    store = FakeStore(faults=[("PUT", fault)])
    number = store.product()
    assert do(store, "delist", number) == Done("visible:preorder")
    assert store.products[number]["availability"] == "disabled" and not store.products[number]["is_visible"]
    assert do(store, "relist", number, handle="visible:preorder") == Done()
    assert store.products[number]["availability"] == "preorder" and store.products[number]["is_visible"]


def test_a_product_whose_delisting_nobody_knows_of_comes_back_by_what_was_kept_before_it() -> None:
    store = FakeStore()
    number = store.product()
    assert do(store, "relist", number, key=f"{KEY}|undo") == Done() and store.products[number]["is_visible"]
    do(store, "delist", number)
    assert do(store, "relist", number, key=f"{KEY}|undo") == Done()
    assert store.products[number]["availability"] == "preorder" and store.products[number]["is_visible"]


def test_a_product_that_others_hid_stays_hidden() -> None:
    store = FakeStore()
    number = store.product(visible=False)
    done = do(store, "delist", number)
    assert done == Done("hidden:preorder")
    do(store, "relist", number, handle="hidden:preorder")
    assert not store.products[number]["is_visible"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(["tag", "untag"]), max_size=6), FAULTS)
def test_a_tag_is_there_or_not(actions: list[str], faults: list[tuple[str, str]]) -> None:
    store = FakeStore(faults=list(faults))
    number = store.order()
    for action in actions:
        assert do(store, action, number, tries=14, params={"tag": "sla-breached"}) == Done("sla-breached")
    held = store.metafields.get(f"orders/{number}", [])
    assert len(held) == (actions[-1:] == ["tag"])


@pytest.mark.parametrize("action", sorted(BC.levers))
def test_a_lever_without_what_it_needs_is_refused_without_a_call(action: str) -> None:
    store = FakeStore()
    bare = Command("k", action, Subject("seller", "s"), note="x", params={"tag": "t"}, handle="visible:available")
    outcome = act(BC.levers[action], session(store), bare, store)
    assert outcome in (Refused("no_order"), Refused("no_product")) and not store.calls


def test_our_own_status_change_coming_back_opens_nothing() -> None:
    store = FakeStore()
    number = store.order(11)
    notice = store.set_status(number, 12)
    found = BC.read(Delivery("d", notice, {}, store.now), session(store).shop)
    assert not [mark for event in found.events for mark in event.marks]
