"""`redress deploy`: what is wrong is said before anything is touched; the first key is made once."""

import pytest

from chalicelib.cli import deploy
from chalicelib.cli.main import main
from chalicelib.ops import keys
from tests.support.world import World

WRONG = [
    (["deploy"], "--stage"),
    (["deploy", "--stage", "prod"], "--region"),
    (["deploy", "--stage", "prod", "--region", "eu-central-1", "--set", "Shards"], "--set"),
]


@pytest.mark.parametrize(("words", "named"), WRONG)
def test_a_call_that_is_wrong_touches_nothing(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert main(words) == 2
    assert named in capsys.readouterr().err


def test_a_stage_that_cannot_be_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "--stage", "Prod!", "--region", "eu-central-1"]) == 1
    assert "stage" in capsys.readouterr().err


def test_the_first_key_is_made_once() -> None:
    world = World()
    key = deploy.first_key(world.ports, "main")
    actor = keys.authenticate(world.ports, key)
    assert actor is not None and actor.role == "admin"
    assert deploy.first_key(world.ports, "main") == ""
