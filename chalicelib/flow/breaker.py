"""When a platform is not to be asked for a while: because it told one of our calls to wait, because it does not answer,
or because it honours our credentials no more. What one call learns holds for all calls of that connection, in every
process: a quota is the store's, and a shop that is down is not helped by a queue that knocks.

The state is one small record per connection; where it is lost or late, a call too many is made and nothing else. A
breaker delays, it never decides: what waits is told Later and keeps its place (DESIGN law 5: throttling is not
failure).
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import EPOCH, from_ms, show, to_ms
from chalicelib.flow.log import log
from chalicelib.platforms.base import Adapter, Later, Paces
from chalicelib.ports.http import Http
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Connection

KIND = "breaker"
MOST = 5
"""Runs in a row that may fail before the connection is left alone."""
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
"""How long it is left alone at first; twice as long after each trial in vain, up to the longest."""
SERIOUS = 6
"""Trials in vain, a quarter of an hour, after which somebody is woken (`infra/template.yaml`, PlatformDown)."""
TRIAL = timedelta(seconds=90)
"""Longer than a function may run: so long the others wait for the one that tries whether it answers again."""
KEPT = timedelta(days=1)
BUSY, DOWN, LOCKED = "throttled", "platform down", "credentials refused"
LOCK_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class State:
    """`failures` in a row; nobody asks before `until`, for `reason`. `trials`: in vain, since it was left alone.
    `since`: when our credentials were first refused, until an answer comes with these or with others; else EPOCH."""

    failures: int = 0
    until: datetime = EPOCH
    reason: str = ""
    trials: int = 0
    since: datetime = EPOCH
    version: int = 0

    @property
    def open(self) -> bool:
        return self.failures >= MOST


class Breaker:
    """For one run of a lever or a look: `wait` before it, `client` to send with, `ended` or `failed` after it."""

    def __init__(self, ports: Ports, connection: Connection, adapter: Adapter, http: Http | None = None) -> None:
        self._ports, self._connection, self._adapter = ports, connection, adapter
        self._state = State()
        self.client = _Watched(http or ports.http, adapter)

    def wait(self, insist: bool = False) -> Later | None:
        """Later where nobody is to ask now. The first to ask after a connection was left alone does so alone.
        `insist`: a person wants to know whether it answers; only a platform's own wish to wait goes before that."""
        self._state = held = _read(self._ports, self._connection)
        now = self._ports.clock.now()
        if held.open and insist:
            return None
        if held.until > now:
            return Later(max((held.until - now).total_seconds(), 1.0), held.reason)
        if held.open and not self._keep(replace(held, until=now + TRIAL)):
            # Somebody else is just trying.
            return Later(FIRST.total_seconds(), held.reason)
        return None

    def failed(self, reason: str) -> None:
        """The run got no answer that says anything."""
        held, now = self._state, self._ports.clock.now()
        failures = held.failures + 1
        if failures < MOST:
            self._keep(replace(held, failures=failures, trials=0))
            return
        trials = held.trials + 1
        pause = min(FIRST * 2 ** min(trials - 1, 10), LONGEST)
        if self._keep(State(failures, now + pause, DOWN, trials, held.since)):
            for_long = trials >= SERIOUS
            log(
                "platform_down" if for_long else "platform_away", level="error" if for_long else "warning",
                account=self._connection.account, connection=self._connection.name,
                reason=f"{failures} in a row, {reason}; not asked before {show(now + pause)}",
            )  # fmt: skip

    def locked(self) -> None:
        """The platform honours our credentials no more: tried again now and then, at once where they are replaced."""
        held, now = self._state, self._ports.clock.now()
        since = held.since if held.since > EPOCH else now
        if self._keep(State(max(held.failures, MOST), now + LONGEST, LOCKED, held.trials + 1, since)):
            log(
                "credentials_dead", level="error", account=self._connection.account, connection=self._connection.name,
                reason=f"not honoured since {show(since)}; tried again at {show(now + LONGEST)}",
            )  # fmt: skip

    def ended(self, result: object) -> None:
        """The run came to an end; what its answers said of our pace is kept. With the first answer after our
        credentials were refused, not just now, what changed is owed: notices of it may have been given up."""
        seen = self.client
        if isinstance(result, Later) and seen.status >= 500:
            self.failed(f"status {seen.status}")
            return
        held, now = self._state, self._ports.clock.now()
        if held.since > EPOCH and seen.status and now - held.since >= LONGEST:
            # It asks for looks itself.
            from chalicelib.flow.silence import owe_all

            owe_all(self._ports, self._connection, held.since)
        if seen.pause > 0:
            until = now + min(timedelta(seconds=seen.pause), LONGEST)
            self._keep(State(0, until, BUSY))
        elif (held.failures or held.since > EPOCH) and seen.status:
            self._keep(State())
        if held.open and seen.status:
            log("platform_back", account=self._connection.account, connection=self._connection.name)

    def _keep(self, state: State) -> bool:
        """Whether it was written; where somebody else was first, theirs stands."""
        one = self._connection
        data = {
            "of": _print(one), "failures": state.failures, "until": to_ms(state.until), "reason": state.reason,
            "trials": state.trials, "since": to_ms(state.since),
        }  # fmt: skip
        expires = self._ports.clock.now() + (LOCK_KEPT if state.since > EPOCH else KEPT)
        try:
            version = self._ports.records(one.account).put(KIND, one.name, data, self._state.version, expires)
        except Conflict:
            return False
        self._state = replace(state, version=version)
        return True


def held(ports: Ports, connection: Connection) -> State | None:
    """The state of a connection that is not asked now; None where it may be asked."""
    state = _read(ports, connection)
    return state if state.until > ports.clock.now() else None


def refused_since(ports: Ports, connection: Connection) -> datetime | None:
    """Since when the platform does not honour the credentials that it has; None where it does or nobody knows."""
    state = _read(ports, connection)
    return state.since if state.open and state.reason == LOCKED else None


def _read(ports: Ports, connection: Connection) -> State:
    record = ports.records(connection.account).get(KIND, connection.name)
    if record is None:
        return State()
    data = record.data
    since = from_ms(int(data.get("since", 0)))
    if data["of"] != _print(connection):
        # Another address or other credentials since then: what held for the old ones says nothing of these.
        return State(since=since, version=record.version)
    return State(
        int(data["failures"]), from_ms(int(data["until"])), str(data["reason"]), int(data["trials"]), since,
        record.version,
    )  # fmt: skip


def _may_have_done(status: int) -> bool:
    """Whether a call so answered may have had its effect: it has, or a server, or a gateway before it, gave up on the
    way. 503 says that it was not begun."""
    return 200 <= status < 300 or status == 408 or (status >= 500 and status != 503)


def _print(connection: Connection) -> str:
    """Tells addresses and sealed credentials apart; it says nothing of what they are."""
    return hashlib.sha256(connection.address.encode() + b"\0" + connection.credentials).hexdigest()[:16]


class _Watched:
    """The client, with an eye on what the answers say of our pace and of the platform's health."""

    def __init__(self, http: Http, adapter: Adapter) -> None:
        self._http, self._adapter = http, adapter
        self.status, self.pause, self.wrote, self.touched = 0, 0.0, False, False
        """Of the last answer, 0 where there was none to the last call; the longest wait that any answer asked for;
        whether a call before the last one, and whether any, may have had an effect."""

    def send(self, call: Call) -> Reply:
        self.status, self.wrote = 0, self.touched
        reply = self._http.send(call)
        self.status = reply.status
        self.touched = self.touched or (call.method != "GET" and _may_have_done(reply.status))
        if isinstance(self._adapter, Paces):
            self.pause = max(self.pause, self._adapter.pause(reply))
        return reply
