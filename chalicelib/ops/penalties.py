"""Penalties through the ops API: a person's part in the ladder.

A reviewer is never the proposer; an auditor reads all. What people write goes to the deeds beside a penalty, never onto
its case, and never into a log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event
from chalicelib.core.instants import show
from chalicelib.core.ladder import Rung
from chalicelib.core.words import KINDS
from chalicelib.ops import cases, stores
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import EVERYBODY, OPS, REVIEW, Answer, Call, Route
from chalicelib.ops.keys import Role
from chalicelib.ops.models import Says, Word
from chalicelib.ops.wrong import Absent, Clash, wrong
from chalicelib.sellers import appeals, files, notices, reasons, standard
from chalicelib.sellers.appeals import Person, Refused
from chalicelib.sellers.effects import PENALTIES, scores_of, standing_points
from chalicelib.sellers.ladder import State
from chalicelib.sellers.penalties import KIND, Terms, counts, penalty_of, row_now, row_of

PROPOSE = frozenset({Role.OPS, Role.REVIEWER, Role.ADMIN})
Text = Annotated[str, Field(min_length=1, max_length=appeals.MAX_TEXT)]
Ident = Annotated[str, Field(min_length=1, max_length=200)]

GUARDED: Mapping[str, str] = {
    "content-security-policy": files.POLICY, "referrer-policy": "no-referrer", "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}  # fmt: skip


class Proposal(Says):
    """A penalty that somebody proposes. `about`: the case that it is about, as `KIND/ID`."""

    connection: Word
    seller: Ident
    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    points: Annotated[int, Field(ge=0, le=1000)]
    rung: Literal["notice", "warning", "restrict", "hold_payout", "delist", "suspend", "blacklist"]
    reason: Text
    about: Annotated[str, Field(max_length=220)] = ""
    listing: Annotated[str, Field(max_length=200)] = ""


class Verdict(Says):
    """A person's word on a penalty."""

    decision: Literal["approve", "decline", "uphold", "reverse"]
    reason: Annotated[str, Field(max_length=appeals.MAX_TEXT)] = ""


class Appeal(Says):
    """An appeal. From a page's form also which penalty, and the page's language."""

    reason: Annotated[str, Field(max_length=appeals.MAX_TEXT)] = ""
    text: Annotated[str, Field(max_length=appeals.MAX_TEXT)] = ""
    penalty: Annotated[str, Field(max_length=200)] = ""
    lang: Annotated[str, Field(max_length=2)] = ""


def list_penalties(call: Call) -> Any:
    seller, most, state = call.query.get("seller", ""), call.limit(), call.query.get("state", "")
    if len(seller.encode()) > cases.MAX_ID:
        raise wrong("seller", f"{len(seller.encode())} bytes", f"at most {cases.MAX_ID}")
    if state and state not in tuple(State):
        raise wrong("state", state, f"one of {', '.join(State)}")
    now, after = call.ports.clock.now(), call.query.get("after", "")
    rows = call.ports.records(call.account).query(PENALTIES, f"{seller}|" if seller else "", after)
    shown = ((row.sort, row_now(row.data, now)) for row in rows if not seller or row.data["seller"] == seller)
    found = list(islice((one for one in shown if not state or one[1]["state"] == state), most + 1))
    listed, more = [row for _, row in found[:most]], len(found) > most
    points = sum(int(row["points"]) for row in listed if counts(row, now))
    return {"penalties": listed, "points": points, "more": more, "next": found[most - 1][0] if more else ""}


def show_penalty(call: Call) -> Any:
    return _described(call, _case(call))


def _described(call: Call, case: Case) -> dict[str, Any]:
    records, ident = call.ports.records(call.account), case.id.subject.id
    _, row = row_of(case, call.ports.clock.now())
    deeds = [{**asdict(one), "at": show(one.at)} for one in appeals.deeds(records, ident)]
    return {
        **row, "statement": reasons.kept(records, ident), "deeds": deeds, "appeal": appeals.appeal_of(records, ident)
    }  # fmt: skip


def show_reasons(call: Call) -> Any:
    case, lang, form = _case(call), call.query.get("lang", "en"), call.query.get("form", "text")
    if lang not in reasons.LANGUAGES:
        raise wrong("lang", lang, "en or zh")
    if form not in ("text", "html"):
        raise wrong("form", form, "text or html")
    records = call.ports.records(call.account)
    told = reasons.kept(records, case.id.subject.id)
    if told is None:
        raise Absent(f"statement of reasons of {case.id.local}")
    one = penalty_of(case, call.ports.clock.now())
    more = {**notices.about(one), **notices.outcome(records, case, one)}
    if form == "html":
        return Answer(200, reasons.page(told, lang, more), "text/html; charset=utf-8", GUARDED)
    return {"lang": lang, "text": reasons.text(told, lang, more), "html": reasons.page(told, lang, more)}


def propose(call: Call) -> Any:
    said: Proposal = call.said
    stores.get(call.desk, call.account, said.connection)
    kind, slash, ident = said.about.partition("/")
    if said.about and (kind not in KINDS or not slash or not ident):
        raise wrong("about", said.about, "KIND/ID")
    if said.rung == "delist" and not said.listing:
        raise wrong("listing", None, "the listing to take down")
    records, now = call.ports.records(call.account), call.ports.clock.now()
    about = f"{said.connection}:{said.about}" if said.about else ""
    terms = Terms(said.seller, said.code, said.points, Rung(said.rung), about, listing=said.listing)
    before = standing_points(records, said.seller, said.connection, now)
    with journalled(
        call.ports, call.account, call.actor.name, "penalty.propose", f"{said.connection}:seller/{said.seller}"[:120],
        code=said.code, points=said.points, rung=said.rung,
    ) as learnt:  # fmt: skip
        scores = [one.shown for one in scores_of(call.ports, call.account, said.connection, said.seller, now)]
        case = _person(call).propose(call.account, said.connection, terms, said.reason, before, scores)
        learnt["penalty"] = case.id.local
    return Answer(201, _described(call, case))


def decide(call: Call) -> Any:
    said: Verdict = call.said
    case = _case(call)
    if said.decision != "approve" and not said.reason.strip():
        raise wrong("reason", None, "why, because somebody may ask")
    one = _person(call)
    with journalled(call.ports, call.account, call.actor.name, f"penalty.{said.decision}", case.id.local):
        match said.decision:
            case "approve":
                after = done(lambda: one.approve(case))
            case "decline":
                after = done(lambda: one.decline(case, said.reason))
            case "uphold":
                after = done(lambda: one.decide(case, True, said.reason))
            case "reverse":
                pending = penalty_of(case, call.ports.clock.now()).state is State.APPEALED
                try:
                    # On an appeal nobody decides who had a part in it; taking back unasked is anybody's who reviews.
                    after = done(
                        lambda: one.decide(case, False, said.reason) if pending else one.reverse(case, said.reason)
                    )
                except Clash:
                    if appeals.was_reversed(one.records, case, one.now):
                        # Whoever did it may have been cut off before this.
                        _excuse(call, case)
                    raise
                _excuse(call, after)
    return _described(call, after)


def _excuse(call: Call, case: Case) -> None:
    appeals.excuse(call.ports, call.desk.book(call.account).policies, case, call.ports.clock.now())


def appeal(call: Call) -> Any:
    """On the seller's behalf: it called, or wrote a letter."""
    said: Appeal = call.said
    case = _case(call)
    text = said.text or said.reason
    if not text.strip():
        raise wrong("text", None, "what the seller says")
    with journalled(call.ports, call.account, call.actor.name, "penalty.appeal", case.id.local):
        after = done(lambda: _person(call).appeal(case, text))
    return _described(call, after)


def _case(call: Call) -> Case:
    return cases.find(call.desk, call.account, call.parts["connection"], KIND, call.part("id"))


def _person(call: Call, by: str = "") -> Person:
    return person(call, call.account, by or call.actor.name)


def person(call: Call, account: str, by: str) -> Person:
    def advance(case_id: CaseId, events: Sequence[Event]) -> Case:
        return call.desk.advance(case_id, events)

    records = call.ports.records(account)
    return Person(records, advance, by, call.ports.clock.now(), standard.active(records).ladder)


def done(work: Any) -> Case:
    try:
        found: Case = work()
    except Refused as error:
        raise Clash(str(error)) from None
    return found


_ONE = "/penalties/{connection}/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/penalties", EVERYBODY, list_penalties),
    Route("POST", "/penalties", PROPOSE, propose, Proposal),
    Route("GET", _ONE, EVERYBODY, show_penalty),
    Route("GET", f"{_ONE}/reasons", EVERYBODY, show_reasons),
    Route("POST", f"{_ONE}/decision", REVIEW, decide, Verdict),
    Route("POST", f"{_ONE}/appeal", OPS, appeal, Appeal),
)
