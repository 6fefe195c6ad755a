"""A platform gone silent is noticed and mended: when each connection was last heard of, its usual gap, and what to ask
once it is quiet for three times as long. Facts that a poll brings and webhooks that come late end in the same evidence,
so nothing here decides anything: it only says where to look.

What is kept of a connection is one record of the deployment, written at most once a minute however much comes in.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.channels.cloudevents import Escalation
from chalicelib.core.actions import escape
from chalicelib.core.events import Subject
from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.flow.log import fault, log
from chalicelib.flow.looks import HOOKS, POLL
from chalicelib.flow.messages import LookAt, group_of, write_task
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.flow.tell import Teller
from chalicelib.platforms.base import Polled
from chalicelib.platforms.keeping import Subscribes
from chalicelib.ports.ports import SYSTEM, Ports
from chalicelib.ports.stores import Conflict, Connection, Message, Record

KIND = "seen"
MINUTE = timedelta(minutes=1)
LEARN = 5
"""Gaps that must be known before a silence means anything."""
TIMES = 3
WEIGHT = 8
"""A new gap counts for one in so many of the usual one."""
TRIES = 5
LEAST = timedelta(minutes=5)
"""A busy shop's usual gap is under a minute, and the sweep itself may be late: less than this is no silence."""
REPEAT = timedelta(minutes=15)
"""While it is silent the platform is asked again so often."""
DAILY = timedelta(days=1)
"""How often the platform is asked whether it still holds our subscriptions: one that sends rarely is not missed by its
silence."""
MARGIN = timedelta(minutes=5)
"""Asked from so much before the last good instant: what was on its way then may never have come."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a connection's deliveries, in milliseconds. `last`: the newest one. `gap`: the usual time
    between two, as a moving average. `gaps`: how many it was learned from. `silent`: since when it is reported as
    silent, else 0. `asked`: when it was last asked what changed; `good`: from when on it is to be asked next. `hooks`:
    when its subscriptions were last asked for. `owed`: from when on an answer is still owed, because none came, else 0.
    """

    last: int
    gap: int = 0
    gaps: int = 0
    silent: int = 0
    asked: int = 0
    good: int = 0
    hooks: int = 0
    owed: int = 0

    @property
    def patience(self) -> timedelta | None:
        """How long a silence may be; None while too little is known."""
        return max(LEAST, TIMES * timedelta(milliseconds=self.gap)) if self.gaps >= LEARN else None

    def again(self, at: int) -> "Heard":
        """After one more delivery. A long silence is no usual gap, so it counts for three of them at most."""
        gap = at - self.last
        if self.gaps >= LEARN:
            gap = min(gap, TIMES * max(self.gap, to_ms_of(MINUTE)))
        usual = gap if not self.gaps else self.gap + (gap - self.gap) // min(WEIGHT, self.gaps + 1)
        return replace(self, last=at, gap=usual, gaps=min(self.gaps + 1, 1_000_000))


def to_ms_of(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def sort_of(account: str, connection: str) -> str:
    return f"{account}|{connection}"


def read(record: Record) -> Heard:
    return Heard(**{name: int(record.data.get(name, 0)) for name in Heard.__slots__})


def heard(ports: Ports, account: str, connection: str) -> Heard | None:
    """What is known of a connection; None before its first delivery."""
    record = ports.records(SYSTEM).get(KIND, sort_of(account, connection))
    return read(record) if record is not None else None


def _data(one: Heard) -> dict[str, int]:
    return {name: getattr(one, name) for name in Heard.__slots__}


class Seen:
    """Notes that a connection was heard of. Never fails: what is lost is noted with the next delivery."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._noted: dict[tuple[str, str], datetime] = {}

    def note(self, account: str, connection: str, received_at: datetime) -> None:
        noted = self._noted.get((account, connection))
        if noted is not None and received_at < noted + MINUTE:
            return
        if len(self._noted) > 10_000:
            self._noted.clear()
        self._noted[account, connection] = received_at
        try:
            self._write(account, connection, to_ms(received_at))
        except Conflict:
            # Somebody else has just noted the same.
            return
        except Exception as error:
            log("seen_failed", level="warning", account=account, connection=connection, reason=fault(error))

    def _write(self, account: str, connection: str, at: int) -> None:
        records, sort = self._ports.records(SYSTEM), sort_of(account, connection)
        record = records.get(KIND, sort)
        if record is None:
            records.put(KIND, sort, _data(Heard(at, good=at)), expected=0)
            return
        held = read(record)
        # A replay from quarantine is older; another process may have noted this minute already.
        if at >= held.last + to_ms_of(MINUTE):
            records.put(KIND, sort, _data(held.again(at)), expected=record.version)


def begin(ports: Ports, account: str, connection: str) -> None:
    """A new connection: whoever is polled is polled from now on, before anything was heard of it."""
    at = to_ms(ports.clock.now())
    ports.records(SYSTEM).put(KIND, sort_of(account, connection), _data(Heard(at, good=at, hooks=at)))


def owe(ports: Ports, account: str, connection: str, since: datetime) -> None:
    """Nobody answered what changed since an instant: the watch asks again from there, for as long as it takes."""
    records, sort, at = ports.records(SYSTEM), sort_of(account, connection), to_ms(since)
    for _ in range(TRIES):
        record = records.get(KIND, sort)
        held = read(record) if record is not None else None
        if record is None or held is None or (held.owed and held.owed <= at):
            return
        try:
            records.put(KIND, sort, _data(replace(held, owed=at)), expected=record.version)
            return
        except Conflict:
            continue


def owe_all(ports: Ports, connection: Connection, since: datetime) -> None:
    """Nothing could be asked since an instant: what changed is asked for, where its platform can tell."""
    if POLL in adapter_of(connection).looks:
        owe(ports, connection.account, connection.name, since - MARGIN)


class Watch:
    """Each minute: who is silent, who is heard again, who is to be asked what changed."""

    def __init__(self, ports: Ports, shops: Shops, teller: Teller) -> None:
        self._ports, self._shops, self._teller = ports, shops, teller

    def __call__(self) -> int:
        """Go through all connections; how many were asked. One that fails keeps no other from being watched."""
        asked = 0
        for record in list(self._ports.records(SYSTEM).query(KIND)):
            account, _, name = record.sort.partition("|")
            try:
                asked += self._one(account, name, record)
            except Conflict:
                # It was heard of in this very moment: the next minute looks again.
                continue
            except Exception as error:
                log("watch_failed", level="error", account=account, connection=name, reason=fault(error))
        return asked

    def _one(self, account: str, name: str, record: Record) -> bool:
        held, now = read(record), self._ports.clock.now()
        connection = self._shops.find(account, name)
        if connection is None or not connection.active:
            return False
        after, patience = held, held.patience
        quiet = now - from_ms(held.last)
        if not held.silent and patience is not None and quiet > patience:
            polled = isinstance(adapter_of(connection), Polled)
            good = min(held.good, held.last) if polled else held.last
            after = replace(held, silent=to_ms(now), good=good, asked=0)
            self._tell(account, name, "source.silent", held.last, now)
        elif held.silent and held.last > held.silent:
            # What was missed in between does not come by itself.
            after = replace(held, silent=0, asked=0)
            self._tell(account, name, "source.recovered", held.silent, now)
        every = self._every(connection, after)
        due = after != held or (every is not None and now - from_ms(after.asked) >= every)
        subscribes = isinstance(adapter_of(connection), Subscribes)
        if subscribes and ((due and after.silent) or now - from_ms(after.hooks) >= DAILY):
            self._look(connection, HOOKS)
            after = replace(after, hooks=to_ms(now))
        if due:
            self._ask(connection, after)
            # From here on the next one asks: from the last good instant on, for as long as nothing is heard.
            good = after.good if after.silent else to_ms(now)
            after = replace(after, asked=to_ms(now), good=good, owed=0)
        if after != held:
            self._ports.records(SYSTEM).put(KIND, record.sort, _data(after), expected=record.version)
        return due

    def _every(self, connection: Connection, held: Heard) -> timedelta | None:
        """How often it is asked now: the silent ones, those whose platform never repeats a delivery, and those that owe
        an answer."""
        adapter = adapter_of(connection)
        often = adapter.every if isinstance(adapter, Polled) else None
        return min(often or REPEAT, REPEAT) if held.silent or held.owed else often

    def _ask(self, connection: Connection, held: Heard) -> None:
        if POLL in adapter_of(connection).looks:
            good = held.good or held.last
            since = min(good - to_ms_of(MARGIN), held.owed or good)
            self._look(connection, Subject(POLL, show(from_ms(since))))

    def _look(self, connection: Connection, subject: Subject) -> None:
        task = write_task(LookAt(connection.account, connection.name, subject))
        self._ports.actions.send([Message(task, group=group_of(connection.account, connection.name))])

    def _tell(self, account: str, name: str, kind: str, since: int, now: datetime) -> None:
        """Told before it is written, under an id that a repetition shares."""
        subject = f"connection/{name}"
        ident = escape(f"{account}:{name}:{subject}") + f"|{kind.partition('.')[2]}|{since}"
        incident = f"{name}:{subject}|silent"
        told = Escalation(
            ident, kind, account, name, subject, now, to_ms(now), incident, case=f"{name}:{subject}",
            start=from_ms(since),
        )  # fmt: skip
        self._teller.tell(account, [told])
        log(kind.replace(".", "_"), level="warning", account=account, connection=name)
