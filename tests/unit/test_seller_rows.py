"""What one case says about its seller: which rules feed which metric, and what makes no row."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.core.case import CaseId
from chalicelib.core.events import Event, Link, Mark, Subject
from chalicelib.core.evidence import NOTHING, Evidence, merge_all
from chalicelib.core.instants import to_ms
from chalicelib.core.rules import Rule
from chalicelib.core.scores import Metric, Row
from chalicelib.core.words import Status
from chalicelib.rules.reader import read_file
from chalicelib.sellers.rows import Ended, metric_of, rows
from chalicelib.sellers.units import EXCLUDED, exclusion_of, part_of, shares

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
DUE = T0 + timedelta(days=2)
STANDARDS = read_file("marketplace-standards")


def rule(ident: str) -> Rule:
    found = STANDARDS.rule(ident)
    assert found is not None
    return found


def evidence(subject: Subject, marks: list[str], facts: Mapping[str, Any], links: tuple[Link, ...] = ()) -> Evidence:
    facts = {"seller": "s-1", "buyer": "b-1", **facts}
    told = tuple(Mark(name, T0 + timedelta(hours=n)) for n, name in enumerate(marks))
    return merge_all(NOTHING, [Event("e", subject, T0, T0, marks=told, facts=facts, links=links)])


def said(
    kind: str, marks: list[str], ended: list[Ended] | None = None, links: tuple[Link, ...] = (), **facts: Any
) -> tuple[Row, ...]:
    case = CaseId("main", "shop-1", Subject(kind, "1"))
    return rows(case, evidence(case.subject, marks, facts, links), ended or [])


def goods(found: tuple[Row, ...]) -> dict[str, list[bool | None]]:
    told: dict[str, list[bool | None]] = {}
    for row in found:
        told.setdefault(row.kind.value, []).append(row.good)
    return told


@pytest.mark.parametrize(
    ("ident", "wanted"),
    [
        ("platform-ship-by", Metric.SHIPPING),
        ("platform-deliver-by", Metric.DELIVERY),
        ("platform-refund-respond-by", Metric.REPLY),
        ("ebay-refund-2bd", Metric.REFUND),
        ("platform-complaint-respond-by", Metric.REPLY),
        ("house-complaint-decision-15wd", None),
    ],
)
def test_a_rule_feeds_the_metric_of_the_mark_that_stops_it(ident: str, wanted: Metric | None) -> None:
    assert metric_of(rule(ident)) is wanted


def test_duties_of_others_feed_nothing() -> None:
    pack = read_file("cn-platform")
    theirs = [one for one in pack.rules if one.obliged != "seller"]
    assert theirs
    assert {metric_of(one) for one in theirs} == {None}


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (Status.MET, [True]),
        (Status.MET_LATE, [False]),
        (Status.BREACHED, [False]),
        (Status.VOID, []),
        (Status.RUNNING, []),
        (Status.PAUSED, []),
    ],
)
def test_a_clock_counts_when_it_has_ended_and_at_its_due(status: Status, wanted: list[bool]) -> None:
    found = said("order", ["order.placed"], [Ended("ship", rule("platform-ship-by"), status, DUE)])
    clocks = [row for row in found if row.clock]
    assert [row.good for row in clocks] == wanted
    assert {row.at for row in clocks} <= {DUE}


def test_a_clock_that_was_met_before_any_due_was_known_has_no_day() -> None:
    found = said("order", ["order.placed"], [Ended("ship", rule("platform-ship-by"), Status.MET, None)])
    assert not [row for row in found if row.clock]


@pytest.mark.parametrize(
    ("marks", "facts", "wanted", "why"),
    [
        (["order.placed"], {}, {"cancellation": [True], "complaint": [True], "dispute": [True], "defect": [True]}, ""),
        (
            ["order.placed", "order.cancelled"],
            {"reason": "inventory"},
            {"cancellation": [False], "complaint": [True], "dispute": [True], "defect": [True]},
            "the seller had none",
        ),
        (
            ["order.placed", "order.cancelled"],
            {"reason": "OUT-OF-STOCK"},
            {"cancellation": [False], "complaint": [True], "dispute": [True], "defect": [True]},
            "the same word in another dress",
        ),
        (
            ["order.placed", "order.cancelled"],
            {"status": "refused", "reason": "operators-own"},
            {"cancellation": [False], "complaint": [True], "dispute": [True], "defect": [True]},
            "the seller did not take it on",
        ),
        (["order.placed", "order.cancelled"], {"reason": "customer"}, {}, "the buyer's"),
        (["order.placed", "order.cancelled"], {}, {}, "nobody knows whose"),
        (["order.shipped"], {}, {}, "an order of which we do not know when it began"),
        (["order.placed"], {"seller": None}, {}, "nobody's order"),
        (["order.placed"], {"channel": "redress"}, {}, "our own doing"),
        (
            ["order.placed", "order.cancelled"],
            {"score": Decimal(5)},
            {"review": [True]},
            "a review stands by itself",
        ),
        (
            ["order.placed"],
            {"score": Decimal(2)},
            {
                "cancellation": [True],
                "complaint": [True],
                "dispute": [True],
                "defect": [False, True],
                "review": [False],
            },
            "a bad review is a defect",
        ),
        (
            ["order.placed"],
            {"score": Decimal(3)},
            {"cancellation": [True], "complaint": [True], "dispute": [True], "defect": [True], "review": [True]},
            "three of five is not bad",
        ),
    ],
)
def test_what_an_order_says(marks: list[str], facts: dict[str, Any], wanted: dict[str, list[bool]], why: str) -> None:
    found = goods(said("order", marks, **facts))
    assert {kind: sorted(map(bool, told)) for kind, told in found.items()} == wanted, why


ABOUT = (Link("basket", "order", "B-1"), Link("order", "order", "77"))


@pytest.mark.parametrize(
    ("marks", "facts", "wanted", "why"),
    [
        (["complaint.opened"], {}, ["complaint", "defect"], ""),
        (["complaint.opened", "complaint.resolved"], {}, ["complaint", "defect"], "settled, but it was one"),
        (["complaint.opened", "complaint.withdrawn"], {}, [], "taken back by the buyer"),
        (["complaint.opened", "complaint.escalated"], {}, ["complaint", "defect", "dispute"], ""),
        (["complaint.opened"], {"category": "chargeback"}, ["complaint", "defect", "dispute"], ""),
        (["complaint.first_reply"], {}, [], "no complaint yet"),
    ],
)
def test_what_a_complaint_says_about_its_order(
    marks: list[str], facts: dict[str, Any], wanted: list[str], why: str
) -> None:
    found = said("complaint", marks, links=ABOUT, **facts)
    assert sorted(row.kind.value for row in found) == wanted, why
    assert {row.good for row in found} <= {False}
    assert {row.unit for row in found} <= {"shop-1:order/77"}


def test_a_complaint_of_our_own_is_no_second_reproach() -> None:
    subject = Subject("complaint", "1")
    event = Event(
        "e", subject, T0, T0, source="derived", marks=(Mark("complaint.opened", T0),), facts={"seller": "s-1"}
    )  # fmt: skip
    assert rows(CaseId("main", "shop-1", subject), merge_all(NOTHING, [event]), []) == ()


# ---- units ----

ORDER = "shop-1:order/1"


def unit(**parts: tuple[Row, ...]) -> dict[str, Any]:
    told = {
        (ORDER if name == "order" else f"shop-1:complaint/{name}"): (1, part_of(found)) for name, found in parts.items()
    }
    return shares(ORDER, told)


def test_an_order_counts_once_however_many_complaints_and_clocks() -> None:
    order = said(
        "order", ["order.placed"],
        [
            Ended("a", rule("platform-ship-by"), Status.MET, DUE),
            Ended("b", rule("tiktok-us-dispatch-2bd"), Status.BREACHED, DUE + timedelta(days=1)),
        ],
    )  # fmt: skip
    complaint = said("complaint", ["complaint.opened"], links=(Link("order", "order", "1"),))
    found = unit(order=order, a=complaint, b=complaint)
    assert found["complaint"] == ["2026-03-02", "complaint||", 1, 1, "b-1"]
    assert found["shipping"] == ["2026-03-04", "shipping||", 1, 1, "b-1"]
    assert found["cancellation"] == ["2026-03-02", "cancellation||", 1, 0, ""]


def test_a_complaint_may_come_before_its_order() -> None:
    complaint = said("complaint", ["complaint.opened"], links=(Link("order", "order", "1"),))
    alone = unit(a=complaint)
    assert alone["complaint"][2:4] == [1, 1]
    with_order = unit(a=complaint, order=said("order", ["order.placed"]))
    assert with_order["complaint"][2:4] == [1, 1]
    assert with_order["dispute"][2:4] == [1, 0]


def test_an_excluded_order_stands_in_cells_of_its_own() -> None:
    from datetime import date

    from chalicelib.core.scores import Why

    parts: dict[str, Any] = {ORDER: (1, part_of(said("order", ["order.placed"])))}
    parts[EXCLUDED + "x"] = (to_ms(T0), exclusion_of(Why.BRUSHING, date(2026, 5, 1)))
    assert shares(ORDER, parts)["complaint"][1] == "complaint||x2026-05-01"
    parts[EXCLUDED + "y"] = (to_ms(T0), exclusion_of(Why.CARRIER, None))
    assert shares(ORDER, parts)["complaint"][1] == "complaint||x"
