"""Shows the view on a terminal, or as plain lines where there is none. It gives the terminal back as it found it."""

import os
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from examples.demo.feed import Feed
from examples.demo.live.model import Model
from examples.demo.live.screen import Heading, screen

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
HOME, REST = "\x1b[H", "\x1b[J"


class Plain:
    """One line for each entry."""

    def __init__(self, feed: Feed, out: TextIO) -> None:
        self.model, self._feed, self._out = Model(), feed, out

    def __enter__(self) -> "Plain":
        return self

    def __exit__(self, *_: object) -> None:
        self.show()

    def show(self) -> None:
        """Write what came since it was last asked."""
        for entry in self._feed.drain():
            line = self.model.take(entry)
            print(f"{line.at:%H:%M:%S} {line.text}", file=self._out, flush=True)


class Full:
    """The whole screen, drawn anew at each call. Nothing else may write to the terminal meanwhile."""

    def __init__(self, feed: Feed, out: TextIO, heading: Heading, now: Callable[[], datetime]) -> None:
        self.model, self._feed, self._out, self._heading, self._now = Model(), feed, out, heading, now

    def __enter__(self) -> "Full":
        self._out.write(ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        self._out.write(LEAVE)
        self._out.flush()

    def show(self) -> None:
        """Take in what came and draw."""
        for entry in self._feed.drain():
            self.model.take(entry)
        size = shutil.get_terminal_size((80, 24))
        colour = "NO_COLOR" not in os.environ
        lines = screen(self.model, self._heading, self._now(), size.columns, size.lines, colour)
        self._out.write(HOME + "\r\n".join(lines[: size.lines]) + REST)
        self._out.flush()


View = Plain | Full


def view(feed: Feed, heading: Heading, now: Callable[[], datetime], plain: bool, out: TextIO | None = None) -> View:
    """The whole screen on a terminal, plain lines elsewhere or where they are asked for."""
    stream = out or sys.stdout
    if plain or not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return Plain(feed, stream)
    return Full(feed, stream, heading, now)


def ended(model: Model, began: datetime, now: datetime) -> list[str]:
    """What came of a run, for when it is over."""
    counts, clocks = model.counts, model.by_status()
    first = f"first breach after {(model.first_breach - began).total_seconds():.0f} s; " if model.first_breach else ""
    return [
        f"{first}ran {(now - began).total_seconds():.0f} s",
        f"webhooks: {counts['accepted']} accepted, {counts['refused']} refused, {counts['odd']} not as expected",
        f"clocks: {', '.join(f'{number} {status}' for status, number in sorted(clocks.items())) or 'none'}",
        f"steps: {counts['step.taken']} taken, {counts['step.withdrawn']} withdrawn; "
        f"verdicts healed: {counts['healed']}",
        f"escalations: {counts['told']}, {counts['unverified']} with a bad signature; calls to the shops: "
        f"{counts['calls']}, looks: {counts['looks']}",
    ]
