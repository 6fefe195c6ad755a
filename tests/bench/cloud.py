"""The product on AWS as moto plays it, in this process: the entry points' own handlers, boto3's own clients, and a
meter on every request. moto proves nothing about races or time; the requests are what it is asked for here."""

import json
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws
from moto.core.models import botocore_stubber

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.connections.connect import Request, connect
from chalicelib.core.signing import signed_headers
from chalicelib.core.words import MARKS
from chalicelib.ops import policies
from chalicelib.ports.memory import ManualClock
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
  - id: answer
    applies_to: refund
    clock: {start: refund.requested, stop: [refund.approved], limit: {days: 2}}
    steps:
      - {id: half, at: 50%, do: [remind_seller]}
      - {id: eve, at: due - 4h, do: [{alert: {severity: warning}}]}
      - {id: breach, at: due, do: [{alert: {severity: error}}]}
"""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Cloud:
    """One store of `standard` under two rules. `url` and `secret` as its owner enters them."""

    ports: bootstrap.AwsPorts
    clock: ManualClock
    meter: Meter
    url: str
    secret: str

    def request(self, *events: Mapping[str, Any]) -> dict[str, Any]:
        """The event that Lambda hands to the hook."""
        body = json.dumps(events[0] if len(events) == 1 else list(events)).encode()
        headers = signed_headers("msg_" + secrets.token_hex(8), self.clock.now(), body, self.secret)
        return {
            "version": "2.0", "headers": {"content-type": "application/json", **headers}, "body": body.decode(),
            "pathParameters": {"token": self.url.rpartition("/")[2]}, "isBase64Encoded": False,
        }  # fmt: skip

    def batch(self, queue: str, most: int = 10) -> dict[str, Any]:
        """What Lambda's poller would hand to a queue's function."""
        bodies = self.meter.take(queue, most)
        return {"Records": [{"messageId": f"m-{number}", "body": body} for number, body in enumerate(bodies)]}

    def stream(self) -> dict[str, Any]:
        """What Lambda would hand to the function on the stream of cases."""
        changes, self.meter.written[:] = list(self.meter.written), []
        at = self.clock.now().timestamp()
        return {"Records": [_record(number, at, *change) for number, change in enumerate(changes)]}


def _record(number: int, at: float, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    images = {"NewImage": _image(new)} | ({"OldImage": _image(old)} if old else {})
    return {"dynamodb": {"SequenceNumber": f"{number:021d}", "ApproximateCreationDateTime": at, **images}}


def _image(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()}


@contextmanager
def unplugged() -> Iterator[None]:
    """Within, moto answers nothing: whoever sends has an answer of his own."""
    botocore_stubber.enabled = False
    try:
        yield
    finally:
        botocore_stubber.enabled = True


@contextmanager
def cloud() -> Iterator[Cloud]:
    """A deployment with warm functions, at an instant that stands still until it is moved."""
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
            "BUCKET": names.bucket, "BUS": names.bus, "SECRETS_KEY": names.key, "SHARDS": "1", "OPS_URL": "",
            **{one.upper(): clients.client("sqs").create_queue(QueueName=one)["QueueUrl"] for one in QUEUES},
        }  # fmt: skip
        for name, value in given.items():
            patch.setenv(f"REDRESS_{name}", value)
        ports, clock = bootstrap.ports(), ManualClock(NOW)
        vars(ports)["clock"] = clock
        policies.activate(ports, "main", TWO, LONG_AGO)
        made = connect(ports, "main", Request("corner", "standard", modes={}), "https://hooks.example", MARKS)
        meter = Meter(clients.client(name) for name in ("sqs", "dynamodb", "s3", "kms", "events"))
        try:
            yield Cloud(ports, clock, meter, made.url, made.secret)
        finally:
            clients.forget()
            for one in caches:
                one.cache_clear()
