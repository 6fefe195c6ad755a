"""Policies as ops bring them into force: read, numbered, written as an object that never changes, then activated by one
conditional write to the record that the functions load (DESIGN law 8). What judges clocks that began before, forwards
or back, shows first what it would change and needs a yes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.channels.cloudevents import Escalation
from chalicelib.core import compiled
from chalicelib.core.actions import escape
from chalicelib.core.instants import show, to_ms
from chalicelib.core.rules import Policy
from chalicelib.flow.log import fault, log
from chalicelib.flow.shops import adapter_of
from chalicelib.flow.tell import Teller
from chalicelib.ops import calendars, policies_preview
from chalicelib.ops import policies_store as store
from chalicelib.ops.audit import journalled
from chalicelib.ops.policies_preview import Sure
from chalicelib.ops.wrong import Absent, Clash, wrong
from chalicelib.platforms.base import offered
from chalicelib.platforms.nearest import nearest
from chalicelib.ports.ports import Ports
from chalicelib.rules.levers import lacks

UNSURE = Sure()
AHEAD = timedelta(days=3660)
TRIES = 8
SHOWN = ("number", "at", "retroactive", "digest", "recalled")


@dataclass(frozen=True, slots=True)
class Activated:
    """What an activation did. `unchanged`: these rules are in force already. `warnings`: actions that a connected
    platform does not offer; there they end refused, with the reason `no_lever`. `at` None: always."""

    version: str
    at: datetime | None
    retroactive: bool
    unchanged: bool
    warnings: tuple[dict[str, str], ...]


def activate(
    ports: Ports,
    account: str,
    yaml_text: str,
    at: datetime | None = None,
    retroactive: bool = False,
    actor: str = "deploy",
    sure: Sure = UNSURE,
) -> Activated:
    """Read a policy and bring it into force for clocks that start from `at` on; a `retroactive` one (by this, or by its
    file) also judges those that started before. Without `at` the first version of a policy has always been in force
    (`acts_from` keeps history from acting), a later one is from now on. Raises Mistakes (of the file), Wrong,
    Unconfirmed for a retroactive one that nobody is `sure` of, or Clash after lost races."""
    policy = store.read(ports, account, yaml_text)
    retroactive = retroactive or policy.retroactive
    with journalled(
        ports, account, actor, "policy.activate", policy.name, digest=policy.digest, retroactive=retroactive
    ) as learnt:
        done = _activate(ports, account, policy, yaml_text, at, retroactive, sure)
        learnt |= {"version": done.version, "at": _show(done.at), "unchanged": done.unchanged}
    if not done.unchanged:
        _tell(ports, account, "policy.activated", done.version, done.at or ports.clock.now())
    return done


def rollback(
    ports: Ports, account: str, name: str, number: int, actor: str, scope: str = "new", sure: Sure = UNSURE
) -> Activated:
    """Go back to an older version. `scope` new: for clocks that start from now on, those that run keep their version.
    running: for all clocks, as a retroactive activation does. recall: as though the versions since had never been; what
    they alone did is withdrawn. Raises Absent for a version that never was in force, Unconfirmed, Wrong, or Clash."""
    with journalled(ports, account, actor, "policy.rollback", name, to=number, scope=scope):
        for _ in range(TRIES):
            record, held = store.held(ports, account)
            if not any((one["name"], one["number"]) == (name, number) for one in held):
                raise Absent(f"version {name}@{number}")
            policy, now = store.load(ports, account, name, number), ports.clock.now()
            entries = _rolled_back(ports, policy, scope, held, now)
            if entries is None:
                return Activated(policy.version, now, False, True, warnings(ports, account, policy))
            store.check_together(ports, account, policy, held)
            if scope != "new":
                proposal = policies_preview.rollback(ports, account, name, number, scope, held)
                policies_preview.agreed(ports, account, proposal, record.version if record else 0, sure)
            if store.write(ports, account, record, entries):
                break
        else:
            raise Clash("the policies are being changed by somebody else")
    _tell(ports, account, "policy.rolled_back", policy.version, now)
    return Activated(policy.version, now, scope != "new", False, warnings(ports, account, policy))


def _rolled_back(
    ports: Ports, policy: Policy, scope: str, held: Sequence[store.Entry], now: datetime
) -> list[store.Entry] | None:
    """The activations after a rollback; None where nothing changes."""
    if scope == "recall":
        gone = policies_preview.since(ports, policy.name, policy.number, held)
        return [{**one, "recalled": show(now)} if one in gone else one for one in held] if gone else None
    current = store.in_force(held, policy.name, now)
    if current is not None and current["number"] == policy.number and (scope == "new" or current["retroactive"]):
        return None
    return [*held, store.entry(policy, now, scope == "running")]


def listed(ports: Ports, account: str) -> list[dict[str, Any]]:
    """Each policy by name: the version in force now, and every activation in order."""
    _, held = store.held(ports, account)
    now = ports.clock.now()
    result = []
    for name in sorted({one["name"] for one in held}):
        versions = [one for one in held if one["name"] == name]
        current = store.in_force(held, name, now)
        result.append(
            {
                "name": name,
                "in_force": current["number"] if current else None,
                "activations": [{key: one.get(key) for key in SHOWN} for one in versions],
            }
        )
    return result


def show_version(ports: Ports, account: str, name: str, number: int) -> dict[str, Any]:
    """A version as it was written and as it runs. Raises Absent."""
    _, held = store.held(ports, account)
    if not any((one["name"], one["number"]) == (name, number) for one in held):
        raise Absent(f"version {name}@{number}")
    policy = store.load(ports, account, name, number)
    try:
        text: str | None = ports.blobs.get(store.source_key(account, name, number)).decode()
    except KeyError:
        text = None
    return {"version": policy.version, "digest": policy.digest, "yaml": text, "compiled": compiled.dump(policy)}


def warnings(ports: Ports, account: str, policy: Policy) -> tuple[dict[str, str], ...]:
    """Actions of the policy that an active connection's platform has no lever for."""
    found = []
    for name in ports.connections.names(account):
        connection = ports.connections.get(account, name)
        if connection is None or not connection.active:
            continue
        there = offered(adapter_of(connection).levers, connection.options)
        for lack in lacks(policy, there):
            found.append(
                {
                    "connection": name,
                    "platform": connection.platform,
                    "rule": lack.rule,
                    "step": lack.step,
                    "action": lack.action,
                    "nearest": nearest(lack.action, there),
                }
            )
    return tuple(found)


def _activate(
    ports: Ports, account: str, policy: Policy, text: str, at: datetime | None, retroactive: bool, sure: Sure
) -> Activated:
    numbered: Policy | None = None
    for _ in range(TRIES):
        now = ports.clock.now()
        record, held = store.held(ports, account)
        versions = [one for one in held if one["name"] == policy.name]
        since = _since(at, now, retroactive, versions)
        current = store.in_force(held, policy.name, since or now)
        if current is not None and store.digest(ports, account, current) == policy.digest:
            same = replace(policy, number=current["number"])
            if not retroactive or current["retroactive"]:
                return Activated(same.version, since, retroactive, True, warnings(ports, account, same))
            numbered = same
        store.check_together(ports, account, policy, held)
        if retroactive:
            proposal = policies_preview.retroactive(ports, policy, _show(at) or "")
            policies_preview.agreed(ports, account, proposal, record.version if record else 0, sure)
        if numbered is None:
            numbered = store.keep(ports, account, policy, text, held)
        calendars.pin(ports, account, policy)
        if store.write(ports, account, record, [*held, store.entry(numbered, since, retroactive)]):
            return Activated(numbered.version, since, retroactive, False, warnings(ports, account, numbered))
    raise Clash("the policies are being changed by somebody else")


def _since(
    at: datetime | None, now: datetime, retroactive: bool, versions: Sequence[Mapping[str, Any]]
) -> datetime | None:
    if at is None:
        return now if versions else None
    if at > now + AHEAD:
        raise wrong("at", show(at), "an instant within ten years")
    if at < now and versions and not retroactive:
        # It would judge anew the clocks that started since then under the version before.
        raise wrong("at", show(at), f"an instant from {show(now)} on, or retroactive: true")
    return at


def _show(at: datetime | None) -> str | None:
    return None if at is None else show(at)


def _tell(ports: Ports, account: str, kind: str, version: str, at: datetime) -> None:
    """Told after the write; whoever misses it reads the list."""
    ident = f"{escape(account)}|policy|{escape(version)}|{to_ms(at)}"
    incident = f"policy|{version.partition('@')[0]}"
    subject = f"operator/{account}"
    told = Escalation(ident, kind, account, "", subject, at, to_ms(at), incident, version=version)
    try:
        Teller(ports).tell(account, [told])
    except Exception as error:
        # The policy is in force; to call that a failure would be wrong.
        log("policy_untold", level="error", account=account, key=version, reason=fault(error))
