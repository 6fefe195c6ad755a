"""Hears every write of a case, and knows from them alone which step was taken when, and whether more than once."""

from datetime import datetime

from chalicelib.core.case import Case


class Watch:
    """`lates`: the delay of each step in seconds. `twice`: what was taken more than once in one generation."""

    def __init__(self) -> None:
        self.lates: list[float] = []
        self.twice: list[str] = []
        self._steps: dict[str, dict[tuple[str, str], tuple[int, bool]]] = {}
        self._taken: set[tuple[str, str, str, int]] = set()

    def __call__(self, case: Case, now: datetime) -> None:
        name = case.id.local
        known = self._steps.get(name, {})
        self._steps[name] = after = {}
        for key, state in case.ledger.steps.items():
            after[key] = (state.generation, state.withdrawn)
            before = known.get(key)
            if state.withdrawn or (before is not None and before == (state.generation, False)):
                continue
            self.lates.append((now - state.at).total_seconds())
            taking = (name, *key, state.generation)
            if taking in self._taken:
                self.twice.append("|".join(map(str, taking)))
            self._taken.add(taking)

    @property
    def late(self) -> float:
        """The worst of them."""
        return max(self.lates, default=0.0)

    @property
    def early(self) -> float:
        """How early the earliest was: below zero, or nothing was early."""
        return min(self.lates, default=0.0)
