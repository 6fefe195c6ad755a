"""Connections as ops see and change them. A secret is shown in the answer that made it and nowhere else."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from chalicelib.connections import connect as connecting
from chalicelib.connections.check import NAME
from chalicelib.connections.connect import Change, Connected, Request
from chalicelib.connections.offers import OFFERS
from chalicelib.core.instants import show
from chalicelib.flow import checkup
from chalicelib.flow.shops import AGAIN, adapter_of
from chalicelib.ops.audit import journalled
from chalicelib.ops.desk import Desk
from chalicelib.ops.keys import Actor
from chalicelib.ops.models import ChangedConnection, NewConnection, Rotation
from chalicelib.ops.wrong import Absent
from chalicelib.platforms.keeping import Subscribes
from chalicelib.ports.stores import Connection

SETTLED = AGAIN // timedelta(seconds=1) + 3
"""Seconds after which every door knows what a rotation changed."""


def get(desk: Desk, account: str, name: str) -> Connection:
    """Raises Absent, also for what cannot be a name."""
    found = desk.ports.connections.get(account, name) if NAME.fullmatch(name) else None
    if found is None:
        raise Absent(f"connection {name[:40]}")
    return found


def listed(desk: Desk, account: str) -> list[dict[str, Any]]:
    found = (desk.ports.connections.get(account, name) for name in desk.ports.connections.names(account))
    return [describe(one) for one in found if one is not None]


def describe(one: Connection) -> dict[str, Any]:
    """A connection without anything that would let somebody in."""
    return {
        "name": one.name,
        "platform": one.platform,
        "address": one.address,
        "options": dict(one.options),
        "mapping": {mark: list(places) for mark, places in one.mapping.items()},
        "modes": dict(one.modes),
        "acts_from": show(one.acts_from) if one.acts_from else None,
        "active": one.active,
        "secrets": [{"until": show(secret.until) if secret.until else None} for secret in one.secrets],
        "credentials": bool(one.credentials),
    }


def levers(one: Connection) -> dict[str, Any]:
    """What the platform offers: levers with how they bear repetition and reversal, and what can be looked at."""
    adapter = adapter_of(one)
    return {
        "levers": [
            {
                "action": lever.action, "repeat": lever.repeat, "reverse": lever.reverse, "undo": lever.undo,
                "needs": lever.needs, "effects": lever.effects,
            }
            for _, lever in sorted(adapter.levers.items())
        ],
        "looks": sorted(adapter.looks),
        "options": sorted(OFFERS[one.platform].known),
        "credentials": sorted(OFFERS[one.platform].credentials),
    }  # fmt: skip


def create(desk: Desk, actor: Actor, name: str, said: NewConnection) -> dict[str, Any]:
    """Raises Wrong or Clash."""
    request = Request(
        name, said.platform, said.address, said.options, _mapping(said.mapping) or {}, said.modes, said.acts_from,
        said.credentials, said.secret,
    )  # fmt: skip
    marks = desk.book(actor.account).words.marks
    with journalled(
        desk.ports, actor.account, actor.name, "connection.create", name[:40], platform=said.platform, modes=said.modes,
        options=said.options,
    ):  # fmt: skip
        made = connecting.connect(desk.ports, actor.account, request, desk.hook_url, marks)
    return _shown_once(made)


def amend(desk: Desk, actor: Actor, name: str, said: ChangedConnection) -> dict[str, Any]:
    """Raises Absent, Wrong or Clash."""
    get(desk, actor.account, name)
    change = Change(
        said.modes, said.options, _mapping(said.mapping), said.address, said.acts_from, said.active, said.credentials
    )
    told = {key: value for key, value in asdict(change).items() if value is not None and key != "credentials"}
    if said.acts_from:
        told["acts_from"] = show(said.acts_from)
    marks = desk.book(actor.account).words.marks
    told["credentials"] = said.credentials is not None
    with journalled(desk.ports, actor.account, actor.name, "connection.change", name, **told):
        return describe(connecting.amend(desk.ports, actor.account, name, change, marks))


def rotate(desk: Desk, actor: Actor, name: str, said: Rotation) -> dict[str, Any]:
    """Also has the platform told, where it lets us: `renews` says that the answer of the checkup `renew` is to come.
    Raises Absent, Wrong or Clash."""
    before = get(desk, actor.account, name)
    overlap = timedelta(hours=said.overlap_hours)
    with journalled(
        desk.ports, actor.account, actor.name, "connection.rotate", name, overlap_hours=said.overlap_hours,
        new_address=said.new_address,
    ):  # fmt: skip
        made = connecting.rotate(desk.ports, actor.account, name, desk.hook_url, said.secret, overlap, said.new_address)
        renews = isinstance(adapter_of(before), Subscribes) and bool(before.credentials)
        if renews:
            asked = {"was": before.token_hash if made.token else "", "at": show(desk.ports.clock.now())}
            checkup.ask(desk.ports, actor.account, name, "renew", asked, SETTLED)
    return {**_shown_once(made), "renews": renews}


def close(desk: Desk, actor: Actor, name: str) -> dict[str, Any]:
    """Switch a connection off: its hook refuses, its cases stay. Raises Absent or Clash."""
    get(desk, actor.account, name)
    with journalled(desk.ports, actor.account, actor.name, "connection.close", name):
        return describe(connecting.amend(desk.ports, actor.account, name, Change(active=False), frozenset()))


def _shown_once(made: Connected) -> dict[str, Any]:
    told = {"connection": describe(made.connection), "secret": made.secret, "use_from": show(made.use_from)}
    return {**told, "token": made.token, "url": made.url} if made.token else told


def _mapping(told: dict[str, list[str]] | None) -> dict[str, tuple[str, ...]] | None:
    return None if told is None else {mark: tuple(places) for mark, places in told.items()}
