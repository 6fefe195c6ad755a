"""Storms: many breaches of one rule at once are more likely our blindness, or a carrier's strike, than a hundred bad
sellers. They become one summary escalation, and their penalties wait for a person (DESIGN law 11)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.core.instants import EPOCH
from chalicelib.flow.log import log
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection

WINDOW = timedelta(minutes=10)
LIMIT = 50
"""Breaches of one rule on one connection in a window; `options["storm_limit"]` of the connection overrides it."""
KIND = "storms"


def limit_of(connection: Connection) -> int:
    return int(connection.options.get("storm_limit", LIMIT))


def sort_of(connection: str, rule: str, now: datetime) -> str:
    """The counter's key: one for each connection, rule and window of ten minutes."""
    return f"{connection}|{rule}|{(now - EPOCH) // WINDOW}"


class Storms:
    """Counts breaches and tells which rules storm. A repeated count only makes it more careful."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def count(self, connection: Connection, breached: Sequence[str], now: datetime) -> frozenset[str]:
        """Add these breaches; the rules among them whose window is over the limit."""
        storming = set()
        for rule, number in Counter(breached).items():
            sort = sort_of(connection.name, rule, now)
            total = self._ports.records(connection.account).add(KIND, sort, "breaches", number, now + 6 * WINDOW)
            if total > limit_of(connection):
                storming.add(rule)
                log(
                    "storm",
                    level="error",
                    account=connection.account,
                    connection=connection.name,
                    key=rule,
                    count=total,
                )
        return frozenset(storming)

    def is_on(self, connection: Connection, rule: str, at: datetime) -> bool:
        """Whether the window of `at` is over the limit by now."""
        record = self._ports.records(connection.account).get(KIND, sort_of(connection.name, rule, at))
        return record is not None and int(record.data.get("breaches", 0)) > limit_of(connection)
