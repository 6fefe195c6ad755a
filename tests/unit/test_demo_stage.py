"""The stage plays scenes as they are written, and goes on after a stop; `simulate` refuses calls that are wrong."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.cli.main import main
from chalicelib.core.signing import format_secret
from chalicelib.ports.clock import SystemClock
from examples.demo.feed import Feed, Sent
from examples.demo.letters import Address, Letter, Post, expected
from examples.demo.scenes import BY_NAME, SCENES, How, Turn
from examples.demo.server import Storefront
from examples.demo.shops.standard import StandardShop
from examples.demo.stage import Stage

NOW = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
"""Every scene that began at NOW is over by then, so all of it is played at once."""
SECRET = format_secret(bytes(32))


class Recorder(Post):
    """Takes every letter and answers as it should be answered."""

    def __init__(self, wrong: int = 0) -> None:
        super().__init__(local=True)
        self.wrong = wrong
        self.letters: list[tuple[How, Letter]] = []
        self.heard: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def send(self, letter: Letter, to: Address, how: How, now: datetime) -> int:
        with self._lock:
            self.letters.append((how, letter))
            self.heard()
        return self.wrong or expected(to.platform, how)


def stage_of(post: Post, feed: Feed | None = None, now: Callable[[], datetime] = lambda: LATER) -> Stage:
    shop = StandardShop("tea-house", Address("standard", "http://127.0.0.1:1/hooks/x", "", SECRET), {}, now)
    return Stage([shop], post, feed or Feed(), now, number=0)


def played(name: str) -> tuple[Recorder, Stage, list[Sent]]:
    post, feed = Recorder(), Feed()
    stage = stage_of(post, feed)
    stage.play(BY_NAME[name], stage.shops["tea-house"], NOW)
    stage.run()
    return post, stage, [entry for entry in feed.drain() if isinstance(entry, Sent)]


@pytest.mark.parametrize("name", [scene.name for scene in SCENES if "standard" in scene.platforms])
def test_each_webhook_leaves_as_often_as_the_scene_says(name: str) -> None:
    post, stage, sent = played(name)
    times = {How.NEVER: 0, How.TWICE: 2}
    assert len(post.letters) == sum(times.get(beat.how, 1) for beat in BY_NAME[name].beats)
    assert all(entry.fine for entry in sent)
    assert stage.waiting() == 0


def test_what_is_lost_or_late_is_in_the_books_at_its_own_time() -> None:
    _, stage, _ = played("lost-word")
    (story,) = stage.shops["tea-house"].books.values()
    assert story.known["shipped"] == NOW + timedelta(seconds=9)


@pytest.mark.parametrize("name", ["forged", "stale", "garbled"])
def test_what_never_happened_is_in_no_books(name: str) -> None:
    post, stage, _ = played(name)
    assert len(post.letters) == 1
    assert stage.shops["tea-house"].books == {}


def test_old_news_are_the_very_bytes_that_were_sent_before() -> None:
    post, _, _ = played("old-news")
    (again,) = (letter for how, letter in post.letters if how is How.AGAIN)
    assert [letter for how, letter in post.letters if how is How.ONCE].count(again) == 1


def test_an_answer_that_should_not_be_is_marked() -> None:
    post, feed = Recorder(wrong=502), Feed()
    stage = stage_of(post, feed)
    stage.play(BY_NAME["in-time"], stage.shops["tea-house"], NOW)
    stage.run()
    assert [entry.fine for entry in feed.drain() if isinstance(entry, Sent)] == [False, False]


def test_a_stopped_stage_goes_on_where_it_was() -> None:
    first = stage_of(Recorder())
    first.play(BY_NAME["in-time"], first.shops["tea-house"], NOW)
    first.play(BY_NAME["late-word"], first.shops["tea-house"], NOW)
    kept = json.loads(json.dumps(first.data()))
    post = Recorder()
    second = stage_of(post)
    second.resume(kept)
    assert second.data() == first.data()
    second.run()
    assert len(post.letters) == 4
    assert second.play(BY_NAME["in-time"], second.shops["tea-house"], NOW) == 3, "numbers are not used twice"


def test_turns_are_played_over_and_over_until_the_end() -> None:
    post, enough = Recorder(), threading.Event()
    stage = stage_of(post, now=SystemClock().now)
    post.heard = lambda: enough.set() if len(post.letters) >= 5 else None
    player = threading.Thread(target=stage.run, args=([Turn("forged", "tea-house", 0.01)], True))
    player.start()
    assert enough.wait(60), "more than one turn is played"
    stage.end()
    player.join(30)
    assert not player.is_alive()


def test_a_subscriber_believes_signatures_alone() -> None:
    feed = Feed()
    with Storefront(stage_of(Recorder()), feed, SECRET, lambda: LATER) as storefront:
        base = f"http://127.0.0.1:{storefront.port}"
        body = b'{"type": "redress.clock.met", "subject": "order/1", "data": {}}'
        answers = [
            Post(local=True).send(Letter("", body), Address("standard", f"{base}/alerts", "", SECRET), how, LATER)
            for how in (How.ONCE, How.FORGED, How.STALE)
        ]
        nobody = Post(local=True).send(Letter("", b"{}"), Address("standard", f"{base}/x", "", SECRET), How.ONCE, LATER)
    assert (answers, nobody) == ([204, 401, 401], 404)


HOOK = ["--hook", "https://x.example/hooks/main.shop.token"]
WRONG = [
    (["--platform", "standard", "--secret", SECRET], "--hook", "no address"),
    ([*HOOK, "--secret", SECRET], "--platform", "no platform"),
    ([*HOOK, "--platform", "standard"], "--secret", "no secret"),
    ([*HOOK, "--platform", "standard", "--secret", "plain"], "whsec_", "a secret of another form"),
    ([*HOOK, "--platform", "shopify", "--secret", "s"], "--address", "a shop that names itself"),
    (["--hook", "ftp://x/hooks/t", "--platform", "standard", "--secret", SECRET], "--hook", "no http"),
    (["--hook", "https://x/other", "--platform", "standard", "--secret", SECRET], "--hook", "no hook address"),
    ([*HOOK, "--platform", "standard", "--secret", SECRET, "--scenes", "in-tiem"], "in-tiem", "no such scene"),
    ([*HOOK, "--platform", "standard", "--secret", SECRET, "--scenes", "lost-word"], "answers", "needs a shop"),
    (
        [*HOOK, "--platform", "dokan", "--secret", "s", "--address", "https://s", "--scenes", "stale"],
        "dokan",
        "not its",
    ),
]


@pytest.mark.parametrize(("arguments", "named", "why"), WRONG, ids=[row[2] for row in WRONG])
def test_a_wrong_call_says_what_is_wanted(
    arguments: list[str], named: str, why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDRESS_HOOK_SECRET", raising=False)
    assert main(["simulate", *arguments]) == 2
    assert named in capsys.readouterr().err


def test_the_scenes_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list", "--platform", "dokan", "--json"]) == 0
    names = {one["name"] for one in json.loads(capsys.readouterr().out)["scenes"]}
    assert {"in-time", "late-word", "forged"} <= names
    assert names.isdisjoint({"stale", "made-good", "lost-word"})
