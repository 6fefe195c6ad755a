"""The deployed template, running whole on this machine, for the tests of this folder: one engine for the session.

It has a state directory and a port of its own, so it disturbs neither `make run` nor another test run.
"""

from collections.abc import Iterator

import pytest

from infra.local import LocalEngine
from infra.stack import Outputs


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    with LocalEngine(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture(scope="session")
def outputs(engine: LocalEngine) -> Outputs:
    """Where everything is: base URLs of hook and ops, names of tables, URLs of queues."""
    return engine.deploy()
