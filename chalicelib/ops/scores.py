"""Sellers' scores through the ops API: who is judged how, on which rows, under which standard; and one order that is
left out. A picture shows no buyer.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core import standards
from chalicelib.core.instants import parse_day, show
from chalicelib.core.scores import Grade, Why
from chalicelib.core.words import KINDS
from chalicelib.ops import cases, stores
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import EVERYBODY, OPS, REVIEW, Answer, Call, Route
from chalicelib.ops.models import Says, Word
from chalicelib.ops.wrong import Absent, wrong
from chalicelib.ports.stores import Records
from chalicelib.rules.lines import MAX_BYTES
from chalicelib.sellers import picture, standard
from chalicelib.sellers.effects import PENALTIES, standing_points
from chalicelib.sellers.ledger import SellerLedger, seller_key
from chalicelib.sellers.penalties import row_now
from chalicelib.sellers.score import Scores
from chalicelib.sellers.standard import InForce

MAX_ABOUT = 220
"""Characters of a case as `KIND/ID`."""


class Excuse(Says):
    """One order (refund, complaint) that the protected value leaves out, under a name; `why` null takes it back.
    `lapses`: from this day on it counts again, such as a suspicion that nobody confirmed."""

    about: Annotated[str, Field(min_length=3, max_length=MAX_ABOUT)]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    why: Literal["carrier", "outage", "force_majeure", "brushing", "decision"] | None
    lapses: Word = ""


class NewStandard(Says):
    """The standard that sellers are judged by from now on: a file's text, or the name of one that is shipped."""

    yaml: Annotated[str, Field(max_length=MAX_BYTES)] = ""
    preset: Word = ""


def list_sellers(call: Call) -> Any:
    grade, connection = call.query.get("grade", ""), call.query.get("connection", "")
    if grade and grade not in tuple(Grade):
        raise wrong("grade", grade, f"one of {', '.join(Grade)}")
    found, more = picture.listed(_records(call), connection, grade, call.query.get("after", ""), call.limit())
    return {"sellers": found, "more": more}


def show_seller(call: Call) -> Any:
    connection, seller = seller_of(call)
    records, now, who = _records(call), call.ports.clock.now(), seller_key(connection, seller)
    held, own = standard.in_force(records), _scores(call)
    judged = own.of(who, held.standard, now.date())
    rows = [
        row_now(row.data, now)
        for row in records.query(PENALTIES, f"{seller}|{connection}:") if row.data["seller"] == seller
    ]  # fmt: skip
    return {
        "connection": connection, "seller": seller, **picture.standing(own.standing(who)), "standard": held.version,
        "as_of": now.date().isoformat(), "scores": picture.scores(judged),
        "points": standing_points(records, seller, connection, now), "penalties": rows,
    }  # fmt: skip


def show_rows(call: Call) -> Any:
    connection, seller = seller_of(call)
    who, ledger = seller_key(connection, seller), SellerLedger(call.ports.records)
    about = call.query.get("about", "")
    if len(about) > MAX_ABOUT:
        raise wrong("about", f"{len(about)} characters", f"at most {MAX_ABOUT}")
    name = f"{connection}:{about}" if about else ""
    found, more = picture.rows(ledger, call.account, who, name, call.limit(10_000))
    if not about:
        return {"rows": found, "more": more}
    held = ledger.unit(call.account, who, name)
    if held.version == 0:
        raise Absent(f"row about {about[:60]}")
    return {"rows": [one for one in found if one["unit"] == name], "more": False, **picture.unit(held)}


def excuse(call: Call) -> Any:
    said: Excuse = call.said
    connection, seller = seller_of(call)
    kind, _, ident = said.about.partition("/")
    if kind not in KINDS or not ident:
        raise wrong("about", said.about, "KIND/ID")
    who, name = seller_key(connection, seller), f"{connection}:{said.about}"
    ledger, lapses = SellerLedger(call.ports.records), _day(said.lapses) if said.lapses else None
    if ledger.unit(call.account, who, name).version == 0:
        raise Absent(f"row about {said.about[:60]}")
    with journalled(
        call.ports, call.account, call.actor.name, "seller.excuse", f"{name}"[:120], why=said.why or "taken back"
    ):  # fmt: skip
        why = Why(said.why) if said.why else None
        ledger.exclude(call.account, who, name, said.id, why, lapses, call.ports.clock.now())
    return {"about": name, **picture.unit(ledger.unit(call.account, who, name))}


def show_standard(call: Call) -> Any:
    number = call.query.get("number", "")
    held: InForce | None = standard.in_force(_records(call))
    if number:
        known = number.isascii() and number.isdecimal() and len(number) < 7
        held = standard.of_version(_records(call), int(number)) if known else None
    if held is None:
        raise Absent(f"standard {number[:20]}")
    return {**_told(held), "shipped": standard.presets()}


def activate_standard(call: Call) -> Any:
    said: NewStandard = call.said
    if bool(said.yaml) is bool(said.preset):
        raise wrong("yaml", None, "either `yaml` or `preset`")
    if said.preset and said.preset not in standard.presets():
        raise wrong("preset", said.preset, f"one of {', '.join(standard.presets())}")
    read = standard.read_file(said.preset) if said.preset else standard.read_bytes(said.yaml.encode())
    records, now = _records(call), call.ports.clock.now()
    held = standard.in_force(records)
    if held.number and held.standard == read:
        return {**_told(held), "unchanged": True}
    with journalled(call.ports, call.account, call.actor.name, "standard.activate", read.name) as learnt:
        held = standard.activate(records, read, show(now))
        learnt["version"] = held.version
    return Answer(201, {**_told(held), "unchanged": False})


def _told(held: InForce) -> dict[str, Any]:
    told: Mapping[str, Any] = standards.dump(held.standard)
    return {"version": held.version, "since": held.since or None, "standard": told}


def _records(call: Call) -> Records:
    return call.ports.records(call.account)


def _scores(call: Call) -> Scores:
    return Scores(call.account, SellerLedger(call.ports.records), _records(call))


def seller_of(call: Call) -> tuple[str, str]:
    """The connection and the seller that the address names. Raises Absent and Wrong."""
    connection, seller = call.parts["connection"], call.part("seller")
    stores.get(call.desk, call.account, connection)
    if not 0 < len(seller.encode()) <= cases.MAX_ID:
        raise wrong("seller", f"{len(seller.encode())} bytes", f"1 to {cases.MAX_ID}")
    return connection, seller


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except ValueError:
        raise wrong("lapses", text, "a date like 2026-11-20") from None


_OF_SELLER = "/sellers/{connection}/{seller}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/sellers", EVERYBODY, list_sellers),
    Route("GET", _OF_SELLER, EVERYBODY, show_seller),
    Route("GET", f"{_OF_SELLER}/rows", EVERYBODY, show_rows),
    Route("POST", f"{_OF_SELLER}/excuse", REVIEW, excuse, Excuse),
    Route("GET", "/standard", EVERYBODY, show_standard),
    Route("POST", "/standard", OPS, activate_standard, NewStandard),
)
