"""Who is told of escalations: a name, an https address, the types wanted, a secret that is sealed and shown once."""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.channels.cloudevents import PREFIX, TYPES
from chalicelib.connections.offers import url_wanted
from chalicelib.core import signing
from chalicelib.flow.post import subscriber_context
from chalicelib.flow.tell import KIND, Subscription, read_subscription, write_subscription
from chalicelib.ops.audit import journalled
from chalicelib.ops.wrong import Absent, Clash, Mistake, Wrong
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict
from chalicelib.rules.problems import brief, meant

_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Added:
    """A subscriber with the secret that its escalations are signed with, shown once."""

    subscription: Subscription
    secret: str = field(repr=False)


def add(
    ports: Ports,
    account: str,
    name: str,
    url: str,
    types: Sequence[str] = (),
    secret: str | None = None,
    actor: str = "deploy",
) -> Added:
    """Add a subscriber; `types` are types or beginnings of them (`clock.breached`, `penalty`), none takes all.

    Raises Wrong, or Clash where the name is taken by one that is active.
    """
    wanted = tuple(one.removeprefix(PREFIX) for one in types)
    _check(name, url, wanted, secret)
    plain = secret or signing.format_secret(secrets.token_bytes(32))
    sealed = ports.vault.encrypt(json.dumps([plain]).encode(), subscriber_context(account, name))
    made = Subscription(name, url, wanted, True, sealed)
    with journalled(ports, account, actor, "subscriber.add", name, types=list(wanted)):
        records = ports.records(account)
        held = records.get(KIND, name)
        if held is not None and read_subscription(name, held.data).active:
            raise Clash(f"a subscriber {name} exists already")
        try:
            # One that said 410 Gone was switched off; it may be added anew.
            records.put(KIND, name, write_subscription(made), expected=held.version if held else 0)
        except Conflict:
            raise Clash(f"a subscriber {name} exists already") from None
    return Added(made, plain)


def listed(ports: Ports, account: str) -> list[dict[str, Any]]:
    """The subscribers by name."""
    found = (read_subscription(one.sort, one.data) for one in ports.records(account).query(KIND))
    return [describe(one) for one in found]


def describe(one: Subscription) -> dict[str, Any]:
    return {"name": one.name, "url": one.url, "types": list(one.types), "active": one.active}


def remove(ports: Ports, account: str, name: str, actor: str) -> None:
    """Tell a subscriber nothing more. Raises Absent."""
    with journalled(ports, account, actor, "subscriber.remove", name[:40]):
        records = ports.records(account)
        if not _NAME.fullmatch(name) or records.get(KIND, name) is None:
            raise Absent(f"subscriber {name[:40]}")
        records.delete(KIND, name)


def _check(name: str, url: str, types: Sequence[str], secret: str | None) -> None:
    mistakes = []
    if not _NAME.fullmatch(name):
        mistakes.append(Mistake("name", brief(name), "at most 40 of a-z, 0-9 and -"))
    wanted = url_wanted(url)
    if wanted:
        # The address of a chat's webhook is itself a secret, so it is not repeated.
        mistakes.append(Mistake("url", "another address", wanted))
    groups = {kind.partition(".")[0] for kind in TYPES}
    for index, kind in enumerate(types):
        if kind not in TYPES and kind.rstrip(".") not in groups:
            known = TYPES | groups
            mistakes.append(Mistake(f"types[{index}]", brief(kind), f"a type or its group{meant(kind, known)}"))
    if secret is not None:
        try:
            signing.parse_secret(secret)
        except ValueError:
            mistakes.append(Mistake("secret", "a value of another form", "whsec_ and 24 to 64 bytes in base64"))
    if mistakes:
        raise Wrong(mistakes)
