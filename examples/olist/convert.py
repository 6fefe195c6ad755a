"""Turns the Olist marketplace tables into a history that `redress backtest` reads.

    python examples/olist/convert.py DIRECTORY [OUT.jsonl|OUT.jsonl.gz]

A case is one (order, seller) pair, id `order:seller`, linked to its basket. `ship_by` is the earliest
`shipping_limit_date` of the pair's pieces, `deliver_by` the estimated date; the tables' times have no zone and are
read as UTC. A canceled or unavailable order that was never delivered gets `order.cancelled` at its latest known time.
The events of a case stand together, in order of time. Orders without pieces have no seller and so no case.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

Row = dict[str, str]

MARKS = (
    ("order_purchase_timestamp", "order.placed"),
    ("order_approved_at", "order.approved"),
    ("order_delivered_carrier_date", "order.shipped"),
    ("order_delivered_customer_date", "order.delivered"),
)
CALLED_OFF = ("canceled", "unavailable")


@dataclass(slots=True)
class Part:
    """What one seller owes of an order."""

    limits: list[str] = field(default_factory=list)
    amount: Decimal = Decimal(0)


def rows(directory: Path, table: str) -> Iterator[Row]:
    """The rows of a table, packed or not. Raises FileNotFoundError."""
    packed = directory / f"olist_{table}_dataset.csv.gz"
    if packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
        return
    with (directory / f"olist_{table}_dataset.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def instant(text: str) -> str:
    """`2016-09-04 21:15:19` -> `2016-09-04T21:15:19Z`."""
    return text.replace(" ", "T") + "Z"


def parts_by_order(directory: Path) -> dict[str, dict[str, Part]]:
    """For each order its sellers, in the order of their first piece."""
    orders: dict[str, dict[str, Part]] = {}
    for row in rows(directory, "order_items"):
        part = orders.setdefault(row["order_id"], {}).setdefault(row["seller_id"], Part())
        part.limits.append(row["shipping_limit_date"])
        part.amount += Decimal(row["price"]) + Decimal(row["freight_value"])
    return orders


def scores_by_order(directory: Path) -> dict[str, list[tuple[str, str]]]:
    """For each order when its reviews were answered, and their scores."""
    scores: dict[str, list[tuple[str, str]]] = {}
    for row in rows(directory, "order_reviews"):
        scores.setdefault(row["order_id"], []).append((row["review_answer_timestamp"], row["review_score"]))
    return scores


def events(order: Row, seller: str, part: Part, scores: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """The events of one (order, seller) pair in order of time."""
    case = f"{order['order_id']}:{seller}"
    times = [(order[column], mark) for column, mark in MARKS if order[column]]
    if order["order_status"] in CALLED_OFF and not order["order_delivered_customer_date"]:
        times.append((max(at for at, _ in times), "order.cancelled"))
    promised = {
        "country": "BR",
        "currency": "BRL",
        "amount": f"{part.amount:.2f}",
        "pieces": len(part.limits),
        "ship_by": instant(min(part.limits)),
        "deliver_by": instant(order["order_estimated_delivery_date"]),
    }
    told: list[tuple[str, dict[str, Any]]] = []
    for at, mark in times:
        said: dict[str, Any] = {"marks": [{"name": mark, "at": instant(at)}]}
        if mark == "order.placed":
            said |= {
                "buyer": order["customer_id"],
                "facts": promised,
                "links": [{"rel": "basket", "kind": "order", "id": order["order_id"]}],
            }
        told.append((at, said))
    told += [(at, {"facts": {"score": int(score)}}) for at, score in scores]
    for number, (at, said) in enumerate(sorted(told, key=lambda one: one[0]), 1):
        yield {
            "id": f"{case}:{number}",
            "subject": {"kind": "order", "id": case},
            "seller": seller,
            "occurred_at": instant(at),
            **said,
        }


def convert(directory: Path, out: TextIO) -> int:
    """Write the history of the tables in `directory`; the number of events."""
    parts, scores, count = parts_by_order(directory), scores_by_order(directory), 0
    for order in rows(directory, "orders"):
        for seller, part in parts.get(order["order_id"], {}).items():
            for event in events(order, seller, part, scores.get(order["order_id"], [])):
                out.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
    return count


def opened(to: str) -> AbstractContextManager[TextIO]:
    """Where the history goes: standard output for `-`, packed where the name ends in `.gz`."""
    if to == "-":
        return nullcontext(sys.stdout)
    if to.endswith(".gz"):
        return gzip.open(to, "wt", encoding="utf-8")
    return open(to, "w", encoding="utf-8")


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    to = arguments[1] if len(arguments) == 2 else "-"
    try:
        with opened(to) as out:
            count = convert(directory, out)
    except FileNotFoundError as error:
        print(f"no such table: {error.filename}", file=sys.stderr)
        return 2
    print(f"{count} events", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
