"""What judges clocks that began before is shown first and needs a yes (DESIGN law 8): the difference over the stored
cases, part by part, and a digest by which somebody agrees to the difference that they saw.

A yes holds for one proposal on one state of the policies: whoever changes them in between makes it void.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from chalicelib.core.case import CaseId
from chalicelib.core.instants import parse_instant
from chalicelib.core.rules import Policy
from chalicelib.core.settle import Terms
from chalicelib.core.strictjson import dumps_canonical
from chalicelib.core.versions import Activation, Policies
from chalicelib.core.view import View
from chalicelib.flow import preview, walk
from chalicelib.flow.preview import Previews
from chalicelib.flow.rulebook import Book, Rulebook
from chalicelib.flow.shops import Shops, UnknownConnection
from chalicelib.flow.terms import terms_of
from chalicelib.ops import policies_store as store
from chalicelib.ops.wrong import Absent, Unconfirmed, wrong
from chalicelib.ports.ports import Ports

KIND = "previews"
KEPT = timedelta(days=1)
"""How long a yes is worth something."""


def check_cursor(cursor: str) -> None:
    """Raises Wrong for what no walk over cases gave."""
    try:
        if cursor:
            CaseId.parse(f"main:{cursor}")
    except ValueError:
        raise wrong("cursor", cursor, "what an answer gave, or nothing") from None


@dataclass(frozen=True, slots=True)
class Sure:
    """Somebody's yes: the digest of the difference that they saw, or `confirmed` without one."""

    yes: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of the activations that judges clocks anew. `name` tells one proposal from another."""

    name: str
    change: Callable[[Sequence[Activation]], Sequence[Activation]]


def retroactive(ports: Ports, policy: Policy, at: str = "") -> Proposal:
    """A version that judges all clocks, those that run and those that ended."""
    now = ports.clock.now()
    return Proposal(
        f"activate {policy.name} {policy.digest} {at}",
        lambda held: (*held, Activation(replace(policy, number=policy.number or 0), now, True)),
    )


def recall(ports: Ports, name: str, number: int, gone: Sequence[store.Entry]) -> Proposal:
    """As though these activations had never been."""
    now = ports.clock.now()
    names = {(one["number"], one["at"] and parse_instant(one["at"])) for one in gone}

    def change(held: Sequence[Activation]) -> Sequence[Activation]:
        return [
            replace(one, recalled=now) if one.policy.name == name and (one.policy.number, one.at) in names else one
            for one in held
        ]

    return Proposal(f"recall {name} {number}", change)


def agreed(ports: Ports, account: str, proposal: Proposal, basis: int, sure: Sure) -> None:
    """Go on, or raise Unconfirmed with what the proposal would change. `basis`: version of the activations' record."""
    if sure.confirmed:
        return
    records = ports.records(account)
    shown = records.get(KIND, sure.yes) if sure.yes else None
    if shown is not None and (shown.data["of"], shown.data["basis"]) == (proposal.name, basis):
        return
    told = part(ports, account, proposal)
    cursor = told.pop("cursor")
    digest = sha256(dumps_canonical({"of": proposal.name, "basis": basis, "diff": told})).hexdigest()
    records.put(KIND, digest, {"of": proposal.name, "basis": basis}, expires=ports.clock.now() + KEPT)
    raise Unconfirmed({"diff": told, "complete": not cursor, "cursor": cursor, "yes": digest})


def part(ports: Ports, account: str, proposal: Proposal, cursor: str = "") -> dict[str, Any]:
    """One part of the difference as JSON; `cursor` leads to the next, empty at the end. Raises Wrong."""
    check_cursor(cursor)
    before = Rulebook(ports).get(account)
    after = _with(before, proposal.change(before.policies.activations))
    told = Previews(ports, Shops(ports))(account, before, after, cursor)
    return {**told.as_dict(), "cursor": told.cursor}


def _with(book: Book, activations: Sequence[Activation]) -> Book:
    return replace(book, policies=Policies(tuple(activations)))


def of_file(ports: Ports, account: str, yaml_text: str, cursor: str = "") -> dict[str, Any]:
    """What a file would change if it came into force retroactively. Raises Mistakes or Wrong."""
    policy = store.read(ports, account, yaml_text)
    store.check_together(ports, account, policy, store.held(ports, account)[1])
    return part(ports, account, retroactive(ports, policy), cursor)


def of_rollback(ports: Ports, account: str, name: str, number: int, scope: str, cursor: str = "") -> dict[str, Any]:
    """What a rollback of running clocks, or a recall, would change. Raises Absent or Wrong."""
    return part(ports, account, rollback(ports, account, name, number, scope, store.held(ports, account)[1]), cursor)


def rollback(
    ports: Ports, account: str, name: str, number: int, scope: str, entries: Sequence[store.Entry]
) -> Proposal:
    if not any((one["name"], one["number"]) == (name, number) for one in entries):
        raise Absent(f"version {name}@{number}")
    if scope == "recall":
        return recall(ports, name, number, since(ports, name, number, entries))
    policy = store.load(ports, account, name, number)
    return retroactive(ports, policy, "again")


def since(ports: Ports, name: str, number: int, entries: Sequence[store.Entry]) -> list[store.Entry]:
    """The activations that a recall takes back: all after the last one of `number`. Raises Wrong."""
    now, mine = ports.clock.now(), store.standing(entries, name)
    begun = [one["number"] == number and (one["at"] is None or parse_instant(one["at"]) <= now) for one in mine]
    if True not in begun:
        raise wrong("to", f"{name}@{number}, itself recalled or not in force yet", "a version that was in force")
    return mine[len(begun) - begun[::-1].index(True) :]


def left(ports: Ports, account: str, name: str, number: int, cursor: str = "") -> dict[str, Any]:
    """What withdrawn steps of a version did and nobody can take back by itself: money and mail, for a person.

    In parts, as the difference is. Raises Absent or Wrong.
    """
    check_cursor(cursor)
    if not any((one["name"], one["number"]) == (name, number) for one in store.held(ports, account)[1]):
        raise Absent(f"version {name}@{number}")
    policies, shops = Rulebook(ports).get(account).policies, Shops(ports)
    found: list[dict[str, Any]] = []
    began, cases = ports.clock.now(), 0
    for case in walk.cases(ports, account, cursor):
        late = ports.clock.now() - began > preview.MOST_TIME
        if late or cases >= preview.MOST_CASES or len(found) >= preview.MOST_LISTED:
            return {"cases": cases, "left": found, "cursor": cursor}
        try:
            terms = terms_of(shops.get(account, case.id.connection))
        except UnknownConnection:
            terms = Terms()
        found += preview.left(case, frozenset([f"{name}@{number}"]), terms, policies, View(case.evidence, began))
        cases, cursor = cases + 1, walk.cursor_of(case)
    return {"cases": cases, "left": found, "cursor": ""}
