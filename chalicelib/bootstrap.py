"""Composes the shell on AWS: each port is made when first used and kept for the life of the container, so a function
pays only for what it touches. The one module that knows both the flow and `aws`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.flow.batch import consume
from chalicelib.ports.clock import SystemClock
from chalicelib.ports.http import Http
from chalicelib.ports.stores import Blobs, Bus, Cases, Clock, Connections, Lane, Queue, Records, Vault, WakeIndex
from chalicelib.settings import Settings, settings

if TYPE_CHECKING:
    from chalicelib.ops.desk import Desk

HANDLES = 1000
"""Accounts whose handles are kept: a stranger may name any, in a key or a link."""

Handler = Callable[[Mapping[str, Any]], object]


class NotProjected(RuntimeError):
    """A change of a case could not be projected; its batch comes again."""


class AwsPorts:
    """`ports.Ports` on DynamoDB, SQS, S3, EventBridge and KMS."""

    def __init__(self, given: Settings) -> None:
        self._given = given

    @cached_property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def cases(self) -> Callable[[str], Cases]:
        from chalicelib.aws.cases import DynamoCases

        table, shards = self._given.cases, self._given.shards
        return lru_cache(HANDLES)(lambda account: DynamoCases(account, table, shards))

    @cached_property
    def records(self) -> Callable[[str], Records]:
        from chalicelib.aws.records import DynamoRecords

        table, clock = self._given.records, self.clock
        return lru_cache(HANDLES)(lambda account: DynamoRecords(account, table, clock))

    @cached_property
    def wake_index(self) -> WakeIndex:
        from chalicelib.aws.cases import DynamoWakeIndex

        return DynamoWakeIndex(self._given.cases)

    @cached_property
    def connections(self) -> Connections:
        from chalicelib.aws.connections import DynamoConnections

        return DynamoConnections(self._given.connections)

    @cached_property
    def vault(self) -> Vault:
        from chalicelib.aws.vault import KmsVault

        return KmsVault(self._given.secrets_key)

    @cached_property
    def blobs(self) -> Blobs:
        from chalicelib.aws.blobs import S3Blobs

        return S3Blobs(self._given.bucket)

    @cached_property
    def bus(self) -> Bus:
        from chalicelib.aws.bus import EventBus

        return EventBus(self._given.bus)

    @cached_property
    def inbox(self) -> Queue:
        return _queue(self._given.inbox)

    @cached_property
    def wakes(self) -> Lane:
        return _queue(self._given.wakes)

    @cached_property
    def late(self) -> Lane:
        return _queue(self._given.late)

    @cached_property
    def actions(self) -> Queue:
        return _queue(self._given.actions)

    @cached_property
    def http(self) -> Http:
        from chalicelib.aws.http import HardenedHttp

        return HardenedHttp(allow_hosts=self._given.allow_hosts)

    @property
    def shards(self) -> int:
        return self._given.shards


def _queue(url: str) -> Lane:
    from chalicelib.aws.queues import SqsQueue

    return SqsQueue(url)


@cache
def ports() -> AwsPorts:
    """The ports of this process."""
    return AwsPorts(settings())


@cache
def hook() -> Handler:
    from chalicelib.flow.collect import Collect, is_collected
    from chalicelib.flow.hook import Hook
    from chalicelib.flow.shops import Shops

    shops = Shops(ports())
    door, collect = Hook(ports(), shops), Collect(ports(), shops)
    return lambda event: collect(event) if is_collected(event) else door(event)


@cache
def apply() -> Handler:
    from chalicelib.flow.advance import Advance
    from chalicelib.flow.apply import Apply
    from chalicelib.flow.rulebook import Rulebook
    from chalicelib.flow.shops import Shops
    from chalicelib.flow.tell import Teller

    shops, rulebook = Shops(ports()), Rulebook(ports())
    consumer = Apply(ports(), shops, rulebook, Advance(ports(), shops, rulebook), Teller(ports()))
    return lambda event: consume(consumer, event)


@cache
def wake() -> Handler:
    from chalicelib.flow.advance import Advance
    from chalicelib.flow.rulebook import Rulebook
    from chalicelib.flow.shops import Shops
    from chalicelib.flow.wake import Wake

    consumer = Wake(ports(), Advance(ports(), Shops(ports()), Rulebook(ports())))
    return lambda event: consume(consumer, event)


late = wake


@cache
def act() -> Handler:
    from chalicelib.flow.act import Actor
    from chalicelib.flow.advance import Advance
    from chalicelib.flow.rulebook import Rulebook
    from chalicelib.flow.shops import Shops

    shops, rulebook = Shops(ports()), Rulebook(ports())
    consumer = Actor(ports(), shops, rulebook, Advance(ports(), shops, rulebook))
    return lambda event: consume(consumer, event)


@cache
def ops() -> "Desk":
    from chalicelib.aws.queues import SqsQueue
    from chalicelib.ops.desk import Desk

    dead = {name: SqsQueue(url) for name, url in settings().dead_letters.items()}
    return Desk(ports(), settings().hook_url, dead, SqsQueue(settings().project_again))


@cache
def sweep() -> Handler:
    from chalicelib.core.instants import parse_instant
    from chalicelib.flow.shops import Shops
    from chalicelib.flow.silence import Watch
    from chalicelib.flow.sweep import Sweep
    from chalicelib.flow.tell import Teller

    run, watch = Sweep(ports()), Watch(ports(), Shops(ports()), Teller(ports()))
    # The scheduled minute, not the moment at which this happens to run (timers.md rule 3). Deadlines come first.
    return lambda event: {"sent": run(parse_instant(event["time"])), "asked": watch()}


@cache
def audit() -> Handler:
    from chalicelib.core.instants import parse_instant
    from chalicelib.flow.audit import Audit
    from chalicelib.flow.nightly import Nightly
    from chalicelib.flow.project import Project
    from chalicelib.flow.rulebook import Rulebook
    from chalicelib.flow.shops import Shops
    from chalicelib.flow.tell import Teller

    shops, rulebook = Shops(ports()), Rulebook(ports())
    proof = Audit(ports(), shops, rulebook, Project(ports(), shops, rulebook, Teller(ports())))
    night = Nightly(ports(), proof, settings().accounts, settings().heartbeat)
    return lambda event: night(parse_instant(event["time"]))


@cache
def sellers() -> Handler:
    from chalicelib.core.instants import parse_instant
    from chalicelib.sellers.nights import Nights

    nights = Nights(ports(), settings().accounts)
    return lambda event: nights(parse_instant(event["time"]))


def written_by(stream: Mapping[str, Any]) -> datetime:
    """When the write of a stream's record was over. The stream tells the second alone, rounded down: what was written
    later in that second would not be in sight yet, and so never be told."""
    at = stream["ApproximateCreationDateTime"]
    # Lambda tells a number, the stream's own API an instant.
    begin = at if isinstance(at, datetime) else datetime.fromtimestamp(float(at), UTC)
    return begin.astimezone(UTC) + timedelta(seconds=1)


@cache
def project() -> Handler:
    from chalicelib.aws.cases import image
    from chalicelib.aws.stream import Over, given_up, is_letter
    from chalicelib.flow.log import fault, log
    from chalicelib.flow.project import Change, Project
    from chalicelib.flow.rulebook import Rulebook
    from chalicelib.flow.shops import Shops
    from chalicelib.flow.tell import Teller

    run = Project(ports(), Shops(ports()), Rulebook(ports()), Teller(ports()), settings().ops_url or "")

    def changes(records: Iterable[Mapping[str, Any]]) -> list[Change]:
        found = []
        for record in records:
            stream = record["dynamodb"]
            if "NewImage" not in stream:
                continue
            old = image(stream["OldImage"]) if "OldImage" in stream else None
            found.append(Change(stream["SequenceNumber"], old, image(stream["NewImage"]), written_by(stream)))
        return found

    def again(letter: str) -> None:
        """What a dead letter names, while the stream still holds it."""
        try:
            found = changes(given_up(letter))
        except (Over, ValueError) as error:
            log("project_over", level="error", reason=fault(error))
            return
        run.late(found)
        log("project_again", count=len(found))

    def handle(event: Mapping[str, Any]) -> object:
        if all(map(is_letter, event["Records"])):
            for record in event["Records"]:
                again(record["body"])
            return {}
        failed = run(changes(event["Records"]))
        if failed:
            # Raised, not answered: AWS then halves the batch around the bad record, and the local engine, which does
            # not know partial answers on a stream, brings the batch again instead of losing it.
            raise NotProjected(failed[0])
        return {}

    return handle
