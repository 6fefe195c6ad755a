"""Clients of AWS: each made once, when first asked for, and shared by all threads.

Timeouts are short, because a function that waits for one lost answer keeps nine other messages waiting. Where the
answer is lost the outcome is unknown, and the callers know that. Which endpoint is spoken to is decided by the
environment alone (AWS_ENDPOINT_URL, boto3's own variable), so the same code runs against a local engine.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any, TypeAlias

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

Item: TypeAlias = Mapping[str, Mapping[str, Any]]
"""An item of a table as DynamoDB spells it: name -> {type: value}."""

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    tcp_keepalive=True,
    # botocore else spells its own anew for each call, a quarter of what the call costs us; and holds each against its
    # model of the service, a tenth. The contract suite has it do that, and what we ask is always of the same forms.
    user_agent="redress",
    parameter_validation=False,
)

_clients: dict[str, Any] = {}
_sessions: list[boto3.session.Session] = []
_lock = Lock()


def client(name: str) -> Any:
    """The client of a service. boto3 ships no types: each port turns what comes back into ours."""
    found = _clients.get(name)
    if found is None:
        # Making a client is not safe in threads; using one is (boto3, "Multithreading with clients").
        with _lock:
            found = _clients.get(name) or _session().client(name, config=CONFIG)
            _clients[name] = found
    return found


def _session() -> boto3.session.Session:
    """Our own, not boto3's default one, which reads its credentials once and for all who are in the process."""
    if not _sessions:
        _sessions.append(boto3.session.Session())
    return _sessions[0]


def forget() -> None:
    """Make the clients anew when next asked for, credentials and all: the environment changed."""
    with _lock:
        _clients.clear()
        _sessions.clear()


def code(error: ClientError) -> str:
    """The service's name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def lost_condition(error: ClientError) -> bool:
    """Whether a conditional write failed on its condition."""
    return code(error) == "ConditionalCheckFailedException"
