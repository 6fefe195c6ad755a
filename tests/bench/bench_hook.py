"""The hook's own work: CPU for a delivery of 4 KB with the network cut off, over the bare framework that sends the same
message by boto3's client as it comes, as the bench of cold starts has it. All are measured in turns in one run, the
handlers as Lambda calls them; the aim: 0.1 ms more.

Beside it stands what the hook takes over the same receiver with a client of our own: what we spare in the client
(`chalicelib.aws.clients.CONFIG`) is in the first figure, and not in the second."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from time import process_time
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from chalice.app import Blueprint, Chalice

from chalicelib.aws import clients
from chalicelib.entry import hook
from tests.bench.cloud import Cloud, cloud, unplugged
from tests.bench.figures import at_most, save

pytestmark = pytest.mark.bench

AIM = 0.1
BYTES = 4096
ROUNDS, CALLS = 120, 20


class Raw:
    """The body of an answer that came over no network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Any:
        yield self._body


def answered(**_: Any) -> AWSResponse:
    body = json.dumps({"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "0"}]}).encode()
    return AWSResponse("https://sqs.example", 200, {"content-type": "application/x-amz-json-1.0"}, Raw(body))


def event(there: Cloud) -> dict[str, Any]:
    """A signed order whose body is 4 KB."""
    told = {
        "id": "e-1", "subject": {"kind": "order", "id": "1001"}, "occurred_at": "2026-11-20T10:00:00Z", "seller": "s-1",
        "marks": [{"name": "order.placed", "at": "2026-11-20T09:58:00Z"}],
        "facts": {"country": "CN", "currency": "CNY", "amount": "199.00", "ship_by": "2030-11-22T10:00:00Z"},
    }  # fmt: skip
    lines = [{"sku": f"A-{number}", "title": "Shirt, blue", "price": "19.90", "qty": 1} for number in range(52)]
    padded = {**told, "lines": lines, "pad": ""}
    padded["pad"] = "x" * (BYTES - len(json.dumps(padded)))
    made = there.request(padded)
    assert len(made["body"]) == BYTES
    return made


def bare(client: Any, url: str, sent: Mapping[str, str]) -> Callable[..., object]:
    """The least that a receiver can be: the framework, and one message sent."""
    blueprint = Blueprint("bare")

    @blueprint.lambda_function(name="bare")
    def receive(event: dict[str, object], context: object) -> object:
        client.send_message_batch(QueueUrl=url, Entries=[{"Id": "0", **sent}])
        return {"statusCode": 202, "headers": {"content-type": "application/json"}, "body": '{"ok":true}'}

    Chalice(app_name="bare", configure_logs=False).register_blueprint(blueprint)
    return receive


def least(handlers: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Milliseconds of CPU for one call of each, the best round: the rounds take turns, so all had the same machine."""
    best = dict.fromkeys(handlers, float("inf"))
    for _ in range(ROUNDS):
        for name, call in handlers.items():
            began = process_time()
            for _ in range(CALLS):
                call()
            best[name] = min(best[name], (process_time() - began) / CALLS * 1e3)
    return best


def test_the_hook_beside_the_bare_framework(capsys: pytest.CaptureFixture[str]) -> None:
    with cloud() as there:
        given = event(there)
        assert hook.hook(given, None)["statusCode"] == 202
        (sent,) = there.batch("inbox")["Records"]
        message = {"MessageBody": sent["body"], "MessageGroupId": "main:corner"}
        ours, theirs = clients.client("sqs"), boto3.session.Session().client("sqs")
        ours.meta.events.unregister("provide-client-params.*.*", there.meter._asked)
        # In moto's place, so that what is measured is the client and not its stand-in.
        for one in (ours, theirs):
            one.meta.events.register_first("before-send.sqs.SendMessageBatch", answered)
        url = there.ports.inbox._url  # type: ignore[attr-defined]
        handlers = {
            "hook": hook.hook,
            "bare": bare(theirs, url, message),
            "bare with our client": bare(ours, url, message),
        }
        with unplugged():
            assert len({json.dumps(handler(given, None)) for handler in handlers.values()}) == 1
            found = least({name: partial(handler, given, None) for name, handler in handlers.items()})
        capsys.readouterr()
    with capsys.disabled():
        over = found["hook"] - found["bare"]
        save(
            "hook",
            {
                "task": f"a signed delivery of {BYTES} bytes on a connection of `standard`, no network",
                "bare": "chalice.app and send_message_batch of boto3's client as it comes",
                "milliseconds": {name: round(value, 3) for name, value in found.items()},
                "milliseconds over bare": round(over, 3),
                "milliseconds over bare with our client": round(found["hook"] - found["bare with our client"], 3),
                "times bare": round(found["hook"] / found["bare"], 2),
            },
            [at_most("hook: CPU for a 4 KB delivery over the bare framework and client call", over, AIM, "ms", 3)],
        )
