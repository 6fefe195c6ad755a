"""The audit as ops ask for it: a page at a time over the API, and what the last night's said."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.core.case import CaseId
from chalicelib.flow import nightly
from chalicelib.flow.audit import Audit
from chalicelib.flow.journal import Told, is_short, told_of
from chalicelib.flow.project import Project
from chalicelib.flow.tell import Teller
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import OPS, Call, Route
from chalicelib.ops.keys import Role
from chalicelib.ops.models import Cursor, Says
from chalicelib.ops.wrong import wrong

READS = OPS | {Role.AUDITOR}
MOST_SEGMENTS = 1024
MOST_OBJECTS = 300
"""Objects of the journal that one call may read beside its cases; a longer journal is compared by night alone."""


class Mend(Says):
    """A part of the audit after which what is wrong is looked at, or projected, again."""

    segment: Annotated[int, Field(ge=0, le=MOST_SEGMENTS - 1)] = 0
    total: Annotated[int, Field(ge=1, le=MOST_SEGMENTS)] = 1
    after: Cursor = ""
    most: Annotated[int, Field(ge=1, le=1000)] = 500


def read_page(call: Call) -> Any:
    segment, total = (_number(call, name, usual) for name, usual in (("segment", 0), ("total", 1)))
    said = Mend(segment=segment, total=max(1, total), after=call.query.get("after", ""), most=call.limit(1000, 500))
    return _page(call, said, mend=False)


def mend_page(call: Call) -> Any:
    said: Mend = call.said
    with journalled(call.ports, call.account, call.actor.name, "audit.mend", f"{said.segment}/{said.total}") as learnt:
        told = _page(call, said, mend=True)
        learnt["count"] = told["mended"]
        return told


def _number(call: Call, name: str, usual: int) -> int:
    text = call.query.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and int(text) <= MOST_SEGMENTS):
        raise wrong(name, text[:40], f"a whole number up to {MOST_SEGMENTS}")
    return int(text)


def _page(call: Call, said: Mend, mend: bool) -> dict[str, Any]:
    if said.segment >= said.total:
        raise wrong("segment", str(said.segment), f"below the total, {said.total}")
    desk = call.desk
    project = Project(desk.ports, desk.shops, desk.rulebook, Teller(desk.ports))
    audit = Audit(desk.ports, desk.shops, desk.rulebook, project)
    told = _told(call)
    page = audit.page(call.account, said.segment, said.total, _after(call, said.after), said.most, told, mend)
    return {**page.report.as_dict(), "after": page.after.local if page.after else "", "journal": told is not None}


def _told(call: Call) -> Told | None:
    """What the journal tells, where it is short enough to be read for this."""
    return told_of(call.ports, call.account) if is_short(call.ports, call.account, MOST_OBJECTS) else None


def _after(call: Call, text: str) -> CaseId | None:
    try:
        return CaseId.parse(f"{call.account}:{text}") if text else None
    except ValueError:
        raise wrong("after", text[:60], "a case like connection:kind/id") from None


def last_night(call: Call) -> Any:
    return {"last": nightly.last(call.ports, call.account)}


PROOFS: tuple[Route, ...] = (
    Route("GET", "/audit", READS, read_page),
    Route("POST", "/audit", OPS, mend_page, Mend),
    Route("GET", "/audit/last", READS, last_night),
)
