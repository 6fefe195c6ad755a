"""Connecting a store, and changing a connection: what is stored, what is sealed, and what is shown once.

Nothing here can open a secret: a rotation puts a new sealed one beside the old one, and both are live for a while.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.connections.check import check_credentials, check_request, check_secret
from chalicelib.core.words import Group, Mode
from chalicelib.flow import silence
from chalicelib.flow.shops import KEPT, context_of
from chalicelib.ops.wrong import Absent, Clash
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Connection, SealedSecret

OVERLAP = timedelta(hours=24)
"""How long the secret that is replaced stays live."""
MOST_SECRETS = 10
TRIES = 5


@dataclass(frozen=True, slots=True)
class Request:
    """A store to connect. `acts_from` None: from now on. `secret` None: one is made, where the platform lets us choose.

    `modes`: group of action (or `all`) -> mode; a group that is not named observes.
    """

    name: str
    platform: str
    address: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modes: Mapping[str, str] = field(default_factory=dict)
    acts_from: datetime | None = None
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection with what is shown once: the token, the address that ends in it, the hook's secret.

    `use_from`: from this instant on the whole deployment knows the new secret and address.
    """

    connection: Connection
    use_from: datetime
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What to change on a connection; None leaves a part as it is. Modes and options change by name, an option of ""
    goes away; mapping and credentials are replaced whole."""

    modes: Mapping[str, str] | None = None
    options: Mapping[str, str] | None = None
    mapping: Mapping[str, tuple[str, ...]] | None = None
    address: str | None = None
    acts_from: datetime | None = None
    active: bool | None = None
    credentials: Mapping[str, str] | None = field(default=None, repr=False)


def connect(ports: Ports, account: str, request: Request, hook_url: str, marks: frozenset[str]) -> Connected:
    """Store a new connection. `marks`: what a mapping may name. Raises Wrong, or Clash where the name is taken."""
    check_request(request, marks)
    now = ports.clock.now()
    secret = check_secret(request.platform, request.secret)
    token = _token(account, request.name)
    connection = Connection(
        account,
        request.name,
        request.platform,
        _hash(token),
        (_seal(ports, account, request.name, secret),),
        _seal_credentials(ports, account, request.name, request.credentials),
        request.address,
        request.mapping,
        request.options,
        modes_of(request.modes),
        request.acts_from or now,
        hook=_seal_hook(ports, account, request.name, _url(hook_url, token)),
    )
    if ports.connections.get(account, request.name) is not None:
        raise Clash(f"a connection {request.name} exists already")
    # Before it is there: what nobody watches is never polled, and whoever is cut off here cannot connect it again.
    silence.begin(ports, account, request.name)
    try:
        stored = ports.connections.put(connection)
    except Conflict:
        raise Clash(f"a connection {request.name} exists already") from None
    return Connected(stored, now, secret, token, _url(hook_url, token))


def amend(ports: Ports, account: str, name: str, change: Change, marks: frozenset[str]) -> Connection:
    """Change parts of a connection. Raises Absent, Wrong, or Clash after several lost races."""

    def changed(held: Connection) -> Connection:
        told = {key: value for key, value in (change.options or {}).items() if value != ""}
        address = held.address if change.address is None else change.address
        check_request(Request(name, held.platform, address, told, change.mapping or {}, change.modes or {}), marks)
        options = {**held.options, **(change.options or {})}
        credentials = held.credentials
        if change.credentials is not None:
            check_credentials(held.platform, change.credentials)
            credentials = _seal_credentials(ports, account, name, change.credentials)
        return replace(
            held,
            modes=modes_of(change.modes, held.modes) if change.modes else held.modes,
            options={key: value for key, value in options.items() if value != ""},
            mapping=held.mapping if change.mapping is None else change.mapping,
            address=address,
            acts_from=change.acts_from or held.acts_from,
            active=held.active if change.active is None else change.active,
            credentials=credentials,
        )

    return _change(ports, account, name, changed)


def rotate(
    ports: Ports,
    account: str,
    name: str,
    hook_url: str,
    secret: str | None = None,
    overlap: timedelta = OVERLAP,
    new_address: bool = False,
) -> Connected:
    """Put a new secret in front; those that were live stay live for `overlap` at most. `new_address`: a new token too,
    and the old address is unknown from then on. Raises Absent, Wrong, or Clash."""
    now = ports.clock.now()
    held = _get(ports, account, name)
    fresh = check_secret(held.platform, secret)
    sealed = _seal(ports, account, name, fresh)
    token = _token(account, name) if new_address else ""
    hook = _seal_hook(ports, account, name, _url(hook_url, token)) if token else b""

    def changed(one: Connection) -> Connection:
        until = now + overlap
        older = (SealedSecret(old.sealed, min(old.until or until, until)) for old in one.secrets)
        live = tuple(old for old in older if old.until is None or old.until > now)
        return replace(
            one,
            secrets=(sealed, *live)[:MOST_SECRETS],
            token_hash=_hash(token) if token else one.token_hash,
            hook=hook or one.hook,
        )

    stored = _change(ports, account, name, changed)
    return Connected(stored, now + KEPT, fresh, token, _url(hook_url, token) if token else "")


def modes_of(told: Mapping[str, str], held: Mapping[str, str] | None = None) -> dict[str, str]:
    """The mode of every group: what is told by name, else for `all`, else what was held, else observe."""
    rest = told.get("all")
    return {
        group.value: told.get(group.value) or rest or (held or {}).get(group.value) or Mode.OBSERVE.value
        for group in Group
    }


def _get(ports: Ports, account: str, name: str) -> Connection:
    found = ports.connections.get(account, name)
    if found is None:
        raise Absent(f"connection {name}")
    return found


def _change(ports: Ports, account: str, name: str, changed: Callable[[Connection], Connection]) -> Connection:
    for _ in range(TRIES):
        held = _get(ports, account, name)
        after = changed(held)
        if after == held:
            return held
        try:
            return ports.connections.put(after)
        except Conflict:
            continue
    raise Clash(f"connection {name} is being changed by somebody else")


def _token(account: str, name: str) -> str:
    return f"{account}.{name}.{secrets.token_urlsafe(24)}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _url(hook_url: str, token: str) -> str:
    return f"{hook_url.rstrip('/')}/hooks/{token}"


def _seal(ports: Ports, account: str, name: str, secret: str) -> SealedSecret:
    return SealedSecret(ports.vault.encrypt(secret.encode(), context_of(account, name, "secrets")))


def _seal_hook(ports: Ports, account: str, name: str, url: str) -> bytes:
    return ports.vault.encrypt(url.encode(), context_of(account, name, "hook"))


def _seal_credentials(ports: Ports, account: str, name: str, credentials: Mapping[str, str]) -> bytes:
    if not credentials:
        return b""
    plain = json.dumps(dict(credentials), separators=(",", ":")).encode()
    return ports.vault.encrypt(plain, context_of(account, name, "credentials"))
