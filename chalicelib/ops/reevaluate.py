"""Re-evaluation as ops ask for it, and the journal as history lines: both in parts that a caller puts together."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.instants import show
from chalicelib.flow import reevaluate as metered
from chalicelib.flow.shelves import lines_of, objects
from chalicelib.ops import stores
from chalicelib.ops.audit import journalled
from chalicelib.ops.desk import Desk
from chalicelib.ops.gate import weight
from chalicelib.ops.policies_preview import check_cursor
from chalicelib.ops.wrong import Absent, wrong

MOST_BYTES = 3_500_000
"""As weighed by the gate. An object more is a batch of the stream, or the half megabyte of a packed one."""
MOST_TIME = timedelta(seconds=10)
MAX_CURSOR = 300


def reevaluate(
    desk: Desk, account: str, actor: str, rule: str, connection: str, rate: int, cursor: str, begin: datetime | None
) -> dict[str, Any]:
    """Have stored cases looked at, at a rate; those that a rule may be about, or of one connection. Raises Wrong."""
    ports, now = desk.ports, desk.ports.clock.now()
    check_cursor(cursor)
    if begin is not None and begin > now + metered.LONGEST / 2:
        raise wrong("begin", show(begin), f"an instant up to {show(now + metered.LONGEST / 2)}: ask again later")
    kinds = frozenset[str]()
    if rule:
        found = [one for activation in desk.book(account).policies.activations for one in activation.policy.rules]
        kinds = frozenset(one.applies_to for one in found if one.id == rule)
        if not kinds:
            raise Absent(f"rule {rule[:80]} in any version")
    if connection:
        stores.get(desk, account, connection)
    with journalled(
        ports, account, actor, "reevaluate", rule or "*", connection=connection, rate=rate, cursor=cursor
    ) as learnt:
        sent = metered.reevaluate(ports, account, kinds, connection, rate, cursor, begin)
        learnt["sent"] = sent.sent
    ahead = -((now - sent.until) // timedelta(seconds=1))
    return {"looked": sent.looked, "sent": sent.sent, "until": show(sent.until), "ahead": ahead, "cursor": sent.cursor}


def journal(desk: Desk, account: str, prefix: str, connection: str, cursor: str) -> dict[str, Any]:
    """Lines of the journal, oldest first: of the days that begin with `prefix` (2026-11), of one connection or all.

    `cursor` leads to the next part, empty at the end. Raises Wrong.
    """
    if not all(char.isdigit() or char == "-" for char in prefix) or len(prefix) > 10:
        raise wrong("prefix", prefix, "the beginning of a day, like 2026-11")
    if len(cursor) > MAX_CURSOR:
        raise wrong("cursor", f"{len(cursor)} characters", f"at most {MAX_CURSOR}")
    if connection:
        stores.get(desk, account, connection)
    mine = f'{{"connection":"{connection}",'
    ports, lines, size = desk.ports, list[str](), 0
    began = ports.clock.now()
    for key in objects(ports, account, prefix, cursor):
        if size > MOST_BYTES or ports.clock.now() - began > MOST_TIME:
            return {"lines": lines, "cursor": cursor}
        found = lines_of(ports, key)
        chosen = [one for one in found if not connection or one.startswith(mine)]
        lines += chosen
        size, cursor = size + sum(map(weight, chosen)), key
    return {"lines": lines, "cursor": ""}
