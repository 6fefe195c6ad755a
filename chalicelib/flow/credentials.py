"""Levers and looks with credentials that are good: those that end soon are renewed before, those that a platform says
have ended are renewed once and the call is made again. One of many asks; the others read what it stored.

Nothing that asks a platform for something of one connection goes another way. What became of a renewal stands in a
record without any secret, so that those who cannot open credentials can tell how they are.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.core.words import CORE, Vocabulary
from chalicelib.flow import runner
from chalicelib.flow.breaker import LOCKED, LONGEST, Breaker
from chalicelib.flow.log import log
from chalicelib.flow.shops import Shops, adapter_of, context_of
from chalicelib.platforms.base import Later, Refused, Session, is_dead
from chalicelib.platforms.keeping import LOST, Refreshes
from chalicelib.ports.http import Http, Uncertain, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Connection

T = TypeVar("T")
KIND = "credentials"
MARGIN = timedelta(minutes=10)
"""Renewed so long before they end: longer than a function may run. Not earlier than an hour before, where Douyin shop
gives the same ones again."""
LEASE = timedelta(seconds=90)
"""Who asks has so long, which is longer than a function may run; then the answer counts as lost."""
PAUSE = timedelta(minutes=15)
"""What was refused is not asked for again before; new credentials are used at once."""
AGAIN = 10.0
TRIES = 5
ASKED, REFUSED, GOOD, WAITS = "asked", "refused", "good", "waits"


def run(
    ports: Ports,
    shops: Shops,
    connection: Connection,
    steps: Callable[[Session], Generator[Call, Reply, T]],
    words: Vocabulary = CORE,
    secrets: bool = False,
    insist: bool = False,
    http: Http | None = None,
) -> T | Later:
    """The result of what `steps` makes of a session; Later where the platform honours the credentials no more, so that
    all of it waits for new ones, and, with no call made, where the connection is not to be asked now (`breaker`).
    Raises Unsent, Uncertain and TooManyCalls as the runner does. `secrets`: the session carries the hook's secrets.
    `insist`: a person asks, so also where the platform did not answer lately, and its answer is told as it is. `http`:
    by which the calls go, else by the one of the ports.
    """
    breaker = Breaker(ports, connection, adapter_of(connection), http)
    wait = breaker.wait(insist)
    if wait is not None:
        return wait
    try:
        result = _run(ports, shops, connection, steps, words, secrets, breaker.client)
    except (Unsent, Uncertain) as error:
        if breaker.client.status:
            # It answered: what is uncertain is what became of the credentials on the way.
            breaker.ended(None)
        else:
            breaker.failed("no answer" if isinstance(error, Uncertain) else "no connection")
        if breaker.client.wrote and isinstance(error, Unsent):
            # The last call never left; what went before it may have had its effect.
            raise Uncertain(str(error)) from None
        raise
    if not is_dead(result) or not breaker.client.status:
        breaker.ended(result)
        if isinstance(result, Later) and breaker.client.touched:
            return replace(result, begun=True)
        return result
    breaker.locked()
    if insist:
        # Whoever asks is told what the platform said, and what mends it.
        return result
    if breaker.client.wrote:
        raise Uncertain("the credentials ended on the way")
    return Later(LONGEST.total_seconds(), LOCKED)


def _run(
    ports: Ports,
    shops: Shops,
    connection: Connection,
    steps: Callable[[Session], Generator[Call, Reply, T]],
    words: Vocabulary,
    secrets: bool,
    http: Http,
) -> T | Later:
    """Where the first call is told that the credentials have ended, all begins anew with new ones: nothing was done
    yet. Where a later one is told so, what came before may have had its effect: that is Uncertain.
    """
    adapter = adapter_of(connection)

    def opened(one: Connection) -> Session:
        made = shops.session(one, words)
        return replace(made, secrets=shops.secrets(one)) if secrets else made

    if not isinstance(adapter, Refreshes):
        return runner.run(steps(opened(connection)), http)
    session, connection = _good(ports, shops, connection, adapter, opened)
    if isinstance(session, Later):
        return session
    try:
        return runner.run(steps(session), _Watched(http, adapter, session))
    except _Ended as told:
        renewed = _renew(ports, shops, connection, adapter)
        if not told.first:
            raise Uncertain("the credentials ended on the way") from None
        if isinstance(renewed, Later):
            return renewed
        if isinstance(renewed, Refused):
            # The lever says what the platform's own words mean to it.
            return runner.run(steps(session), _Told(http, told.reply))
        return runner.run(steps(opened(renewed)), http)


def _good(
    ports: Ports, shops: Shops, connection: Connection, adapter: Refreshes, opened: Callable[[Connection], Session]
) -> tuple[Session | Later, Connection]:
    """A session whose credentials last, as far as that is known beforehand."""
    session, now = opened(connection), ports.clock.now()
    ends = adapter.expires(session.credentials)
    if ends is None or ends - MARGIN > now:
        return session, connection
    renewed = _renew(ports, shops, connection, adapter)
    if isinstance(renewed, Connection):
        return opened(renewed), renewed
    if isinstance(renewed, Later) and ends <= now:
        return renewed, connection
    # Good for some minutes yet; or refused, which the platform's answer says better.
    return session, connection


def _renew(ports: Ports, shops: Shops, connection: Connection, adapter: Refreshes) -> Connection | Later | Refused:
    """The connection with new credentials, by us or by somebody else."""
    account, name, now = connection.account, connection.name, ports.clock.now()
    held = ports.connections.get(account, name)
    if held is None:
        return Refused("connection gone")
    if held.credentials != connection.credentials:
        return held
    records, of = ports.records(account), _print(held.credentials)
    record = records.get(KIND, name)
    told: Mapping[str, object] = record.data if record is not None and record.data["of"] == of else {}
    if told and to_ms(now) < int(str(told["until"])):
        wait = (from_ms(int(str(told["until"]))) - now).total_seconds()
        return Refused(str(told["reason"])) if told["state"] == REFUSED else Later(min(wait, AGAIN), "being renewed")
    lost = bool(told.get("lost")) or told.get("state") == ASKED

    def note(state: str, wait: timedelta, reason: str = "", expected: int | None = None, lost: bool = lost) -> None:
        data = {"of": of, "state": state, "at": to_ms(now), "until": to_ms(now + wait), "reason": reason, "lost": lost}
        records.put(KIND, name, data, expected)

    try:
        note(ASKED, LEASE, expected=record.version if record else 0)
    except Conflict:
        return Later(AGAIN, "being renewed")
    found = _ask(ports, shops, held, adapter)
    if isinstance(found, Later):
        lost = lost or found.reason == LOST
        note(WAITS, timedelta(seconds=found.seconds), found.reason, lost=lost)
        log(
            "credentials_not_renewed", level="error" if lost else "warning", account=account, connection=name,
            reason=found.reason,
        )  # fmt: skip
        return found
    if isinstance(found, Refused):
        note(REFUSED, PAUSE, found.reason)
        reason = f"{found.reason}, after an answer that was lost" if lost else found.reason
        log("credentials_refused", level="error", account=account, connection=name, reason=reason)
        return found
    stored = _store(ports, held, found)
    ends = adapter.expires(found)
    records.put(
        KIND, name,
        {"of": _print(stored.credentials), "state": GOOD, "at": to_ms(now), "until": 0, "reason": "", "lost": False,
         "ends": to_ms(ends) if ends else 0},
    )  # fmt: skip
    log("credentials_renewed", account=account, connection=name)
    return stored


def _ask(ports: Ports, shops: Shops, held: Connection, adapter: Refreshes) -> Mapping[str, str] | Later | Refused:
    session = replace(shops.session(held), secrets=shops.secrets(held))
    try:
        return runner.run(adapter.refresh(session), ports.http)
    except Unsent:
        return Later(AGAIN, "no answer")
    except Uncertain:
        return Later(AGAIN, LOST)


def _store(ports: Ports, held: Connection, credentials: Mapping[str, str]) -> Connection:
    """Seal and store them; where a person gave others meanwhile, theirs stay. Raises Conflict after many lost races."""
    plain = json.dumps(dict(credentials), separators=(",", ":")).encode()
    sealed = ports.vault.encrypt(plain, context_of(held.account, held.name, "credentials"))
    before = held.credentials
    for _ in range(TRIES):
        try:
            return ports.connections.put(replace(held, credentials=sealed))
        except Conflict:
            found = ports.connections.get(held.account, held.name)
            if found is None or found.credentials != before:
                return found or held
            held = found
    raise Conflict(f"{held.account}:{held.name}")


def told(ports: Ports, connection: Connection) -> tuple[str, str] | None:
    """How a connection's credentials are and what mends them, in words; empty what is well. None where no renewal was
    tried of those that it has."""
    record = ports.records(connection.account).get(KIND, connection.name)
    if record is None or record.data["of"] != _print(connection.credentials):
        return None
    data = record.data
    at, state = show(from_ms(int(data["at"]))), data["state"]
    if state == GOOD:
        until = f", good until {show(from_ms(int(data['ends'])))}" if data["ends"] else ""
        return f"renewed at {at}{until}", ""
    mend = "authorise the app anew on the platform and give the connection the new tokens"
    if state == REFUSED:
        lost = "; an earlier answer with new ones was lost on its way" if data["lost"] else ""
        return f"the platform refused at {at} to renew them ({data['reason']}){lost}", mend
    if data["lost"] or (state == ASKED and int(data["until"]) <= to_ms(ports.clock.now())):
        lost = f"asked at {at} to renew them, and the answer was lost: they may be dead"
        return lost, f"wait for the next try, or {mend}"
    return f"being renewed since {at}", ""


def ends(ports: Ports, connection: Connection) -> datetime | None:
    """When the credentials end that we renewed ourselves; None where that is not known without opening them."""
    record = ports.records(connection.account).get(KIND, connection.name)
    if record is None or record.data["of"] != _print(connection.credentials) or not record.data.get("ends"):
        return None
    return from_ms(int(record.data["ends"]))


def _print(sealed: bytes) -> str:
    """Tells sealed credentials apart; it says nothing of what they are."""
    return hashlib.sha256(sealed).hexdigest()[:32]


class _Ended(Exception):
    """A call was told that the credentials have ended."""

    def __init__(self, reply: Reply, first: bool) -> None:
        super().__init__("credentials ended")
        self.reply, self.first = reply, first


class _Watched:
    """The client, with an eye on answers that say that the credentials have ended."""

    def __init__(self, http: Http, adapter: Refreshes, session: Session) -> None:
        self._http, self._adapter, self._credentials = http, adapter, session.credentials
        self._sent = 0

    def send(self, call: Call) -> Reply:
        reply = self._http.send(call)
        self._sent += 1
        if self._adapter.ended(self._credentials, reply):
            raise _Ended(reply, self._sent == 1)
        return reply


class _Told:
    """The client, whose first answer is known already."""

    def __init__(self, http: Http, reply: Reply) -> None:
        self._http = http
        self._first: Reply | None = reply

    def send(self, call: Call) -> Reply:
        if self._first is None:
            return self._http.send(call)
        reply, self._first = self._first, None
        return reply
