"""The life of a connection by its commands, on the deployed template: what the ops API asks for, `act` carries out, and
a delivery of our own goes through the gateway, the hook, the inbox and `apply` before it counts as arrived.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.bootstrap import AwsPorts
from chalicelib.cli.main import main
from chalicelib.ops import keys
from infra.stack import Outputs


@pytest.fixture
def commands(ports: AwsPorts, outputs: Outputs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("REDRESS_URL", outputs.ops_url)
    monkeypatch.setenv("REDRESS_KEY", keys.create(ports, "main", "connector", keys.Role.ADMIN, replace=True))
    monkeypatch.chdir(tmp_path)
    yield
    keys.remove(ports, "main", "connector")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("commands")
def test_a_store_is_connected_tried_rotated_and_left(capsys: pytest.CaptureFixture[str]) -> None:
    made = run(capsys, "connect", "standard", "--name", "kiosk", "--no-ask")
    steps = {step["task"]: step for step in made["steps"]}
    assert not [step for step in steps.values() if step["bad"]]
    assert steps["trial"]["told"]["door"] == 202 and steps["trial"]["told"]["arrived"]
    assert run(capsys, "doctor", "kiosk")["bad"] == 0
    turned = run(capsys, "rotate", "kiosk", "--new-address")
    assert turned["url"] != made["url"] and turned["secret"] != made["secret"]
    left = run(capsys, "disconnect", "kiosk")
    assert left["active"] is False and left["exported"].startswith("0 cases")
