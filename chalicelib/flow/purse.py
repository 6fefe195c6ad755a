"""The purse of a purchase: money given back, from whatever case, is reserved here first, so that never more goes back
than was paid (DESIGN law 6). One record for each purchase, changed by conditional writes only."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib.core.instants import from_ms, to_ms
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict

KIND = "purses"
TRIES = 8


@dataclass(frozen=True, slots=True)
class Balance:
    """What the platform said of a purchase when it was asked at `asked_at`: money paid, and money given back so far."""

    paid: Decimal
    refunded: Decimal
    asked_at: datetime


class Unsettled(Exception):
    """Whether there is room turns on a reservation that may or may not be in what the platform said already."""


def reserve(
    ports: Ports, account: str, connection: str, purchase: str, key: str, amount: Decimal, balance: Balance
) -> bool:
    """Reserve `amount` under an action's key; False where the purchase does not hold so much any more.

    Reserving again under the same key changes nothing. A reservation that was paid out after the platform was asked is
    not in its answer yet, so it is counted here. Raises Unsettled where nobody can tell whether its answer has one that
    is under way, so that asking again later helps; Conflict after several lost races.
    """
    records, sort = ports.records(account), f"{connection}|{purchase}"
    for _ in range(TRIES):
        record = records.get(KIND, sort)
        entries: dict[str, Any] = dict(record.data["entries"]) if record else {}
        if key in entries:
            return True
        unseen = sum(
            (
                Decimal(one["amount"])
                for one in entries.values()
                if one["done"] is None or from_ms(one["done"]) >= balance.asked_at
            ),
            Decimal(0),
        )
        if amount <= 0 or max(balance.refunded, unseen) + amount > balance.paid:
            return False
        if balance.refunded + unseen + amount > balance.paid:
            raise Unsettled(sort)
        entries[key] = {"amount": f"{amount:f}", "done": None}
        try:
            records.put(KIND, sort, {"entries": entries}, expected=record.version if record else 0)
        except Conflict:
            continue
        return True
    raise Conflict(sort)


def paid_out(ports: Ports, account: str, connection: str, purchase: str, key: str) -> None:
    """The money of a reservation has gone out."""
    _change(ports, account, connection, purchase, key, to_ms(ports.clock.now()))


def give_up(ports: Ports, account: str, connection: str, purchase: str, key: str) -> None:
    """The platform refused: the reservation is free again."""
    _change(ports, account, connection, purchase, key, None)


def _change(ports: Ports, account: str, connection: str, purchase: str, key: str, done: int | None) -> None:
    records, sort = ports.records(account), f"{connection}|{purchase}"
    for _ in range(TRIES):
        record = records.get(KIND, sort)
        if record is None or key not in record.data["entries"]:
            return
        entries = dict(record.data["entries"])
        held = entries.pop(key)
        if done is not None:
            entries[key] = held | {"done": held["done"] or done}
        try:
            records.put(KIND, sort, {"entries": entries}, expected=record.version)
        except Conflict:
            continue
        return
    raise Conflict(sort)
