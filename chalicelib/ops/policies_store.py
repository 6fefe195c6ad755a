"""Where policies lie: the record of activations, which only a conditional write changes, and the objects of versions,
which nothing changes (DESIGN law 8).

A number is taken from a counter before anything is written under it, so two activations at once cannot write the same
object; a number that lost the race is never used again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from chalicelib.core import compiled
from chalicelib.core.instants import parse_instant, show
from chalicelib.core.rules import Policy
from chalicelib.flow.rulebook import ACTIVE, KIND, Rulebook, blob_key
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Record
from chalicelib.rules import checks
from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_text

NUMBERS = "policy-numbers"
Entry: TypeAlias = Mapping[str, Any]


def read(ports: Ports, account: str, yaml_text: str) -> Policy:
    """The policy of a file, checked against the calendars of the deployment, sealed. Raises Mistakes."""
    return compiled.sealed(read_text(yaml_text, calendars=Rulebook(ports).get(account).calendars))


def held(ports: Ports, account: str) -> tuple[Record | None, list[Entry]]:
    """The record as it is stored, and its activations in the order in which they were made."""
    record = ports.records(account).get(KIND, ACTIVE)
    return record, list(record.data["activations"]) if record else []


def write(ports: Ports, account: str, record: Record | None, entries: Sequence[Entry]) -> bool:
    """Put these activations in the place of those of `record`; False where somebody else was first."""
    expected = record.version if record else 0
    try:
        ports.records(account).put(KIND, ACTIVE, {"activations": list(entries)}, expected=expected)
    except Conflict:
        return False
    return True


def entry(policy: Policy, at: datetime | None, retroactive: bool) -> dict[str, Any]:
    at_ = None if at is None else show(at)
    return {"name": policy.name, "number": policy.number, "at": at_, "retroactive": retroactive,
            "digest": policy.digest}  # fmt: skip


def standing(entries: Sequence[Entry], name: str) -> list[Entry]:
    """The activations of a policy that were not recalled, in the order in which they come into force."""
    mine = [one for one in entries if one["name"] == name and not one.get("recalled")]
    return sorted(mine, key=lambda one: (one["at"] is not None, one["at"] and parse_instant(one["at"])))


def in_force(entries: Sequence[Entry], name: str, when: datetime) -> Entry | None:
    """The activation that judges a clock starting at `when`; among those of the same instant the last one written."""
    begun = [one for one in standing(entries, name) if one["at"] is None or parse_instant(one["at"]) <= when]
    return begun[-1] if begun else None


def keep(ports: Ports, account: str, policy: Policy, text: str, entries: Sequence[Entry]) -> Policy:
    """The policy under a number of its own, written as it was said and as it runs."""
    numbers = [int(one["number"]) for one in entries if one["name"] == policy.name]
    numbered = replace(policy, number=_number(ports, account, policy.name, max(numbers, default=0)))
    body = json.dumps(compiled.dump(numbered), ensure_ascii=False, separators=(",", ":")).encode()
    ports.blobs.put(source_key(account, policy.name, numbered.number), text.encode())
    ports.blobs.put(blob_key(account, policy.name, numbered.number), body)
    return numbered


def _number(ports: Ports, account: str, name: str, least: int) -> int:
    records = ports.records(account)
    number = records.add(NUMBERS, name, "last", 1)
    return number if number > least else records.add(NUMBERS, name, "last", least - number + 1)


def check_together(ports: Ports, account: str, policy: Policy, entries: Sequence[Entry]) -> None:
    """Raises Mistakes where the policy does not go with the newest versions of the others."""
    newest = {one["name"]: one["number"] for one in entries if one["name"] != policy.name and not one.get("recalled")}
    others = [(f"{name}@{number}", load(ports, account, name, number)) for name, number in sorted(newest.items())]
    problems = list(checks.together([*others, (policy.name, policy)]))
    if problems:
        raise Mistakes(problems)


def digest(ports: Ports, account: str, one: Entry) -> str:
    known = one.get("digest")
    return str(known) if known else load(ports, account, one["name"], one["number"]).digest


def load(ports: Ports, account: str, name: str, number: int) -> Policy:
    return compiled.load(json.loads(ports.blobs.get(blob_key(account, name, number))))


def source_key(account: str, name: str, number: int) -> str:
    return blob_key(account, name, number).removesuffix(".json") + ".yaml"
