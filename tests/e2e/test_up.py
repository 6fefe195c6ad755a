"""`redress up` as a person runs it: a process that plays, ends by SIGTERM or Ctrl-C, and leaves only its state; and
`redress simulate` against what it connected."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.package import ROOT

COMMAND = [sys.executable, "-m", "chalicelib.cli.main"]
FIRST_BREACH = "told  clock.breached"
SEEN = (
    FIRST_BREACH, "told  clock.started", "told  step.taken", "told  clock.met_late", "told  clock.withdrawn",
    "remind seller", "tag late-shipping", "untag late-shipping", " 401 ", " 202 ",
)  # fmt: skip
"""What a reader sees within a minute: real timers fire, the shops are acted upon, a verdict heals."""


def left(state: Path) -> list[str]:
    """Processes that speak of a state directory in their environment or command."""
    needle, found = os.fsencode(str(state)), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (
                process.name != str(os.getpid())
                and needle in (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            ):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


class Up:
    """A running `redress up --plain` and the lines that it has written."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state, self.log = state, state.parent / f"{state.name}.log"
        with self.log.open("w") as out:
            arguments = [*COMMAND, "up", "--plain", "--state", str(state), *options]
            # A shell of its own would give it one: Ctrl-C reaches it and not these tests. Started deaf to SIGINT, as a
            # script starts what it puts into the background.
            self.process = subprocess.Popen(
                arguments, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
            )  # fmt: skip

    def until(self, text: str, seconds: float = 120) -> str:
        """Wait until it has written something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if text in self.log.read_text():
                return text
            time.sleep(0.2)
        raise AssertionError(f"{text!r} never came, {self.process.poll()}:\n{self.log.read_text()[-4000:]}")

    def end(self, seconds: float = 120) -> int:
        return self.process.wait(seconds)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "state"


@pytest.fixture(scope="module")
def finished(place: Path) -> Iterator[str]:
    """What it wrote in a run from nothing, ended as a supervisor ends it once all was seen."""
    run = Up(place)
    try:
        for text in SEEN:
            run.until(text, 240)
        run.process.send_signal(signal.SIGTERM)
        code = run.end(240)
    finally:
        run.process.kill()
    text = run.log.read_text()
    assert code == 0, text[-4000:]
    yield text


def test_it_plays_and_ends_when_it_is_told_to(finished: str, place: Path) -> None:
    assert ", 0 not as expected" in finished
    assert ", 0 with a bad signature" in finished
    assert left(place) == [], "no process is left"
    lines = [line for line in finished.splitlines() if line.startswith("redress: first breach after")]
    assert lines, finished[-2000:]


def test_it_tells_where_everything_is_to_its_owner_alone(finished: str, place: Path) -> None:
    for name in ("local.json", "demo.json"):
        assert (place / name).stat().st_mode & 0o777 == 0o600
    local = json.loads((place / "local.json").read_text())
    assert set(local["hooks"]) == {"tea-house", "blue-kiln", "bazaar"}
    assert local["url"].startswith("http://127.0.0.1:")
    for hook in local["hooks"].values():
        assert hook["secret"] not in finished
    assert local["key"] not in finished


def test_ctrl_c_stops_it_and_the_next_run_goes_on(finished: str, place: Path) -> None:
    before, books = json.loads((place / "local.json").read_text()), json.loads((place / "demo.json").read_text())
    run = Up(place)
    try:
        run.until("told  ")
        drilled = _simulate(before["hooks"]["tea-house"], "in-time,forged,stale,garbled")
        assert drilled.returncode == 0, drilled.stderr
        wrong = {**before["hooks"]["bazaar"], "secret": "somebody-elses-secret"}
        refused = _simulate(wrong, "cancelled")
        assert (refused.returncode, "NOT AS IT SHOULD BE" in refused.stderr) == (1, True)
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 0
    finally:
        run.process.kill()
    assert json.loads((place / "local.json").read_text()) == before, "the same key, addresses and secrets"
    after = json.loads((place / "demo.json").read_text())
    kept = {story["number"] for story in books["stage"]["shops"]["bazaar"]["books"]}
    assert kept <= {story["number"] for story in after["stage"]["shops"]["bazaar"]["books"]}
    assert left(place) == []


def _simulate(hook: dict[str, str], scenes: str) -> subprocess.CompletedProcess[str]:
    asked = ["--hook", hook["url"], "--platform", hook["platform"], "--address", hook["address"]]
    return subprocess.run(
        [*COMMAND, "simulate", *asked, "--scenes", scenes, "--together"],
        cwd=ROOT,
        env={**os.environ, "REDRESS_HOOK_SECRET": hook["secret"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
