"""The journal read back: the evidence that it alone gives of some cases, so that it can be compared with what the cases
hold. Memory is bounded by the part of the cases that is asked for; the whole journal is read for each part."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.core.evidence import NOTHING, Evidence, join, merge
from chalicelib.core.wire import read_event
from chalicelib.flow.project import lines
from chalicelib.flow.rulebook import Rulebook
from chalicelib.ports.keys import shard_of
from chalicelib.ports.ports import Ports


@dataclass(frozen=True, slots=True)
class Told:
    """What the journal tells of the cases whose key falls into one of `parts`."""

    part: int
    parts: int
    evidence: Mapping[str, Evidence]

    def lacks(self, case: Case) -> bool:
        """Whether the case holds anything that the journal does not tell. It may tell more: a case that is full."""
        if shard_of(str(case.id), self.parts) != self.part:
            return False
        told = self.evidence.get(str(case.id), NOTHING)
        return join(told, case.evidence) != told


def told_of(ports: Ports, account: str, part: int = 0, parts: int = 1) -> Told:
    """Read the journal of an account. Raises ValueError for a line that is none."""
    words = Rulebook(ports).get(account).words
    told: dict[str, Evidence] = {}
    for line in lines(ports, account):
        data = json.loads(line)
        subject = Subject(data["subject"]["kind"], data["subject"]["id"])
        key = str(CaseId(account, data.pop("connection"), subject))
        if shard_of(key, parts) == part:
            told[key] = merge(told.get(key, NOTHING), read_event(data, words))
    return Told(part, parts, told)
