"""`redress stop` and `redress go`: one record that holds all actions, those of a connection, or those of a rule, while
the clocks run on (DESIGN law 11)."""

from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict

KIND, SORT = "switches", "stopped"
ALL = "*"


def stopped(ports: Ports, account: str) -> frozenset[str]:
    """What is held: `*`, `connection:NAME`, `rule:ID`."""
    record = ports.records(account).get(KIND, SORT)
    return frozenset(record.data["held"]) if record else frozenset()


def holds(held: frozenset[str], connection: str, rule: str) -> bool:
    """Whether an action of this rule on this connection is held."""
    return bool(held & {ALL, f"connection:{connection}", f"rule:{rule}"})


def switch(ports: Ports, account: str, what: str, on: bool) -> frozenset[str]:
    """Hold (`on`) or let go; what is held afterwards. `go` of `*` lets everything go."""
    records = ports.records(account)
    while True:
        record = records.get(KIND, SORT)
        held = frozenset(record.data["held"]) if record else frozenset()
        after = held | {what} if on else (frozenset() if what == ALL else held - {what})
        try:
            records.put(KIND, SORT, {"held": sorted(after)}, expected=record.version if record else 0)
        except Conflict:
            continue
        return after
