"""Shadows: a version that is judged beside the active ones, recorded, and never acts. It has a number as every version
has, and is never in force by that; `activate` brings the same text into force under a number of its own."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core.instants import show
from chalicelib.flow import shadow
from chalicelib.flow.rulebook import KIND, SHADOWS
from chalicelib.ops import policies_store as store
from chalicelib.ops.audit import journalled
from chalicelib.ops.wrong import Absent, Clash
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Record

MOST = 3
TRIES = 8


def start(ports: Ports, account: str, yaml_text: str, actor: str) -> dict[str, Any]:
    """Watch a policy from now on, on clocks that start from now on; one of the same name is watched no longer.

    Raises Mistakes of the file, or Clash where three are watched already.
    """
    policy = store.read(ports, account, yaml_text)
    with journalled(ports, account, actor, "policy.shadow", policy.name, digest=policy.digest) as learnt:
        entries = store.held(ports, account)[1]
        store.check_together(ports, account, policy, entries)
        numbered = None
        for _ in range(TRIES):
            record, held = _held(ports, account)
            kept = [one for one in held if one["name"] != policy.name]
            if len(kept) >= MOST:
                raise Clash(f"{MOST} versions are watched already: stop one of them")
            numbered = numbered or store.keep(ports, account, policy, yaml_text, entries)
            one = {"name": policy.name, "number": numbered.number, "since": show(ports.clock.now()),
                   "digest": policy.digest}  # fmt: skip
            if _write(ports, account, record, [*kept, one]):
                learnt["version"] = numbered.version
                return {"version": numbered.version, "since": one["since"]}
    raise Clash("the shadows are being changed by somebody else")


def stop(ports: Ports, account: str, name: str, actor: str) -> dict[str, Any]:
    """Watch it no longer; what was recorded can still be read for a while. Raises Absent or Clash."""
    with journalled(ports, account, actor, "policy.unshadow", name[:80]):
        for _ in range(TRIES):
            record, held = _held(ports, account)
            kept = [one for one in held if one["name"] != name]
            if len(kept) == len(held):
                raise Absent(f"shadow {name[:80]}")
            if _write(ports, account, record, kept):
                gone = next(one for one in held if one["name"] == name)
                return {"stopped": f"{name}@{gone['number']}"}
    raise Clash("the shadows are being changed by somebody else")


def listed(ports: Ports, account: str) -> list[dict[str, Any]]:
    return [{"version": f"{one['name']}@{one['number']}", "since": one["since"]} for one in _held(ports, account)[1]]


def report(ports: Ports, account: str, name: str, number: int) -> dict[str, Any]:
    """What differs between the active versions and a shadow, by rule."""
    return shadow.report(ports, account, f"{name}@{number}")


def _held(ports: Ports, account: str) -> tuple[Record | None, list[store.Entry]]:
    record = ports.records(account).get(KIND, SHADOWS)
    return record, list(record.data["shadows"]) if record else []


def _write(ports: Ports, account: str, record: Record | None, entries: Sequence[store.Entry]) -> bool:
    expected = record.version if record else 0
    try:
        ports.records(account).put(KIND, SHADOWS, {"shadows": list(entries)}, expected=expected)
    except Conflict:
        return False
    return True
