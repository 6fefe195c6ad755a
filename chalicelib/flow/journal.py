"""The journal read back: the evidence that it alone gives of the cases of one segment, so that it can be compared with
what the cases hold. Memory is bounded by the segment; the whole journal, or the days asked for, is read for each."""

import json
from collections.abc import Mapping
from datetime import date

from chalicelib.core.case import CaseId
from chalicelib.core.evidence import NOTHING, Evidence, merge
from chalicelib.core.wire import read_event
from chalicelib.flow.project import lines
from chalicelib.flow.rulebook import Rulebook
from chalicelib.ports.keys import shard_of
from chalicelib.ports.ports import Ports


def told_of(ports: Ports, account: str, part: int, parts: int, day: date | None = None) -> Mapping[str, Evidence]:
    """The evidence by case, of those whose key falls into one of `parts`. Raises ValueError for a line that is none."""
    words = Rulebook(ports).get(account).words
    told: dict[str, Evidence] = {}
    for line in lines(ports, account, f"{day:%Y-%m-%d}/" if day else ""):
        data = json.loads(line)
        connection = data.pop("connection")
        event = read_event(data, words)
        key = str(CaseId(account, connection, event.subject))
        if shard_of(key, parts) == part:
            told[key] = merge(told.get(key, NOTHING), event)
    return told
