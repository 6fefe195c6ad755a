"""Sellers through the ops API: the links to their own files, the files themselves, documents, the daily look.

A file is seen and appealed in without a key, by a link that ends; whatever is wrong with one, there is no such file.
"""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from chalicelib.core.case import CaseId
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import from_ms, parse_day, parse_instant, show, to_ms
from chalicelib.ops import cases
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import EVERYBODY, OPS, Answer, Call, Route
from chalicelib.ops.models import Instant, Says, Short
from chalicelib.ops.penalties import GUARDED, Appeal, person
from chalicelib.ops.scores import seller_of
from chalicelib.ops.wrong import Absent, wrong
from chalicelib.sellers import files, links, nights, notices, picture, reasons, standard, vetting
from chalicelib.sellers.appeals import Refused
from chalicelib.sellers.effects import PENALTIES
from chalicelib.sellers.ladder import State
from chalicelib.sellers.ledger import SellerLedger, seller_key
from chalicelib.sellers.penalties import KIND, penalty_of, row_of
from chalicelib.sellers.score import Scores
from chalicelib.sellers.watch import watch

SKEW = timedelta(minutes=5)
"""So far a clock of somebody else's may be ahead of ours."""
MOMENT = 1000
"""Milliseconds: people tell instants by the second."""
TURN = timedelta(seconds=12)
"""How long a turn of the round may work that somebody waits for."""


class NewLink(Says):
    """For how many days a seller's link is to hold."""

    days: Annotated[int, Field(ge=1, le=400)] = 200


class Links(Says):
    """Under which address sellers reach this API; `renew` ends all links."""

    base: Annotated[str, Field(max_length=300, pattern=r"^$|^https://[^\s?#]+$")] | None = None
    renew: bool = False


class Document(Says):
    """A document that was checked: when, and until when it holds (an instant or a day). `until` null: it does not.
    With `needed` it says instead whether what the seller sells needs the document."""

    document: Short
    at: Instant | None = None
    until: Annotated[str, Field(max_length=40)] | None = None
    needed: bool | None = None


class RunRound(Says):
    """A turn of today's round over the sellers; `anew`: from its beginning."""

    anew: bool = False


class Verified(Says):
    """The whole file of a seller was checked."""

    at: Instant | None = None


def make_link(call: Call) -> Any:
    said: NewLink = call.said
    connection, seller = seller_of(call)
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
            person(call, opened.account, f"seller {opened.seller}").appeal(case, text)
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
        if told is None or one.imposed_at is None:
            # What never stood is nobody's file: a proposal, and one that was turned down.
            continue
        open_ = one.state in (State.IMPOSED, State.EXPIRED) and one.appeal_until is not None and now < one.appeal_until
        open_ = open_ and one.appealed_at is None
        points += one.points if one.in_force else 0
        more = {**notices.about(one), **notices.outcome(records, case, one)}
        entries.append((row_of(case, now)[1], told, more, open_))
    own, who = Scores(opened.account, SellerLedger(call.ports.records), records), _who(opened)
    judged = own.of(who, standard.active(records), now.date())
    page = files.page(
        opened.seller, points, entries, lang, picture.standing(own.standing(who)), picture.scores(judged), sent, error
    )  # fmt: skip
    return Answer(status, page, "text/html; charset=utf-8", GUARDED)


def _who(opened: links.Opened) -> str:
    return seller_key(opened.connection, opened.seller)


def check_document(call: Call) -> Any:
    said: Document = call.said
    connection, seller = seller_of(call)
    at = _when(call, said.at)
    if said.document not in vetting.DOCUMENTS:
        raise wrong("document", said.document, f"one of {', '.join(vetting.DOCUMENTS)}")
    name = f"{said.document}_until" if said.needed is None else f"needs_{said.document}"
    at = _past(call, CaseId(call.account, connection, Subject("seller", seller)), name, at)
    if said.needed is not None:
        if said.document not in vetting.BY_CATEGORY or said.until is not None:
            raise wrong("needed", said.needed, f"alone, and for one of {', '.join(vetting.BY_CATEGORY)}")
        event = vetting.needed(seller, said.document, at, said.needed)
        return _told_of_seller(call, connection, seller, "seller.document", event, document=said.document)
    until = _until(said.until) if said.until is not None else None
    event = (
        vetting.withdrawn(seller, said.document, at)
        if until is None
        else vetting.checked(seller, said.document, at, until)
    )
    return _told_of_seller(call, connection, seller, "seller.document", event, document=said.document)


def verify_seller(call: Call) -> Any:
    said: Verified = call.said
    connection, seller = seller_of(call)
    event = vetting.verified(seller, _when(call, said.at))
    return _told_of_seller(call, connection, seller, "seller.verified", event)


def _when(call: Call, at: datetime | None) -> datetime:
    """When something was checked. In the future nothing was: it would hold against every true check until then."""
    now = call.ports.clock.now()
    if at is not None and at > now + SKEW:
        raise wrong("at", show(at), "an instant that is not in the future")
    return at or now


def _past(call: Call, case_id: CaseId, fact: str, at: datetime) -> datetime:
    """The same instant, or just past what was said of it before: of one check the last word holds."""
    held = call.ports.cases(call.account).get(case_id).evidence.facts.get((fact, "decision"))
    said = held.order[1] if held is not None and held.order[0] else -1
    return from_ms(said + 1) if 0 <= said - to_ms(at) < MOMENT else at


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


def look_after(call: Call) -> Any:
    with journalled(call.ports, call.account, call.actor.name, "seller.watch", "*") as learnt:
        found = watch(call.ports, call.account)
        learnt["looks"] = found.looks
    return {"looks": found.looks, "undone": list(found.undone), "repeated": list(found.repeated)}


def run_round(call: Call) -> Any:
    said: RunRound = call.said
    with journalled(call.ports, call.account, call.actor.name, "seller.nightly", "*") as learnt:
        done = nights.Nights(call.ports, [call.account], TURN).now(call.account, said.anew)
        learnt["done"] = done
    return {"done": done, "last": nights.last(call.ports, call.account)}


def last_round(call: Call) -> Any:
    return {"last": nights.last(call.ports, call.account)}


_OF_SELLER = "/sellers/{connection}/{seller}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/sellers/file/{token}", None, own_file),
    Route("POST", "/sellers/file/{token}", None, own_appeal, Appeal, forms=True),
    Route("POST", "/sellers/links", OPS, settle_links, Links),
    Route("POST", "/sellers/watch", OPS, look_after),
    Route("GET", "/sellers/nightly", EVERYBODY, last_round),
    Route("POST", "/sellers/nightly", OPS, run_round, RunRound),
    Route("POST", f"{_OF_SELLER}/link", OPS, make_link, NewLink),
    Route("POST", f"{_OF_SELLER}/documents", OPS, check_document, Document),
    Route("POST", f"{_OF_SELLER}/verified", OPS, verify_seller, Verified),
)
