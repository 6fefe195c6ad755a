"""Shadow mode: a version is judged beside the active ones on each case as it changes; what differs is recorded, and
nothing is done. The record of a case is replaced whole, so repeating changes no count."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.case import Case
from chalicelib.core.clocks import Reading
from chalicelib.core.compare import Change, compare, merged
from chalicelib.core.evaluate import Verdict, evaluate
from chalicelib.core.view import View
from chalicelib.core.words import Status
from chalicelib.flow.log import fault, log
from chalicelib.flow.rulebook import Book
from chalicelib.ports.ports import Ports

KIND = "shadow"
KEPT = timedelta(days=90)
"""How long the record of a case stays after it last changed."""
LATE = (Status.BREACHED, Status.MET_LATE)


def sort_of(version: str, case: str) -> str:
    return f"{version}|{case}"


class Watch:
    """Judges shadows. Whatever goes wrong in it is logged and never stops the case."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def wake_at(self, case: Case, book: Book, now: datetime) -> datetime | None:
        """When a shadow's clocks would next change by themselves."""
        try:
            times = [evaluate(case, one.policies, book.calendars, now).wake_at for one in book.shadows]
        except Exception as error:
            log("shadow_failed", level="error", case=str(case.id), reason=fault(error))
            return None
        return min((one for one in times if one is not None), default=None)

    def record(self, case: Case, book: Book, verdict: Verdict) -> None:
        """Keep what differs on this case between the active versions and each shadow."""
        for shadow in book.shadows:
            try:
                beside = evaluate(case, shadow.policies, book.calendars, verdict.now)
                self._keep(case, shadow.version, dict(_differs(case, verdict, beside)))
            except Exception as error:
                log("shadow_failed", level="error", case=str(case.id), key=shadow.version, reason=fault(error))

    def _keep(self, case: Case, version: str, rules: Mapping[str, Any]) -> None:
        records, sort = self._ports.records(case.id.account), sort_of(version, case.id.local)
        held = records.get(KIND, sort)
        if (held.data["rules"] if held else {}) != rules:
            records.put(KIND, sort, {"rules": rules}, expires=self._ports.clock.now() + KEPT)


def _differs(case: Case, active: Verdict, shadow: Verdict) -> Iterator[tuple[str, Any]]:
    """For each rule that differs: the change, and on each side the breaches and steps."""
    changes: dict[str, Change] = {}
    compare(changes, active.clocks, shadow.clocks, View(case.evidence, active.now))
    for rule, change in sorted(changes.items()):
        if change:
            told = {"cases": 1, **change.as_dict()}
            for side, clocks in (("active", active.clocks), ("shadow", shadow.clocks)):
                told[side] = _counts([one for one in clocks if one.rule.id == rule])
            yield rule, told


def _counts(clocks: list[Reading]) -> dict[str, int]:
    return {
        "breaches": sum(one.status in LATE for one in clocks),
        "steps": sum(len(one.steps) for one in clocks),
    }


def report(ports: Ports, account: str, version: str) -> dict[str, Any]:
    """What was recorded about a version: over all cases, by rule. `cases`: how many differ."""
    rules: dict[str, Any] = {}
    cases = 0
    for record in ports.records(account).query(KIND, sort_of(version, "")):
        cases += bool(record.data["rules"])
        rules = merged(rules, dict(record.data["rules"]))
    return {"version": version, "cases": cases, "rules": rules}
