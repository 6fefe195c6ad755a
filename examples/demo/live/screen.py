"""The live view as lines of text: a pure function of the model, the time and the size of the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from examples.demo.live.model import RUNNING, Clock, Line, Model
from examples.demo.live.paint import beside, fit, panel, tinted
from examples.demo.live.paint import width as width_of

WIDE = 118
"""From so many columns on two stand side by side."""
LEAST = (60, 16)
TONES = {"running": "plain", "paused": "warn", "met": "good", "met_late": "warn", "breached": "bad", "void": "dim"}
BAR = 8
STOPS = " Ctrl-C stops"


@dataclass(frozen=True, slots=True)
class Heading:
    """What does not come from the feed: the shops and when the run began."""

    shops: Sequence[str]
    began: datetime


def screen(model: Model, heading: Heading, now: datetime, width: int, height: int, colour: bool = True) -> list[str]:
    """Exactly `height` lines of `width` columns (at least 60 by 16)."""
    width, height = max(width, LEAST[0]), max(height, LEAST[1])
    top = _top(model, heading, now, width, colour)
    room = height - len(top)
    if width >= WIDE:
        half = (width - 3) // 2
        body = beside(_clocks(model, now, half, room, colour), _rest(model, width - 3 - half, room, colour))
    else:
        clocks = max(6, room * 2 // 5)
        body = _clocks(model, now, width, clocks, colour) + _rest(model, width, room - clocks, colour)
    return top + body


def _top(model: Model, heading: Heading, now: datetime, width: int, colour: bool) -> list[str]:
    counts, clocks = model.counts, model.by_status()
    up = _span(now - heading.began)
    names = " · ".join(heading.shops)
    running = clocks["running"] + clocks["paused"]
    signed = f"{counts['unverified']} with a bad signature" if counts["unverified"] else "all signed"
    first = f"REDRESS {up} {names}"
    second = (
        f"webhooks {counts['accepted']} in, {counts['refused']} refused · told {counts['told']}, {signed} · "
        f"calls {counts['calls']} · looks {counts['looks']}"
    )
    third = (
        f"clocks {running} running, {clocks['met']} met, {clocks['met_late']} late, {clocks['breached']} breached, "
        f"{clocks['void']} void · steps {counts['step.taken']} · healed {counts['healed']}"
    )
    return [
        tinted(fit(first, width - len(STOPS)) + STOPS, "head", colour),
        fit(second, width),
        fit(third, width),
    ]


def _rest(model: Model, room: int, height: int, colour: bool) -> list[str]:
    """The panels under (or beside) the clocks, the newest line of each first."""
    shares = _share(height, (4, 4, 3, 2))
    parts = (
        ("webhooks in", model.sent), ("escalations", model.told), ("calls to the shops", model.calls),
        ("healed", model.healed),
    )  # fmt: skip
    lines: list[str] = []
    for (name, entries), share in zip(parts, shares, strict=True):
        lines += panel(name, [_row(one) for one in reversed(entries)], room, share, colour)
    return lines


def _share(height: int, weights: Sequence[int]) -> list[int]:
    """The height in parts by weight, at least two lines each, all of it used."""
    whole = sum(weights)
    parts = [max(2, height * weight // whole) for weight in weights]
    parts[1] += height - sum(parts)
    return parts


def _row(line: Line) -> tuple[str, str]:
    return line.tone, f"{line.at:%H:%M:%S} {line.text}"


def _clocks(model: Model, now: datetime, room: int, height: int, colour: bool) -> list[str]:
    listed = model.listed()
    # At least a third of the room shows how clocks ended, however many run.
    running = [clock for clock in listed if clock.status in RUNNING]
    ended = [clock for clock in listed if clock.status not in RUNNING]
    most = max(height - 1 - min(len(ended), max(1, (height - 1) // 3)), 0)
    shown = [*running[:most], *ended][: max(height - 1, 0)]
    name = min(max((width_of(clock.case) for clock in shown), default=0), room * 2 // 5)
    tones = ["heal" if clock.healed else TONES.get(clock.status, "plain") for clock in shown]
    rows = [(tone, _clock(clock, now, name)) for tone, clock in zip(tones, shown, strict=True)]
    hidden = len(running) - most
    return panel(f"clocks{f' (and {hidden} more running)' if hidden > 0 else ''}", rows, room, height, colour)


def _clock(clock: Clock, now: datetime, name: int) -> str:
    state = f"{clock.status}{', healed' if clock.healed else ''}"
    if clock.status in RUNNING and clock.due is not None and clock.start is not None:
        left, whole = (clock.due - now).total_seconds(), (clock.due - clock.start).total_seconds()
        done = 1.0 if whole <= 0 else min(max(1 - left / whole, 0.0), 1.0)
        state = f"{'█' * round(done * BAR):░<{BAR}} {_left(max(left, 0.0))}"
    steps = " ".join(dict.fromkeys(clock.steps))
    return f"{fit(clock.case, name)} {fit(clock.rule, 11)} {fit(state, 17)} {steps}"


def _left(seconds: float) -> str:
    """What is left, in the unit that fits."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:4.0f} {unit}"
    return f"{seconds:4.0f} s" if seconds >= 100 else f"{seconds:4.1f} s"


def _span(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
