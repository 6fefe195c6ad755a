"""Penalties, sellers' files, documents and the register through the ops API: a person's part in the ladder.

A reviewer is never the proposer; a seller sees and appeals in its own file by a link that ends; an auditor reads all.
What people write goes to the deeds beside a penalty, never onto its case, and never into a log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import parse_day, parse_instant, show
from chalicelib.core.words import KINDS
from chalicelib.ops import cases, stores
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import ADMIN, EVERYBODY, OPS, REVIEW, Answer, Call, Route
from chalicelib.ops.keys import Role
from chalicelib.ops.models import Instant, Says, Short, Word
from chalicelib.ops.wrong import Absent, Clash, wrong
from chalicelib.ports.keys import check_name
from chalicelib.sellers import appeals, files, links, notices, reasons, register, vetting
from chalicelib.sellers.appeals import Person, Refused
from chalicelib.sellers.effects import PENALTIES, standing_points
from chalicelib.sellers.ladder import Rung, State
from chalicelib.sellers.penalties import KIND, Terms, counts, penalty_of, row_now, row_of
from chalicelib.sellers.watch import watch

PROPOSE = frozenset({Role.OPS, Role.REVIEWER, Role.ADMIN})
Text = Annotated[str, Field(min_length=1, max_length=appeals.MAX_TEXT)]
Ident = Annotated[str, Field(min_length=1, max_length=200)]


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


class NewLink(Says):
    """For how many days a seller's link is to hold."""

    days: Annotated[int, Field(ge=1, le=400)] = 200


class Links(Says):
    """Under which address sellers reach this API; `renew` ends all links."""

    base: Annotated[str, Field(max_length=300, pattern=r"^$|^https://[^\s?#]+$")] | None = None
    renew: bool = False


class Document(Says):
    """A document that was checked: when, and until when it holds (an instant or a day). `until` null: it does not."""

    document: Short
    at: Instant | None = None
    until: Annotated[str, Field(max_length=40)] | None = None


class Verified(Says):
    """The whole file of a seller was checked."""

    at: Instant | None = None


# ---- penalties ----


def list_penalties(call: Call) -> Any:
    seller, most, state = call.query.get("seller", ""), call.limit(), call.query.get("state", "")
    if len(seller.encode()) > cases.MAX_ID:
        raise wrong("seller", f"{len(seller.encode())} bytes", f"at most {cases.MAX_ID}")
    if state and state not in tuple(State):
        raise wrong("state", state, f"one of {', '.join(State)}")
    now = call.ports.clock.now()
    rows = call.ports.records(call.account).query(PENALTIES, f"{seller}|" if seller else "")
    shown = (row_now(row.data, now) for row in rows if not seller or row.data["seller"] == seller)
    found = list(islice((one for one in shown if not state or one["state"] == state), most + 1))
    points = sum(int(row["points"]) for row in found[:most] if counts(row, now))
    return {"penalties": found[:most], "points": points, "more": len(found) > most}


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
    told = reasons.kept(call.ports.records(call.account), case.id.subject.id)
    if told is None:
        raise Absent(f"statement of reasons of {case.id.local}")
    more = notices.about(penalty_of(case, call.ports.clock.now()))
    if form == "html":
        return Answer(200, reasons.page(told, lang, more), "text/html; charset=utf-8", _GUARDED)
    return {"lang": lang, "text": reasons.text(told, lang, more)}


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
        case = _person(call).propose(call.account, said.connection, terms, said.reason, before)
        learnt["penalty"] = case.id.local
    return Answer(201, _described(call, case))


def decide(call: Call) -> Any:
    said: Verdict = call.said
    case = _case(call)
    if said.decision != "approve" and not said.reason.strip():
        raise wrong("reason", None, "why, because somebody may ask")
    person = _person(call)
    with journalled(call.ports, call.account, call.actor.name, f"penalty.{said.decision}", case.id.local):
        match said.decision:
            case "approve":
                after = _done(lambda: person.approve(case))
            case "decline":
                after = _done(lambda: person.decline(case, said.reason))
            case "uphold":
                after = _done(lambda: person.decide(case, True, said.reason))
            case "reverse":
                pending = penalty_of(case, call.ports.clock.now()).state is State.APPEALED
                # On an appeal nobody decides who had a part in it; taking back unasked is anybody's who reviews.
                after = _done(
                    lambda: person.decide(case, False, said.reason) if pending else person.reverse(case, said.reason)
                )
    return _described(call, after)


def appeal(call: Call) -> Any:
    """On the seller's behalf: it called, or wrote a letter."""
    said: Appeal = call.said
    case = _case(call)
    text = said.text or said.reason
    if not text.strip():
        raise wrong("text", None, "what the seller says")
    with journalled(call.ports, call.account, call.actor.name, "penalty.appeal", case.id.local):
        after = _done(lambda: _person(call).appeal(case, text))
    return _described(call, after)


def _case(call: Call) -> Case:
    return cases.find(call.desk, call.account, call.parts["connection"], KIND, call.part("id"))


def _person(call: Call, by: str = "") -> Person:
    return _of(call, call.account, by or call.actor.name)


def _of(call: Call, account: str, by: str) -> Person:
    def advance(case_id: CaseId, events: Sequence[Event]) -> Case:
        return call.desk.advance(case_id, events)

    return Person(call.ports.records(account), advance, by, call.ports.clock.now())


def _done(work: Any) -> Case:
    try:
        found: Case = work()
    except Refused as error:
        raise Clash(str(error)) from None
    return found


# ---- a seller's own file ----

_GUARDED: Mapping[str, str] = {
    "content-security-policy": files.POLICY, "referrer-policy": "no-referrer", "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}  # fmt: skip


def make_link(call: Call) -> Any:
    said: NewLink = call.said
    connection, seller = _seller(call)
    until = call.ports.clock.now() + timedelta(days=said.days)
    with journalled(
        call.ports, call.account, call.actor.name, "seller.link", f"{connection}:seller/{seller}"[:120], days=said.days
    ):  # fmt: skip
        records = call.ports.records(call.account)
        token = links.make(records, call.account, connection, seller, until)
    path = f"/sellers/file/{token}"
    return Answer(201, {"path": path, "link": links.address(records, token), "until": show(until)})


def settle_links(call: Call) -> Any:
    said: Links = call.said
    with journalled(call.ports, call.account, call.actor.name, "seller.links", said.base or "", renew=said.renew):
        base = links.settle(call.ports.records(call.account), said.base, said.renew)
    return {"base": base}


def own_file(call: Call) -> Any:
    opened = _opened(call)
    return _file(call, opened, _lang(call.query.get("lang", "")))


def own_appeal(call: Call) -> Any:
    said: Appeal = call.said
    opened, lang = _opened(call), _lang(said.lang)
    case = cases.find(call.desk, opened.account, opened.connection, KIND, said.penalty or "-")
    if penalty_of(case, call.ports.clock.now()).seller != opened.seller:
        raise Absent(f"penalty {said.penalty[:40]}")
    text = said.text or said.reason
    if not text.strip():
        return _file(call, opened, lang, error="请填写申诉理由。" if lang == "zh" else "Please say why.", status=400)
    try:
        with journalled(call.ports, opened.account, f"seller {opened.seller}"[:80], "penalty.appeal", case.id.local):
            _of(call, opened.account, f"seller {opened.seller}").appeal(case, text)
    except Refused:
        error = "该处罚已申诉或申诉期已过。" if lang == "zh" else "It was appealed already, or the time has passed."
        return _file(call, opened, lang, error=error, status=409)
    return _file(call, opened, lang, sent=True)


def _opened(call: Call) -> links.Opened:
    opened = links.opened(call.ports, call.parts["token"])
    if opened is None:
        raise Absent("such file, or the link has ended")
    return opened


def _lang(text: str) -> str:
    return text if text in reasons.LANGUAGES else "zh"


def _file(
    call: Call, opened: links.Opened, lang: str, sent: bool = False, error: str = "", status: int = 200
) -> Answer:  # fmt: skip
    records, now, entries, points = call.ports.records(opened.account), call.ports.clock.now(), [], 0
    for record in records.query(PENALTIES, f"{opened.seller}|{opened.connection}:"):
        if record.data["seller"] != opened.seller:
            continue
        ident = str(record.data["penalty"]).partition("/")[2]
        # The case itself: what was just done is not projected yet.
        case = cases.find(call.desk, opened.account, opened.connection, KIND, ident)
        one, told = penalty_of(case, now), reasons.kept(records, ident)
        if told is None or one.state is State.PROPOSED:
            continue
        open_ = one.state in (State.IMPOSED, State.EXPIRED) and one.appeal_until is not None and now < one.appeal_until
        open_ = open_ and appeals.appeal_of(records, ident) is None
        points += one.points if one.in_force else 0
        entries.append((row_of(case, now)[1], told, notices.about(one), open_))
    page = files.page(opened.seller, points, entries, lang, sent, error)
    return Answer(status, page, "text/html; charset=utf-8", _GUARDED)


# ---- documents, looks, the register ----


def check_document(call: Call) -> Any:
    said: Document = call.said
    connection, seller = _seller(call)
    at = said.at or call.ports.clock.now()
    if said.document not in vetting.DOCUMENTS:
        raise wrong("document", said.document, f"one of {', '.join(vetting.DOCUMENTS)}")
    until = _until(said.until) if said.until is not None else None
    event = (
        vetting.withdrawn(seller, said.document, at)
        if until is None
        else vetting.checked(seller, said.document, at, until)
    )
    return _told_of_seller(call, connection, seller, "seller.document", event, document=said.document)


def verify_seller(call: Call) -> Any:
    said: Verified = call.said
    connection, seller = _seller(call)
    event = vetting.verified(seller, said.at or call.ports.clock.now())
    return _told_of_seller(call, connection, seller, "seller.verified", event)


def _told_of_seller(call: Call, connection: str, seller: str, what: str, event: Event, **more: Any) -> Any:
    case_id = CaseId(call.account, connection, Subject("seller", seller))
    with journalled(call.ports, call.account, call.actor.name, what, case_id.local[:120], **more):
        after = call.desk.advance(case_id, [event])
    return cases.describe(call.desk, after)


def _until(text: str) -> date | datetime:
    try:
        return parse_day(text) if len(text) == 10 else parse_instant(text)
    except ValueError as error:
        raise wrong("until", text, f"a date or an instant: this is {error}") from None


def _seller(call: Call) -> tuple[str, str]:
    connection, seller = call.parts["connection"], call.part("seller")
    stores.get(call.desk, call.account, connection)
    if not 0 < len(seller.encode()) <= cases.MAX_ID:
        raise wrong("seller", f"{len(seller.encode())} bytes", f"1 to {cases.MAX_ID}")
    return connection, seller


def look_after(call: Call) -> Any:
    with journalled(call.ports, call.account, call.actor.name, "seller.watch", "*") as learnt:
        found = watch(call.ports, call.account)
        learnt["looks"] = found.looks
    return {"looks": found.looks, "undone": list(found.undone), "repeated": list(found.repeated)}


def show_register(call: Call) -> Any:
    return _register(call, call.account)


def public_register(call: Call) -> Any:
    """For everybody, as the law asks; whatever is not there looks alike."""
    account = call.parts["account"]
    try:
        check_name(account)
    except ValueError:
        raise Absent("such register") from None
    return _register(call, account)


def _register(call: Call, account: str) -> Any:
    stores.get(call.desk, account, call.parts["connection"])
    records, now = call.ports.records(account), call.ports.clock.now()
    told = register.feed(records, call.parts["connection"], now, register.figures(records, call.parts["connection"]))
    return register.signed(told, register.key(records), now)


def register_key(call: Call) -> Any:
    return {"secret": register.key(call.ports.records(call.account))}


_ONE = "/penalties/{connection}/{id}"
_OF_SELLER = "/sellers/{connection}/{seller}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/penalties", EVERYBODY, list_penalties),
    Route("POST", "/penalties", PROPOSE, propose, Proposal),
    Route("GET", _ONE, EVERYBODY, show_penalty),
    Route("GET", f"{_ONE}/reasons", EVERYBODY, show_reasons),
    Route("POST", f"{_ONE}/decision", REVIEW, decide, Verdict),
    Route("POST", f"{_ONE}/appeal", OPS, appeal, Appeal),
    Route("GET", "/sellers/file/{token}", None, own_file),
    Route("POST", "/sellers/file/{token}", None, own_appeal, Appeal, forms=True),
    Route("POST", "/sellers/links", OPS, settle_links, Links),
    Route("POST", "/sellers/watch", OPS, look_after),
    Route("POST", f"{_OF_SELLER}/link", OPS, make_link, NewLink),
    Route("POST", f"{_OF_SELLER}/documents", OPS, check_document, Document),
    Route("POST", f"{_OF_SELLER}/verified", OPS, verify_seller, Verified),
    Route("GET", "/register/{connection}", EVERYBODY, show_register),
    Route("GET", "/register/{connection}/key", ADMIN, register_key),
    Route("GET", "/public/{account}/register/{connection}", None, public_register),
)
