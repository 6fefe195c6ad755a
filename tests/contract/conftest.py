"""The fixtures of the contract suite: every test that takes `world` runs against every implementation of the ports."""

import os
from collections.abc import Callable, Iterator

import pytest
from botocore.config import Config
from moto import mock_aws

from chalicelib.aws import clients
from tests.contract.worlds import World, aws_world, deploy, memory_world

ENDPOINT = "REDRESS_TEST_ENDPOINT"
"""Base URL of a running, empty engine to test as well, such as a local one; without it moto alone plays AWS."""
AWS = ["moto", *(["endpoint"] if os.environ.get(ENDPOINT) else [])]


@pytest.fixture(scope="session")
def made(request: pytest.FixtureRequest) -> Iterator[Callable[[], World]]:
    """Makes worlds of one implementation; what they stand on is made once a session."""
    if request.param == "memory":
        yield memory_world
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        user = "local" if request.param == "endpoint" else "testing"
        patch.setenv("AWS_ACCESS_KEY_ID", user)
        patch.setenv("AWS_SECRET_ACCESS_KEY", user)
        # What is asked is held against AWS's own models here, and not again where it is deployed.
        patch.setattr(clients, "CONFIG", clients.CONFIG.merge(Config(parameter_validation=True)))
        clients.forget()
        if request.param == "endpoint":
            patch.setenv("AWS_ENDPOINT_URL", os.environ[ENDPOINT])
            deployed = deploy()
            yield lambda: aws_world(deployed)
        else:
            with mock_aws():
                deployed = deploy()
                yield lambda: aws_world(deployed)
        clients.forget()


@pytest.fixture
def world(made: Callable[[], World]) -> World:
    return made()


@pytest.fixture
def aws(made: Callable[[], World]) -> World:
    """For what only AWS can do."""
    return made()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "world" in metafunc.fixturenames:
        metafunc.parametrize("made", ["memory", *AWS], indirect=True, scope="session")
    elif "aws" in metafunc.fixturenames:
        metafunc.parametrize("made", AWS, indirect=True, scope="session")
