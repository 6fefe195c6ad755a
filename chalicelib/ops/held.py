"""Actions that wait for a person: the list, and the person's word. A word changes the case the way everything does, by
one conditional write; what the person wrote goes to the audit journal, never onto the case."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from chalicelib.core import actions
from chalicelib.core.case import Case, Ledger
from chalicelib.core.words import ActionState
from chalicelib.flow import purse
from chalicelib.flow.commands import order_of
from chalicelib.flow.project import HELD
from chalicelib.flow.shops import adapter_of
from chalicelib.ops.audit import journalled
from chalicelib.ops.cases import describe_action
from chalicelib.ops.desk import Desk
from chalicelib.ops.keys import Actor
from chalicelib.ops.wrong import Absent, Clash, wrong


def entries(desk: Desk, account: str, limit: int) -> tuple[list[Mapping[str, Any]], bool]:
    """What waits, in order of cases, at most `limit`; and whether there is more."""
    found: list[Mapping[str, Any]] = []
    for record in desk.ports.records(account).query(HELD):
        if len(found) == limit:
            return found, True
        case, key = _split(record.sort)
        found.append({"case": case, "key": key, **{name: record.data[name] for name in ("action", "why", "version")}})
    return found, False


Decision: TypeAlias = Literal["approve", "decline", "confirm"]
SAID: Mapping[str, tuple[ActionState, str]] = {
    "confirm": (ActionState.DONE, "confirmed"), "decline": (ActionState.DROPPED, "declined"),
}  # fmt: skip
"""What an action shows of a word that was said."""


def decide(desk: Desk, actor: Actor, case: Case, key: str, decision: Decision, reason: str) -> dict[str, Any]:
    """Let an action go, drop it, or say that its effect is there; the action afterwards. Raises Absent, Clash where it
    does not wait (any more), or Wrong for a refusal without a reason."""
    if decision == "decline" and not reason.strip():
        raise wrong("reason", None, "why, because somebody may ask")
    if key not in case.ledger.actions:
        raise Absent(f"action {key[:80]} on {case.id.local}")
    held = case.ledger.actions[key]
    connection = desk.shops.get(case.id.account, case.id.connection)
    can_look = case.id.subject.kind in adapter_of(connection).looks

    if not actions.asks(case.ledger, key):
        # Listed by a change that was told late.
        desk.ports.records(case.id.account).delete(HELD, f"{case.id.local}|{key}")

    def change(ledger: Ledger) -> Ledger:
        if key not in ledger.actions:
            raise Clash(f"{key} is gone")
        try:
            if decision == "approve":
                return actions.approve(ledger, key, desk.ports.clock.now(), can_look)
            return actions.confirm(ledger, key) if decision == "confirm" else actions.decline(ledger, key, "declined")
        except ValueError:
            raise Clash(f"{key} does not wait for a person, it is {ledger.actions[key].state.value}") from None

    def settle(order: str) -> None:
        """The money that was reserved is out, or free again."""
        if held.name == "refund" and decision != "approve":
            end = purse.paid_out if decision == "confirm" else purse.give_up
            end(desk.ports, actor.account, case.id.connection, order, f"{case.id}|{key}")

    if (held.state, held.reason) == SAID.get(decision):
        # Whoever said so may have been cut off before this.
        settle(order_of(case))
    with journalled(
        desk.ports, actor.account, actor.name, f"action.{decision}", case.id.local, key=key,
        why=actions.asks(case.ledger, key), action=held.name, version=held.version, reason=reason,
    ):  # fmt: skip
        after = desk.advance(case.id, change=change)
        if held.state is ActionState.UNKNOWN:
            settle(order_of(after))
    return describe_action(key, after.ledger.actions[key])


def _split(sort: str) -> tuple[str, str]:
    """A record's sort is CASE|KEY; ids of shops may hold `|`, keys have a known number of parts."""
    parts = 5 if sort.endswith(f"|{actions.UNDO}") else 4
    *case, _ = sort.rsplit("|", parts)
    return case[0], sort[len(case[0]) + 1 :]
