"""Walking over the cases of an account in parts, so that a long walk can be cut, told of, and taken up again.

A part is what one object of the journal brought to light for the first time: each case stands in the walk once, at its
first write. Cases that come while one walks come at the end.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.ports.ports import Ports

FIRST = "journal-1-0"
"""The id of the first line that a case brings into the journal."""
BATCH = 100


@dataclass(frozen=True, slots=True)
class Part:
    """Some cases, and the cursor from which the walk goes on after them."""

    cases: tuple[CaseId, ...]
    cursor: str


def parts(ports: Ports, account: str, cursor: str = "") -> Iterator[Part]:
    """The parts of the walk after `cursor`; empty parts are there too, so that the walk can be cut anywhere."""
    for key in ports.blobs.keys(f"journal/{account}/"):
        if key > cursor:
            lines = gzip.decompress(ports.blobs.get(key)).decode().splitlines()
            yield Part(tuple(dict.fromkeys(_first(account, lines))), key)


def _first(account: str, lines: list[str]) -> Iterator[CaseId]:
    for line in lines:
        if f'"{FIRST}"' in line:
            told = json.loads(line)
            if told["id"] == FIRST:
                yield CaseId(account, told["connection"], Subject(told["subject"]["kind"], told["subject"]["id"]))


def stored(ports: Ports, account: str, case_ids: tuple[CaseId, ...]) -> Iterator[Case]:
    """The cases that are there."""
    for start in range(0, len(case_ids), BATCH):
        found = ports.cases(account).get_many(case_ids[start : start + BATCH])
        yield from (case for case in found.values() if case.version)
