"""A whole Redress under simulation: the product's own flow over the ports in memory, one clock, one seed, faults.

Every call of a port passes `Sim.touch`, where a plan may refuse it, fail it before or after its effect, or end the
process that makes it; where other work may be done in between, so that races are real; and where time may pass, until
the process is killed as Lambda would kill it. The same plan and seed make the same run.
"""

import contextlib
import hashlib
import heapq
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from chalicelib.core.calls import Call, Reply
from chalicelib.core.case import Case
from chalicelib.core.signing import signed_headers
from chalicelib.flow.project import Change
from chalicelib.ports.faults import Crash
from chalicelib.ports.http import Http
from chalicelib.ports.memory import (
    ManualClock,
    MemoryBlobs,
    MemoryConnections,
    MemoryQueue,
    MemoryRecords,
    MemoryVault,
    RecordTable,
)
from chalicelib.ports.ports import GivenPorts, Ports
from tests.sim.bazaar import Shop
from tests.sim.parts import LIMIT, VISIBILITY, Parts, build
from tests.sim.sites import KINDS, QUEUES, QUIET, Odds, Plan, Site, Tap, never
from tests.support.world import SECRET, T0

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class _Frame:
    """A running function: when it is killed, and how many calls it has left before it dies of itself."""

    function: str
    until: datetime
    left: int = -1
    calls: int = 0


@dataclass
class Sim:
    """See the module. `watchers` hear each write of a case; `sites` is the run's list of calls where `tracing`."""

    seed: int = 0
    odds: Odds = QUIET
    plan: Plan = never
    parts: Parts = field(default_factory=Parts)
    tracing: bool = False
    projecting: bool = True
    shards: int = 1
    pace: Mapping[str, float] = field(default_factory=dict)
    """Seconds that a batch of a queue takes; a queue that is not named is worked off at once. One batch at a time."""

    def __post_init__(self) -> None:
        random.seed(self.seed)
        self.rng = random.Random(self.seed)
        self.clock = ManualClock(T0)
        self.shop = Shop()
        self.far: Http = self.shop
        """The far end of every call but those to a subscriber."""
        self.posts: Counter[str] = Counter()
        self.table = self.parts.table(self.shards, clock=self.clock)
        self.rows = RecordTable()
        self.dead = MemoryQueue(self.clock)
        self.queues = {
            name: self.parts.queue(
                self.clock, visibility=timedelta(seconds=VISIBILITY[name]), dead=self.dead,
                rng=random.Random(self.seed + 1), duplicates=self.odds.duplicates, shuffle=self.odds.duplicates > 0,
            )
            for name in QUEUES
        }  # fmt: skip
        self.blobs, self.bus = MemoryBlobs(), self.parts.bus()
        self.watchers: list[Callable[[Case, datetime], None]] = []
        self.faults: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.sites: list[Site] = []
        self.calls = 0
        self.calm = False
        """Set when the faults are over: a run is judged once it had the chance to recover."""
        self._frames: list[_Frame] = []
        self._idle: dict[str, list[Any]] = {}
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = 0
        self._streamed = 0
        self.down = False
        """An outage: no function runs, and webhooks are not answered."""
        self._busy: dict[str, datetime] = {}
        self.bare: Ports = self._ports(lambda port, name: port)
        """The ports without faults, for whoever looks on."""
        self.ports: Ports = self._ports(lambda port, name: Tap(port, name, self))

    def _ports(self, around: Callable[[object, str], object]) -> Ports:
        cases: dict[str, Any] = {}
        records: dict[str, Any] = {}

        def cases_of(account: str) -> Any:
            if account not in cases:
                cases[account] = around(self.parts.cases(account, self), "cases")
            return cases[account]

        def records_of(account: str) -> Any:
            if account not in records:
                records[account] = around(MemoryRecords(account, self.clock, self.rows), "records")
            return records[account]

        connections = getattr(self, "bare", None)
        vault, store = MemoryVault(), connections.connections if connections else MemoryConnections()
        return GivenPorts(
            clock=self.clock,
            cases=cases_of,
            records=records_of,
            wake_index=cast(Any, around(self.parts.index(self.table, self.clock), "wake_index")),
            connections=cast(Any, around(store, "connections")),
            vault=cast(Any, around(vault, "vault")),
            blobs=cast(Any, around(self.blobs, "blobs")),
            bus=cast(Any, around(self.bus, "bus")),
            inbox=cast(Any, around(self.queues["inbox"], "inbox")),
            wakes=cast(Any, around(self.queues["wakes"], "wakes")),
            late=cast(Any, around(self.queues["late"], "late")),
            actions=cast(Any, around(self.queues["actions"], "actions")),
            http=cast(Any, around(self, "http")),
            shards=self.shards,
        )

    def send(self, call: Call) -> Reply:
        """The outside as the http port sees it: the shop, and a subscriber that takes everything."""
        if call.url.startswith("https://pager."):
            self.posts[call.headers["webhook-id"]] += 1
            return Reply(200)
        return self.far.send(call)

    # ---- functions and their processes ----

    def touch(self, port: str, method: str) -> Site | None:
        """A running function calls a port: count it, let time pass, kill what has run for too long."""
        if not self._frames:
            return None
        frame = self._frames[-1]
        self.calls += 1
        site = Site(frame.function, port, method, self.calls, first=not frame.calls)
        frame.calls += 1
        if self.tracing:
            self.sites.append(site)
        if frame.left == 0:
            raise Crash()
        frame.left -= 1
        if not self.calm and len(self._frames) == 1:
            if self.odds.stall and self.rng.random() < self.odds.stall:
                self._stall(self.rng.choice((0.02, 0.5, 0.1 * LIMIT[frame.function], 1.2 * LIMIT[frame.function])))
            elif self.odds.race and port == "cases" and method == "put" and self.rng.random() < self.odds.race:
                self._stall(self.rng.uniform(0.001, 0.3))
        if self.clock.now() > frame.until:
            raise Crash()
        return site

    def judge(self, site: Site) -> str:
        """What happens to a call: what the plan says, or the odds."""
        kind = self.plan(site)
        if not kind and self.odds.fault and not self.calm:
            drawn = self.rng.random()
            kind = KINDS[int(drawn / self.odds.fault * 3)] if drawn < self.odds.fault else ""
        if kind:
            self.faults[kind] += 1
        return kind

    def _stall(self, seconds: float) -> None:
        """The function stands still for a while; everybody else works on."""
        self.counts["stalls"] += 1
        self._work_until(self.clock.now() + timedelta(seconds=seconds))

    def activate_function(self, function: str, job: Callable[[Any], Any]) -> tuple[bool, Any]:
        """One run of a function in a process of its own: whether it ended in order, and what it gave."""
        pool = self._idle.setdefault(function, [])
        process = pool.pop() if pool else build(function, self.ports, self.parts)
        left = -1
        if not self.calm and self.odds.crash:
            dies = self.odds.sweep_dies if function == "sweep" else self.odds.crash
            if self.rng.random() < dies:
                left = self.rng.randrange(40 if function == "sweep" else 12)
        self._frames.append(_Frame(function, self.clock.now() + timedelta(seconds=LIMIT[function]), left))
        try:
            result = job(process)
        except Crash:
            self.counts["crashes"] += 1
            return False, None
        except Exception:
            pool.append(process)
            return False, None
        finally:
            self._frames.pop()
        pool.append(process)
        return True, result

    # ---- what the world does ----

    def at(self, moment: datetime, deed: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._heap, (moment, self._order, deed))

    def deliver(self, *events: Mapping[str, Any], name: str = "shop-1", told: Callable[[], None] | None = None) -> None:
        """A webhook; its sender repeats it each minute until it is accepted. `told` hears that."""
        body = json.dumps(events[0] if len(events) == 1 else list(events)).encode()
        ident = "msg_" + hashlib.sha256(body).hexdigest()[:16]
        headers = {"content-type": "application/json", **signed_headers(ident, self.clock.now(), body, SECRET)}
        request = {"headers": headers, "body": body.decode(), "pathParameters": {"token": f"main.{name}.token"}}
        fine, answer = self.activate_function("hook", lambda hook: hook(request))
        if fine:
            assert answer["statusCode"] == 202, answer
            self.counts["accepted"] += 1
            if told is not None:
                told()
        else:
            self.at(self.clock.now() + MINUTE, lambda: self.deliver(*events, name=name, told=told))

    def sweep(self) -> None:
        """One run for this minute, and the next one's turn."""
        minute = self.clock.now()
        self.at(minute + MINUTE, self.sweep)
        if self.odds.lag and not self.calm:
            slow = self.rng.random() < self.odds.lag
            self.table.lag = timedelta(seconds=self.rng.uniform(30, self.odds.lag_most) if slow else 0.01)
        if self.calm:
            self.table.lag = timedelta()
        if not self.down and (self.calm or self.rng.random() >= self.odds.sweep_lost):
            self.activate_function("sweep", lambda sweep: sweep(minute))

    # ---- time ----

    def start(self) -> None:
        """Begin with the sweep of the minute that follows."""
        self.at(T0 + MINUTE, self.sweep)

    def run(self, until: datetime) -> None:
        """Work and let time pass until an instant. What the product logs goes nowhere."""
        with contextlib.redirect_stdout(_Nowhere()):
            self._work_until(until)

    def _work_until(self, until: datetime) -> None:
        while True:
            at = self._next_at()
            if at is None or at > until:
                break
            if at > self.clock.now():
                self.clock.set(at)
            self._work()
        if until > self.clock.now():
            self.clock.set(until)

    def _next_at(self) -> datetime | None:
        times = [self._heap[0][0]] if self._heap else []
        if self.down:
            return min(times, default=None)
        for name, queue in self.queues.items():
            at = queue.next_at()
            if at is not None:
                times.append(max(at, self._busy.get(name, at)))
        if self._may_project() and self.table.pending(1):
            times.append(self.clock.now())
        return min(times, default=None)

    def _work(self) -> None:
        """Everything that is due now, once."""
        now = self.clock.now()
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2]()
        if self.down:
            return
        for name in QUEUES:
            if self._busy.get(name, now) <= now:
                self._consume(name)
        if self._may_project():
            self._project()

    def _consume(self, name: str) -> None:
        queue = self.queues[name]
        held = queue.receive(10)
        if not held:
            return
        if name in self.pace:
            self._busy[name] = self.clock.now() + timedelta(seconds=self.pace[name])
        fine, failed = self.activate_function(name, lambda consumer: consumer([(one.id, one.body) for one in held]))
        if not fine or (not self.calm and self.odds.unacked and self.rng.random() < self.odds.unacked):
            return
        again = set(failed)
        for one in held:
            if one.id not in again:
                queue.delete(one)

    def _may_project(self) -> bool:
        """One reader at a time has the stream."""
        return self.projecting and all(frame.function != "project" for frame in self._frames)

    def _project(self) -> None:
        """The stream's records, in order; what failed comes again."""
        records = self.table.pending(100)
        if not records:
            return
        first, now = self._streamed, self.clock.now()
        changes = [Change(f"{first + n:09d}", one.old, one.new, now) for n, one in enumerate(records)]
        fine, failed = self.activate_function("project", lambda project: project(changes))
        done = len(changes) if fine else 0
        if fine and failed:
            done = next(n for n, one in enumerate(changes) if one.id == failed[0])
        self.table.done(done)
        self._streamed += done
        if done < len(changes):
            # A stream's shard that failed is read again after a moment.
            self.projecting = False
            self.at(now + SECOND, self._project_again)

    def _project_again(self) -> None:
        self.projecting = True

    def cases(self) -> Iterator[Case]:
        keys = self.table.keys()
        for key in keys:
            image = self.table.read(key)
            assert image is not None
            yield image.case


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)
