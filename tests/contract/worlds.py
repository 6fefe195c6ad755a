"""One way to ask for the ports, whoever implements them: in memory, on AWS as moto plays it, or on the engine that
REDRESS_TEST_ENDPOINT names. Tables are as the template declares them."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chalicelib.aws.blobs import S3Blobs
from chalicelib.aws.bus import EventBus
from chalicelib.aws.cases import DynamoCases, DynamoWakeIndex
from chalicelib.aws.clients import client
from chalicelib.aws.connections import DynamoConnections
from chalicelib.aws.queues import SqsQueue
from chalicelib.aws.records import DynamoRecords
from chalicelib.aws.vault import KmsVault
from chalicelib.ports.memory import (
    CaseTable,
    ManualClock,
    MemoryBlobs,
    MemoryBus,
    MemoryCases,
    MemoryConnections,
    MemoryQueue,
    MemoryRecords,
    MemoryVault,
    MemoryWakeIndex,
    RecordTable,
)
from chalicelib.ports.stores import Blobs, Bus, Cases, Connections, Queue, Receiver, Records, Vault, WakeIndex

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SHARDS = 4

_numbers = itertools.count(1)


class BothEnds(Queue, Receiver, Protocol):
    """A queue and its other end."""


@dataclass(frozen=True)
class World:
    """The ports of one implementation. `account` and `other` are new for each test; `clock` moves by hand.

    `wait` lets time pass for the queues: in memory at once, elsewhere really.
    """

    cases: Callable[[str], Cases]
    wake_index: WakeIndex
    records: Callable[[str], Records]
    queue: Callable[[], BothEnds]
    blobs: Blobs
    bus: Bus
    vault: Vault
    connections: Connections
    clock: ManualClock
    wait: Callable[[float], None]
    account: str = field(default_factory=lambda: f"a{next(_numbers)}")
    other: str = field(default_factory=lambda: f"b{next(_numbers)}")


def memory_world() -> World:
    clock = ManualClock(NOW)
    cases, records = CaseTable(SHARDS), RecordTable()

    def wait(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    return World(
        cases=lambda account: MemoryCases(account, cases),
        wake_index=MemoryWakeIndex(cases),
        records=lambda account: MemoryRecords(account, clock, records),
        queue=lambda: MemoryQueue(clock, visibility=timedelta(seconds=2), max_receives=2, dead=MemoryQueue(clock)),
        blobs=MemoryBlobs(),
        bus=MemoryBus(),
        vault=MemoryVault(),
        connections=MemoryConnections(),
        clock=clock,
        wait=wait,
    )


@dataclass(frozen=True)
class Deployed:
    """Names of what `deploy` made."""

    bucket: str
    bus: str
    key: str


def deploy() -> Deployed:
    """Make the tables, the bucket, the bus and the key in the endpoint that the environment points to."""
    text, pay = "S", {"BillingMode": "PAY_PER_REQUEST"}
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="cases",
        AttributeDefinitions=[
            {"AttributeName": one, "AttributeType": text} for one in ("key", "wake_bucket", "wake_at")
        ],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "wakes",
                "KeySchema": [
                    {"AttributeName": "wake_bucket", "KeyType": "HASH"},
                    {"AttributeName": "wake_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        **pay,
    )
    dynamodb.create_table(
        TableName="records",
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": text} for one in ("key", "sort")],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}, {"AttributeName": "sort", "KeyType": "RANGE"}],
        **pay,
    )
    dynamodb.create_table(
        TableName="connections",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": text}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        **pay,
    )
    client("s3").create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client("events").create_event_bus(Name="escalations")
    return Deployed("archive", "escalations", client("kms").create_key()["KeyMetadata"]["KeyId"])


def aws_world(deployed: Deployed) -> World:
    clock = ManualClock(NOW)

    def queue() -> BothEnds:
        dead = client("sqs").create_queue(QueueName=f"dead-{next(_numbers)}")["QueueUrl"]
        arn = client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        made = client("sqs").create_queue(
            QueueName=f"queue-{next(_numbers)}",
            Attributes={
                "VisibilityTimeout": "2",
                "RedrivePolicy": f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "2"}}',
            },
        )
        return SqsQueue(made["QueueUrl"], wait=0)

    return World(
        cases=lambda account: DynamoCases(account, "cases", SHARDS),
        wake_index=DynamoWakeIndex("cases"),
        records=lambda account: DynamoRecords(account, "records", clock),
        queue=queue,
        blobs=S3Blobs(deployed.bucket),
        bus=EventBus(deployed.bus),
        vault=KmsVault(deployed.key),
        connections=DynamoConnections("connections"),
        clock=clock,
        wait=time.sleep,
    )
