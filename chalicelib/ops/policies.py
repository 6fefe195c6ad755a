"""Policies as ops bring them into force: read, numbered, written as an object that never changes, then activated by one
conditional write to the record that the functions load (DESIGN law 8).

A number is taken from a counter before anything is written under it, so two activations at once cannot write the same
object; a number that lost the race is never used again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.channels.cloudevents import Escalation
from chalicelib.core import compiled
from chalicelib.core.actions import escape
from chalicelib.core.instants import parse_instant, show, to_ms
from chalicelib.core.rules import Policy
from chalicelib.core.settle import NO_LEVER_NEEDED
from chalicelib.flow.log import fault, log
from chalicelib.flow.rulebook import ACTIVE, KIND, blob_key
from chalicelib.flow.shops import adapter_of
from chalicelib.flow.tell import Teller
from chalicelib.ops.audit import journalled
from chalicelib.ops.wrong import Absent, Clash, wrong
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Record
from chalicelib.rules import checks
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_text

NUMBERS = "policy-numbers"
AHEAD = timedelta(days=3660)
TRIES = 8


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
) -> Activated:
    """Read a policy and bring it into force for clocks that start from `at` on; a `retroactive` one also judges those
    that started before. Without `at` the first version of a policy has always been in force (`acts_from` keeps history
    from acting), a later one is from now on. Raises Mistakes (of the file), Wrong, or Clash after lost races."""
    policy = compiled.sealed(read_text(yaml_text))
    with journalled(
        ports, account, actor, "policy.activate", policy.name, digest=policy.digest, retroactive=retroactive
    ) as learnt:
        done = _activate(ports, account, policy, yaml_text, at, retroactive)
        learnt |= {"version": done.version, "at": _show(done.at), "unchanged": done.unchanged}
    if not done.unchanged:
        _tell(ports, account, "policy.activated", done.version, done.at or ports.clock.now())
    return done


def rollback(ports: Ports, account: str, name: str, number: int, actor: str) -> Activated:
    """Bring an older version into force again, for clocks that start from now on; those that run keep their version.
    Raises Absent for a version that never was in force, or Clash."""
    with journalled(ports, account, actor, "policy.rollback", name, to=number):
        for _ in range(TRIES):
            record, held = _held(ports, account)
            versions = [one for one in held if one["name"] == name]
            if number not in {one["number"] for one in versions}:
                raise Absent(f"version {name}@{number}")
            policy = _load(ports, account, name, number)
            now = ports.clock.now()
            current = _in_force(versions, now)
            if current is not None and current["number"] == number:
                return Activated(policy.version, now, False, True, warnings(ports, account, policy))
            _check_together(ports, account, policy, held)
            if _append(ports, account, record, held, _entry(policy, now, False)):
                break
        else:
            raise Clash("the policies are being changed by somebody else")
    _tell(ports, account, "policy.rolled_back", policy.version, now)
    return Activated(policy.version, now, False, False, warnings(ports, account, policy))


def listed(ports: Ports, account: str) -> list[dict[str, Any]]:
    """Each policy by name: the version in force now, and every activation in order."""
    _, held = _held(ports, account)
    now = ports.clock.now()
    result = []
    for name in sorted({one["name"] for one in held}):
        versions = [one for one in held if one["name"] == name]
        current = _in_force(versions, now)
        result.append(
            {
                "name": name,
                "in_force": current["number"] if current else None,
                "activations": [
                    {key: one.get(key) for key in ("number", "at", "retroactive", "digest")} for one in versions
                ],
            }
        )
    return result


def show_version(ports: Ports, account: str, name: str, number: int) -> dict[str, Any]:
    """A version as it was written and as it runs. Raises Absent."""
    _, held = _held(ports, account)
    if not any((one["name"], one["number"]) == (name, number) for one in held):
        raise Absent(f"version {name}@{number}")
    policy = _load(ports, account, name, number)
    try:
        text: str | None = ports.blobs.get(_source_key(account, name, number)).decode()
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
        levers = adapter_of(connection).levers
        for rule_id, step_id, action in _actions(policy):
            if action not in levers:
                found.append(
                    {
                        "connection": name,
                        "platform": connection.platform,
                        "rule": rule_id,
                        "step": step_id,
                        "action": action,
                    }
                )
    return tuple(found)


def _activate(
    ports: Ports, account: str, policy: Policy, text: str, at: datetime | None, retroactive: bool
) -> Activated:
    numbered: Policy | None = None
    for _ in range(TRIES):
        now = ports.clock.now()
        record, held = _held(ports, account)
        versions = [one for one in held if one["name"] == policy.name]
        since = _since(at, now, retroactive, versions)
        current = _in_force(versions, since or now)
        if current is not None and _digest(ports, account, current) == policy.digest:
            same = replace(policy, number=current["number"])
            if not retroactive or current["retroactive"]:
                return Activated(same.version, since, retroactive, True, warnings(ports, account, same))
            numbered = same
        _check_together(ports, account, policy, held)
        if numbered is None:
            numbered = replace(policy, number=_number(ports, account, policy.name, versions))
            body = json.dumps(compiled.dump(numbered), ensure_ascii=False, separators=(",", ":")).encode()
            ports.blobs.put(_source_key(account, policy.name, numbered.number), text.encode())
            ports.blobs.put(blob_key(account, policy.name, numbered.number), body)
        if _append(ports, account, record, held, _entry(numbered, since, retroactive)):
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


def _in_force(versions: Sequence[Mapping[str, Any]], when: datetime) -> Mapping[str, Any] | None:
    """The activation that judges a clock starting at `when`; among those of the same instant the last one written."""
    known = [(parse_instant(one["at"]) if one["at"] else None, index) for index, one in enumerate(versions)]
    begun = [(at is not None, at or when, index) for at, index in known if at is None or at <= when]
    return versions[max(begun)[2]] if begun else None


def _held(ports: Ports, account: str) -> tuple[Record | None, list[Mapping[str, Any]]]:
    record = ports.records(account).get(KIND, ACTIVE)
    return record, list(record.data["activations"]) if record else []


def _append(
    ports: Ports, account: str, record: Record | None, held: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]
) -> bool:
    try:
        ports.records(account).put(
            KIND, ACTIVE, {"activations": [*held, entry]}, expected=record.version if record else 0
        )
    except Conflict:
        return False
    return True


def _entry(policy: Policy, at: datetime | None, retroactive: bool) -> dict[str, Any]:
    return {
        "name": policy.name, "number": policy.number, "at": _show(at), "retroactive": retroactive,
        "digest": policy.digest,
    }  # fmt: skip


def _number(ports: Ports, account: str, name: str, versions: Sequence[Mapping[str, Any]]) -> int:
    records, least = ports.records(account), max((int(one["number"]) for one in versions), default=0)
    number = records.add(NUMBERS, name, "last", 1)
    return number if number > least else records.add(NUMBERS, name, "last", least - number + 1)


def _check_together(ports: Ports, account: str, policy: Policy, held: Sequence[Mapping[str, Any]]) -> None:
    """Raises Mistakes where the policy does not go with the newest versions of the others."""
    newest = {one["name"]: one["number"] for one in held if one["name"] != policy.name}
    others = [(f"{name}@{number}", _load(ports, account, name, number)) for name, number in sorted(newest.items())]
    problems = list(checks.together([*others, (policy.name, policy)]))
    if problems:
        raise Mistakes(problems)


def _digest(ports: Ports, account: str, entry: Mapping[str, Any]) -> str:
    known = entry.get("digest")
    return str(known) if known else _load(ports, account, entry["name"], entry["number"]).digest


def _load(ports: Ports, account: str, name: str, number: int) -> Policy:
    return compiled.load(json.loads(ports.blobs.get(blob_key(account, name, number))))


def _source_key(account: str, name: str, number: int) -> str:
    return blob_key(account, name, number).removesuffix(".json") + ".yaml"


def _actions(policy: Policy) -> Iterator[tuple[str, str, str]]:
    for rule in policy.rules:
        for step in rule.steps:
            for do in step.do:
                if do.action not in NO_LEVER_NEEDED:
                    yield rule.id, step.id, do.action


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
