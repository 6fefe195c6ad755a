"""Plays scenes in shops: each happening goes into the shop's books when the shop learns of it, and its webhook leaves
when the scene says so. What is still to come is data, so that a stopped demo goes on where it was.
"""

import heapq
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib.core.instants import parse_instant, show
from examples.demo.feed import Feed, Sent
from examples.demo.letters import Letter, Post, expected
from examples.demo.scenes import BY_NAME, HOSTILE, RUNNING_ORDER, Beat, How, Scene, Turn
from examples.demo.shops.books import Answered, DemoShop, Request, Story

SENDERS = 4
ECHO = timedelta(seconds=1)
"""A shop's webhook about what Redress did to it leaves so much later."""
LOOK = 0.5
"""Seconds after which it looks again, whatever it waits for."""
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to do: `learn` or `tell` beat `beat` of the scene of story `number`; `echo`: tell `what` of it."""

    due: datetime
    shop: str
    number: int
    act: str
    beat: int = 0
    what: str = ""

    def data(self) -> dict[str, Any]:
        return {
            "due": show(self.due), "shop": self.shop, "number": self.number, "act": self.act, "beat": self.beat,
            "what": self.what,
        }  # fmt: skip

    @staticmethod
    def of(data: Mapping[str, Any]) -> "Cue":
        """The reverse of `data`. Raises KeyError, ValueError or TypeError."""
        return Cue(
            parse_instant(data["due"]), data["shop"], int(data["number"]), data["act"], int(data["beat"]), data["what"]
        )


class Stage:
    """The shops and what is still to happen in them. Its methods may be called from any thread."""

    def __init__(
        self, shops: Iterable[DemoShop], post: Post, feed: Feed, now: Callable[[], datetime], number: int | None = None
    ) -> None:
        self.shops = {shop.name: shop for shop in shops}
        self._post, self._feed, self._now = post, feed, now
        self._cues: list[tuple[datetime, int, Cue]] = []
        self._order = count()
        self._number = number if number is not None else self._unused()
        self._changed = threading.Condition()
        self._ended = False
        self._busy = 0
        self._drafts: dict[int, Story] = {}

    def _unused(self) -> int:
        """A number that no earlier run has come to: none plays a scene a second."""
        return (self._now() - FIRST_DAY) // timedelta(seconds=1)

    def leave_numbers(self) -> None:
        """Begin with fresh numbers: those that were used before are not known any more."""
        with self._changed:
            self._number = max(self._number, self._unused())

    # -- what is to come ----------------------------------------------------------------------------------------------

    def play(self, scene: Scene, shop: DemoShop, at: datetime) -> int:
        """Put a scene on, beginning at an instant; the number of its story, fresh at each call."""
        with self._changed:
            self._number += 1
            number = self._number
            story = shop.begin(number, scene.name, scene.kind, at)
            if any(beat.how in HOSTILE for beat in scene.beats):
                # What never happened is in no books.
                del shop.books[number]
                self._drafts[number] = story
            for index, beat in enumerate(scene.beats):
                if beat.how is not How.AGAIN:
                    self._cue(Cue(at + timedelta(seconds=beat.known_at), shop.name, number, "learn", index))
                if beat.how is not How.NEVER:
                    self._cue(Cue(at + timedelta(seconds=beat.told_at), shop.name, number, "tell", index))
        return number

    def ask(self, shop: DemoShop, request: Request) -> Answered:
        """A call of Redress. What it changed in the shop the shop tells by a webhook of its own, a little later."""
        with self._changed:
            done = shop.answer(request)
            if done.echo is not None:
                story, what = done.echo
                self._cue(Cue(self._now() + ECHO, shop.name, story.number, "echo", what=what))
            return done

    def _cue(self, cue: Cue) -> None:
        heapq.heappush(self._cues, (cue.due, next(self._order), cue))
        self._changed.notify_all()

    def waiting(self) -> int:
        """How much is still to come or under way."""
        with self._changed:
            return len(self._cues) + self._busy

    # -- playing ------------------------------------------------------------------------------------------------------

    def run(self, turns: Sequence[Turn] = (), over_and_over: bool = False) -> None:
        """Play until `end`, or, where nothing is played over and over, until nothing is left to come."""
        left, again = list(turns), list(turns)
        next_turn = self._now()
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="shop") as senders:
            while not self._over(bool(left)):
                if left and self._now() >= next_turn:
                    turn = left.pop(0)
                    self.play(BY_NAME[turn.scene], self.shops[turn.shop], self._now())
                    next_turn = self._now() + timedelta(seconds=turn.pause)
                    left = left or (list(again) if over_and_over else left)
                cue = self._next(next_turn if left else None)
                if cue is not None:
                    senders.submit(self._do, cue)

    def _over(self, more: bool) -> bool:
        with self._changed:
            return self._ended or not (more or self._cues or self._busy)

    def _next(self, turn: datetime | None) -> Cue | None:
        """The next cue if it is due; else None, after a wait for it, for the next turn, or for something new."""
        with self._changed:
            due = self._cues[0][0] if self._cues else None
            if due is not None and due <= self._now():
                self._busy += 1
                return heapq.heappop(self._cues)[2]
            times = [(one - self._now()).total_seconds() for one in (due, turn) if one is not None]
            self._changed.wait(min(max(min(times, default=LOOK), 0.01), LOOK))
            return None

    def end(self) -> None:
        """Play nothing more; what is under way is finished by `run`."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _do(self, cue: Cue) -> None:
        try:
            shop = self.shops[cue.shop]
            story = shop.books.get(cue.number) or self._drafts.get(cue.number)
            if story is None:
                return
            if cue.act == "echo":
                with self._changed:
                    letter = shop.letter(story, cue.what)
                self._send(shop, story, cue.what, letter, How.ONCE)
            else:
                beat = BY_NAME[story.scene].beats[cue.beat]
                self._learn(shop, story, beat) if cue.act == "learn" else self._tell(shop, story, beat)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def _learn(self, shop: DemoShop, story: Story, beat: Beat) -> None:
        with self._changed:
            happened = story.began + timedelta(seconds=beat.at)
            story.learn(beat.what, happened, self._now())
            story.sent[beat.what] = shop.garbled(story) if beat.how is How.GARBLED else shop.letter(story, beat.what)

    def _tell(self, shop: DemoShop, story: Story, beat: Beat) -> None:
        letter = story.sent.get(beat.what)
        if letter is None:
            # Learning and telling fall together and this came first.
            self._learn(shop, story, beat)
            letter = story.sent[beat.what]
        for _ in range(2 if beat.how is How.TWICE else 1):
            self._send(shop, story, beat.what, letter, beat.how)

    def _send(self, shop: DemoShop, story: Story, what: str, letter: Letter, how: How) -> None:
        status = self._post.send(letter, shop.address, how, self._now())
        fine = status == expected(shop.platform, how)
        self._feed.put(Sent(self._now(), shop.name, story.scene, shop.subject(story), what, how.value, status, fine))

    # -- over a stop --------------------------------------------------------------------------------------------------

    def data(self) -> dict[str, Any]:
        """All of it, to be kept."""
        with self._changed:
            return {
                "number": self._number,
                "cues": [cue.data() for _, _, cue in sorted(self._cues, key=lambda one: one[:2])],
                "shops": {
                    name: {
                        "books": [story.data() for story in shop.books.values()],
                        "suspended": sorted(shop.suspended),
                    }
                    for name, shop in self.shops.items()
                },
            }

    def resume(self, data: Mapping[str, Any]) -> None:
        """Go on from what was kept; what fell due meanwhile happens now. Raises KeyError, ValueError or TypeError."""
        with self._changed:
            self._number = max(self._number, int(data["number"]))
            for name, kept in data["shops"].items():
                if name in self.shops:
                    stories = [Story.of(one) for one in kept["books"]]
                    self.shops[name].books = {story.number: story for story in stories}
                    self.shops[name].suspended = set(kept["suspended"])
            for one in data["cues"]:
                self._cue(Cue.of(one))


def demo_turns() -> Sequence[Turn]:
    """The running order of the demo."""
    return RUNNING_ORDER
