"""The product on AWS as moto plays it, in this process: the entry points' own handlers, boto3's own clients, and a
meter on every request. moto proves nothing about races or time; the requests are what it is asked for here."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.aws.queues import SqsQueue
from chalicelib.connections.connect import Request, connect
from chalicelib.core.signing import signed_headers
from chalicelib.core.words import MARKS
from chalicelib.ops import policies
from tests.bench.meter import Meter
from tests.contract.worlds import deploy

QUEUES = ("inbox", "wakes", "late", "actions")
TWO = """
policy: two
calendar: UTC
rules:
  - id: ship-by
    applies_to: order
    clock: {start: order.paid, stop: [order.shipped], void: [order.cancelled], limit: {until: ship_by}}
    steps: [{id: breach, at: due, do: [{alert: {severity: error}}]}]
  - id: deliver-by
    applies_to: order
    clock: {start: order.paid, stop: [order.delivered], void: [order.cancelled], limit: {until: deliver_by}}
    steps: [{id: breach, at: due, do: [{alert: {severity: error}}]}]
"""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cloud:
    """One store of `standard` under two rules. `url` and `secret` as its owner enters them."""

    ports: bootstrap.AwsPorts
    meter: Meter
    url: str
    secret: str

    def request(self, *events: Mapping[str, Any]) -> dict[str, Any]:
        """The event that Lambda hands to the hook."""
        body = json.dumps(events[0] if len(events) == 1 else list(events)).encode()
        headers = signed_headers("msg_" + secrets.token_hex(8), datetime.now(UTC), body, self.secret)
        return {
            "version": "2.0", "headers": {"content-type": "application/json", **headers}, "body": body.decode(),
            "pathParameters": {"token": self.url.rpartition("/")[2]}, "isBase64Encoded": False,
        }  # fmt: skip

    def batch(self, queue: str, most: int = 10) -> dict[str, Any]:
        """What Lambda's poller would hand to a queue's function; what it asks SQS itself is no request of ours."""
        with self.meter.off():
            there = SqsQueue(getattr(self.ports, queue)._url, wait=0)
            held: list[Any] = []
            while len(held) < most and (more := there.receive(most - len(held))):
                held += more
            for one in held:
                there.delete(one)
        return {"Records": [{"messageId": one.id, "body": one.body} for one in held]}


@contextmanager
def cloud() -> Iterator[Cloud]:
    """A deployment with warm functions."""
    caches = [made for made in vars(bootstrap).values() if hasattr(made, "cache_clear")]
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        clients.forget()
        for made in caches:
            made.cache_clear()
        names = deploy()
        given = {
            "STAGE": "bench", "CASES": "cases", "CONNECTIONS": "connections", "RECORDS": "records",
            "BUCKET": names.bucket, "BUS": names.bus, "SECRETS_KEY": names.key, "SHARDS": "1",
            **{one.upper(): clients.client("sqs").create_queue(QueueName=one)["QueueUrl"] for one in QUEUES},
        }  # fmt: skip
        for name, value in given.items():
            patch.setenv(f"REDRESS_{name}", value)
        ports = bootstrap.ports()
        policies.activate(ports, "main", TWO, LONG_AGO)
        made = connect(ports, "main", Request("corner", "standard", modes={}), "https://hooks.example", MARKS)
        meter = Meter(clients.client(name) for name in ("sqs", "dynamodb", "s3", "kms", "events"))
        yield Cloud(ports, meter, made.url, made.secret)
        clients.forget()
        for one in caches:
            one.cache_clear()
