"""Which version of a policy judges which clock: activations, in force by the start instant (DESIGN law 8). Pure."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core.instants import to_ms
from chalicelib.core.plain import Plain, plain_of
from chalicelib.core.rules import Policy, Rule


@dataclass(frozen=True, slots=True)
class Activation:
    """One version coming into force. `at` None: it always was.

    A retroactive version acts as late evidence: from `at` on, it also judges clocks that started before. `recalled`:
    from this instant on all is judged as though this activation had never been, so what it alone did is withdrawn.
    """

    policy: Policy
    at: datetime | None = None
    retroactive: bool = False
    recalled: datetime | None = None

    def known(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return (self.at is None or self.at <= now) and (self.recalled is None or now < self.recalled)


@dataclass(frozen=True, slots=True)
class InForce:
    """A version and the start instants that it judges: `since` <= start < `until`; None is open."""

    policy: Policy
    since: datetime | None
    until: datetime | None

    def covers(self, start: datetime) -> bool:
        return (self.since is None or self.since <= start) and (self.until is None or start < self.until)


@dataclass(frozen=True, slots=True)
class Versions:
    """One rule in each version that was in force, of one policy or, where ops moved it, of several. `current`: as the
    newest version has it; None where none has it any more.

    `plain`: the rule taken apart, where it is in one version alone and nothing moves its clock.
    """

    rule: str
    found: tuple[tuple[InForce, Rule], ...]
    current: tuple[InForce, Rule] | None
    plain: Plain | None


class Policies:
    """The versions of all policies that were ever in force on a connection, newest last within each name."""

    __slots__ = ("_activations", "_cache", "_changes", "_versions")

    def __init__(self, activations: tuple[Activation, ...]) -> None:
        self._activations = activations
        self._changes = sorted({at for one in activations for at in (one.at, one.recalled) if at is not None})
        self._cache: dict[tuple[int, str], tuple[Versions, ...]] = {}
        self._versions = {one.policy.version: one.policy for one in activations}

    @classmethod
    def always(cls, *policies: Policy) -> "Policies":
        """Each policy in force for ever, as backtest and tests want it."""
        return cls(tuple(Activation(policy) for policy in policies))

    @property
    def activations(self) -> tuple[Activation, ...]:
        return self._activations

    def by_version(self, version: str) -> Policy | None:
        """The policy with this `name@number`, in force or not."""
        return self._versions.get(version)

    def rules(self, kind: str, now: datetime) -> tuple[Versions, ...]:
        """For each rule about this kind of subject its versions as seen at `now`, oldest first."""
        seen = bisect_right(self._changes, now)
        cached = self._cache.get((seen, kind))
        if cached is None:
            known = [one for one in self._activations if one.known(now)]
            cached = self._cache[seen, kind] = tuple(self._of_kind(kind, known))
        return cached

    def _of_kind(self, kind: str, known: list[Activation]) -> Iterator[Versions]:
        rules: dict[str, list[tuple[InForce, Rule]]] = {}
        newest: dict[str, tuple[InForce, Rule]] = {}
        for windows in self._build(known):
            for window in windows:
                for rule in window.policy.rules:
                    if rule.applies_to == kind:
                        rules.setdefault(rule.id, []).append((window, rule))
                        if window is windows[-1]:
                            newest[rule.id] = window, rule
        for rule_id, found in rules.items():
            plain = plain_of(found[0][1]) if len(found) == 1 else None
            yield Versions(rule_id, tuple(found), newest.get(rule_id), plain)

    def next_change(self, now: datetime) -> datetime | None:
        """The next activation or recall after `now`: it may judge clocks that already run, or start new ones."""
        seen = bisect_right(self._changes, now)
        return self._changes[seen] if seen < len(self._changes) else None

    @staticmethod
    def _build(known: list[Activation]) -> list[tuple[InForce, ...]]:
        by_name: dict[str, list[Activation]] = {}
        for one in sorted(known, key=lambda one: to_ms(one.at) if one.at else -1):
            by_name.setdefault(one.policy.name, []).append(one)
        result = []
        for versions in by_name.values():
            windows: list[InForce] = []
            for one in versions:
                if one.retroactive:
                    windows = [InForce(one.policy, None, None)]
                    continue
                if windows:
                    last = windows.pop()
                    windows.append(InForce(last.policy, last.since, one.at))
                windows.append(InForce(one.policy, one.at, None))
            result.append(tuple(windows))
        return result
