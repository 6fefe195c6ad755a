"""The deployed template, running whole on this machine, for the tests of this folder: one engine for the session.

It has a state directory and a port of its own, so it disturbs neither `make run` nor another test run. What ops set up
(policies, connections, a subscriber) is set up once, before the first delivery, through the same functions as the API.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.bootstrap import AwsPorts
from chalicelib.cli._local import warm
from chalicelib.ops import policies
from infra.local import LocalEngine
from infra.package import ROOT
from infra.stack import Outputs
from tests.support.street import LONG_AGO, QUICK, Street, new_street, open_street, ports_on


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    with LocalEngine(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture(scope="session")
def outputs(engine: LocalEngine) -> Outputs:
    """Where everything is: base URLs of hook and ops, names of tables, URLs of queues."""
    return engine.deploy()


@pytest.fixture(scope="session")
def street(engine: LocalEngine, outputs: Outputs) -> Iterator[Street]:
    """The shop `corner` under the policy `quick`, connected, with the functions warm."""
    with new_street() as made, ports_on(engine, outputs) as ports:
        policies.activate(ports, "main", QUICK, LONG_AGO)
        olist = (ROOT / "examples" / "policies" / "olist.yaml").read_text(encoding="utf-8")
        policies.activate(ports, "olist", olist, LONG_AGO)
        open_street(ports, outputs.hook_url, made)
        warm(engine)
        yield made


@pytest.fixture
def ports(street: Street, engine: LocalEngine, outputs: Outputs) -> Iterator[AwsPorts]:
    with ports_on(engine, outputs) as made:
        yield made


@pytest.fixture(scope="session")
def olist_tables() -> Path:
    """The real tables; skips where they are not there."""
    found = ROOT.parent / "shared" / "data" / "olist"
    if not found.is_dir():
        pytest.skip("the Olist tables are not at ../shared/data/olist")
    return found
