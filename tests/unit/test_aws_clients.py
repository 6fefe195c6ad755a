"""Clients of AWS speak with the credentials of their environment, also after it has changed."""

import pytest

from chalicelib.aws import clients


def key_of(service: str) -> str:
    return str(clients.client(service)._request_signer._credentials.access_key)


def test_a_changed_environment_is_seen_once_the_old_clients_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    clients.forget()
    try:
        assert key_of("dynamodb") == "first"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "second")
        assert key_of("dynamodb") == "first", "a client is made once"
        clients.forget()
        assert key_of("dynamodb") == "second"
        assert key_of("sqs") == "second"
    finally:
        clients.forget()
