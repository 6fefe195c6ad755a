"""What the live view knows: made of the feed's entries alone, so a run can be shown again from them.

Clocks are followed as any consumer of escalations would: by `incident`, dropping what has a smaller `sequence`.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.core.instants import parse_instant
from examples.demo.feed import Called, Entry, Sent, Told

KEPT = 60
RUNNING = frozenset(["running", "paused"])
STATUSES = ("running", "paused", "met", "met_late", "breached", "void")


@dataclass(slots=True)
class Clock:
    """One clock as it was last told. `healed`: a breach of it was withdrawn."""

    case: str
    rule: str
    status: str
    start: datetime | None
    due: datetime | None
    sequence: int
    changed: datetime
    healed: bool = False
    steps: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel: when, a short mark of what kind it is, and text."""

    at: datetime
    tone: str
    text: str


@dataclass(slots=True)
class Model:
    """Everything that is shown. `take` is its only way in."""

    clocks: dict[str, Clock] = field(default_factory=dict)
    sent: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    calls: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    told: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    healed: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    first_breach: datetime | None = None

    def take(self, entry: Entry) -> Line:
        """Take one entry in; the line that tells it where there are no panels."""
        match entry:
            case Sent():
                return self._sent(entry)
            case Called():
                return self._called(entry)
            case Told():
                return self._told(entry)

    def _sent(self, entry: Sent) -> Line:
        accepted = 200 <= entry.status < 300
        self.counts["accepted" if accepted else "refused"] += 1
        self.counts["odd"] += not entry.fine
        tone = "bad" if not entry.fine else "good" if accepted else "warn"
        how = "" if entry.how in ("once", "never") else f" ({entry.how})"
        answer = str(entry.status) if entry.status else "no answer"
        line = Line(entry.at, tone, f"{answer} {entry.shop}:{entry.subject} {entry.what}{how} · {entry.scene}")
        self.sent.append(line)
        return Line(entry.at, tone, f"in    {line.text}")

    def _called(self, entry: Called) -> Line:
        good = entry.answer.startswith("2")
        self.counts["calls" if entry.changed else "looks"] += 1
        tone = "bad" if not good else "act" if entry.changed else "dim"
        line = Line(entry.at, tone, f"{entry.shop}:{entry.subject} {entry.what}{'' if good else ' ' + entry.answer}")
        if entry.changed or not good:
            self.calls.append(line)
        return Line(entry.at, tone, f"call  {line.text}")

    def _told(self, entry: Told) -> Line:
        if entry.refusal:
            self.counts["unverified"] += 1
            line = Line(entry.at, "bad", f"signature refused: {entry.refusal}")
            self.told.append(line)
            return Line(entry.at, "bad", f"told  {line.text}")
        self.counts["told"] += 1
        kind, data = str(entry.event["type"]).removeprefix("redress."), entry.event["data"]
        self._follow(kind, data, entry.at)
        text, tone = _describe(kind, data, str(entry.event["subject"])), _tone(kind, data)
        line = Line(entry.at, tone, text)
        if kind in ("clock.withdrawn", "step.withdrawn", "penalty.reversed"):
            self.healed.append(line)
            self.counts["healed"] += kind == "clock.withdrawn"
        # A start and a step are seen at their clock; here is what somebody would be told about.
        if kind not in ("clock.started", "action.done"):
            self.told.append(line)
        return Line(entry.at, tone, f"told  {text}")

    def _follow(self, kind: str, data: Mapping[str, Any], at: datetime) -> None:
        self.counts[kind] += 1
        if kind == "clock.breached" and self.first_breach is None:
            self.first_breach = at
        if kind == "clock.withdrawn" and data.get("status") is None:
            # It has no start any more: there is no such clock.
            self.clocks.pop(data["incident"], None)
        if not data.get("clock") or data.get("status") is None:
            return
        held = self.clocks.get(data["incident"])
        if held is not None and held.sequence > data["sequence"]:
            if kind == "step.taken" and data.get("step"):
                held.steps.append(data["step"])
            return
        if held is None:
            held = self.clocks[data["incident"]] = Clock(
                data["case"], data["rule"], data["status"], None, None, 0, at
            )  # fmt: skip
        if held.status != data["status"]:
            held.changed = at
        held.status, held.sequence = data["status"], data["sequence"]
        held.start, held.due = _instant(data["start"]), _instant(data["due"])
        held.healed = held.healed or (kind == "clock.withdrawn" and data.get("reason") == "healed")
        if kind == "step.taken":
            held.steps.append(data["step"])
        self._forget()

    def _forget(self) -> None:
        if len(self.clocks) > 4 * KEPT:
            ended = sorted(
                (key for key, clock in self.clocks.items() if clock.status not in RUNNING),
                key=lambda key: self.clocks[key].changed,
            )
            for key in ended[:KEPT]:
                del self.clocks[key]

    def by_status(self) -> Counter[str]:
        return Counter(clock.status for clock in self.clocks.values())

    def listed(self) -> list[Clock]:
        """Running clocks, the next to fall due first; then the ended ones, the last to change first."""
        running = [clock for clock in self.clocks.values() if clock.status in RUNNING]
        ended = [clock for clock in self.clocks.values() if clock.status not in RUNNING]
        running.sort(key=lambda clock: (clock.due is None, clock.due or clock.changed))
        return running + sorted(ended, key=lambda clock: clock.changed, reverse=True)


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def _tone(kind: str, data: Mapping[str, Any]) -> str:
    if kind in ("clock.withdrawn", "step.withdrawn", "penalty.reversed"):
        return "heal"
    if kind in ("clock.breached", "penalty.imposed", "action.refused", "action.unknown", "source.unreadable"):
        return "bad"
    if kind in ("clock.met", "source.recovered"):
        return "good"
    return "warn" if data.get("severity") in ("warning", "error", "critical") else "dim"


def _describe(kind: str, data: Mapping[str, Any], subject: str) -> str:
    case = str(data.get("case") or subject)
    parts = [kind, case, str(data.get("rule") or "")]
    for name in ("step", "action", "reason"):
        value = str(data.get(name) or "")
        if value and value not in parts:
            parts.append(value)
    return " ".join(part for part in parts if part)
