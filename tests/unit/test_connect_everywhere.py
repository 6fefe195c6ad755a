"""`redress connect`, `doctor`, `rotate` and `disconnect` on every platform, each against the fake of its API: what it
can be asked is asked, what it cannot is said, nothing is bad, and no secret is ever shown again.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.cli.main import main
from chalicelib.core.calls import Call, Reply
from chalicelib.flow import checkup
from chalicelib.platforms.keeping import Probes, Samples, Subscribes, Tries
from chalicelib.platforms.registry import NAMES, adapter
from tests.fakes.shopify import FakeShopify
from tests.support.deployment import Deployment, Streams, run, serve
from tests.support.far_ends import Row, row
from tests.support.keeper import at_the_door
from tests.support.opsdesk import HOOK_URL
from tests.support.world import World


class Far(Deployment):
    """A deployment with one platform at the other end."""

    def __init__(self, one: Row) -> None:
        self.row = one
        world = World()
        world.shop.answer = self._send
        super().__init__(world)

    def _send(self, call: Call) -> Reply:
        if call.url.startswith(HOOK_URL):
            return at_the_door(self.world, call)
        self.row.fake.now = self.world.clock.now()
        if isinstance(self.row.fake, FakeShopify):
            # Its bucket fills with time, which does not pass here.
            self.row.fake.available = self.row.fake.most
        reply: Reply = self.row.fake.send(call)
        return reply


@pytest.fixture(params=NAMES)
def far(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[str, Far]]:
    made = Far(row(request.param))
    serve(made, monkeypatch, tmp_path)
    yield request.param, made
    made.close()


def words(platform: str, one: Row) -> list[str]:
    said = ["connect", platform, "--name", "there", "--no-ask"]
    said += ["--address", one.address] if one.address else []
    said += ["--secret", one.secret] if one.secret else []
    for flag, given in (("--credential", one.credentials), ("--option", one.options)):
        for name, value in given.items():
            said += [flag, f"{name}={value}"]
    return said


def test_the_life_of_a_connection(far: tuple[str, Far], capsys: Streams) -> None:
    platform, there = far
    one = adapter(platform)
    made = run(capsys, *words(platform, there.row))
    steps = {step["task"]: step for step in made["steps"]}
    assert not [step for step in steps.values() if step["bad"]]
    for task, kind in (("probe", Probes), ("sample", Samples), ("subscriptions", Subscribes)):
        assert steps[task]["told"]["offered"] is isinstance(one, kind), task
    if steps["trial"]["told"]["offered"]:
        assert isinstance(one, Tries) and steps["trial"]["told"]["arrived"]
    assert set(made["connection"]["modes"].values()) == {"observe"}

    # The fake of Shopify says that it is November, whatever the day is.
    assert main(["doctor", "there"]) == (1 if platform == "shopify" else 0)
    told = capsys.readouterr().err
    assert [line.split()[1] for line in told.splitlines() if line.startswith("  bad")] == ["clock:"] * (
        platform == "shopify"
    )
    for option in {"mirakl": ("note_field", "tag_field"), "wechatpay": ("reply_text",)}.get(platform, ()):
        assert f"redress connections there --option {option}=VALUE sets it" in told

    secret = there.row.secret
    turned = run(capsys, "rotate", "there", *(["--secret", secret] if secret else []))
    assert turned["renews"] is isinstance(one, Subscribes)
    moved = run(capsys, "rotate", "there", "--new-address", *(["--secret", secret] if secret else []))
    assert "renewed" not in moved or moved["renewed"]["state"] == "done"

    left = run(capsys, "disconnect", "there")
    assert left["active"] is False and left["left"]["told"]["offered"] is isinstance(one, Subscribes)

    secrets = {made["secret"], turned["secret"], moved["secret"]}
    credentials = {*there.row.credentials.values()} - {"ops"}
    kept = str([dict(entry.data) for entry in there.world.ports.records("main").query(checkup.KIND)])
    assert not [canary for canary in secrets | credentials if canary in kept + told]
    assert not [canary for canary in credentials - secrets if canary in "".join(there.ops.texts)]
