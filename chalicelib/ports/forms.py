"""The stored form of a case: `encode` makes the bytes that a store keeps, `decode` gives back an equal case.

It must never lose a field, and never change what an old form number means: a new layout takes a new number and a row
in `_UPGRADES`. Id, version and wake are not in the bytes: the store keeps them where conditions and indexes see them.

Form 1 is one byte of form number, then raw deflate (with `_COMMON` as preset dictionary) of this JSON, UTF-8:

    [base, statements, links, clocks, steps, actions, full]
    statement  [source, version, bits, marks, facts, wholes]    bits: 1 look, 2 version is an integer, reading << 2
    mark       [name, at, of, value]                            fact [name, value]    whole: name
    link       [rel, kind, id]
    clock      [clock, status, start, due, due_day, end, version, zone, calendar]
    step       [clock, step, at, generation, version, bits]     bits: 1 observed, 2 withdrawn
    action     [key, name, state, version, try_at, attempts, lease, hold, reason, handle, bits]
                                                            bits: 1 unsure, 2 waived

`base` is seconds since 1970, every other instant seconds since `base` (a fraction only where there are milliseconds), a
day the days since the day of `base`. Text is a code or id, true and false a flag, [text] a decimal, [number] a day,
a bare number an instant. What is null or "" at the end of a row is left out.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from chalicelib.core.case import Action, Case, CaseId, ClockState, Ledger, StepState
from chalicelib.core.events import FactValue, Link
from chalicelib.core.evidence import Evidence, FactRegister, MarkRegister, Order
from chalicelib.core.instants import EPOCH, from_ms, to_ms
from chalicelib.core.words import ActionState, Status
from chalicelib.ports.stores import Newer

FORM = 1
"""The number of the form that is written."""

MAX_MARKS = 256
MAX_FACTS = 128
MAX_BYTES = 64 * 1024
"""Limits of one case (DESIGN section 5): a case beyond them is `full`, kept for a person."""

Row: TypeAlias = list[Any]

# Shared by writer and reader for ever: it belongs to form 1. What is most common stands last.
_COMMON = (
    b'"redress""withdrawn","ended""no_lever""no_look""storm""no_money""throttled""uncertain""unpublished""first_scan"'
    b'"goods_expected""exempt""presale""pieces""score""document""evidence_due_by""expires_at""respond_by""carrier"'
    b'"tracking""category""product""region""zone""refunded""shipment""complaint""listing""refund""seller""order"'
    b'"waiting""paused""void""met_late""breached""skipped""dropped""refused""unknown","done","sending","planned",'
    b'"delist""suspend""penalise""release""hold""tag""note""message_buyer""warn_seller""remind_seller","advise",'
    b'"complaint.opened",["complaint.first_reply",["complaint.resolved",["inspection.started",["return.requested",'
    b'["return.approved",["return.sent",["return.received",["refund.requested",["refund.approved",["refund.paid",'
    b'["listing.published",["order.cancelled",["order.approved",["order.part_delivered",["order.part_shipped"],'
    b'"EUR"],"GBP"],"USD"],"CNY"],"GB"],"US"],"DE"],["basket","order","America/New_York","Europe/Berlin","Asia/Shanghai",'
    b'"UTC"],"met",["platform@1","consumer@2",0,"running",["ship-by|due|1|0","ship-by|eve|1|0","deliver-by",["ship-by",'
    b'["status","open"],["channel","web"],["reason","derived",0,"decision",0,["storefront",0,0,["platform",0,0,'
    b'["order.placed",0],["order.paid",60],["order.shipped",["order.delivered",0]],[["seller",["buyer",["country",'
    b'["currency",["amount",["99.00"]],["deliver_by",604800],["ship_by",172800]],[],[]]],[],[],[],[],false]'
)

_UPGRADES: Mapping[int, Callable[[Row], Row]] = {}
"""From each older form number, how its JSON becomes that of the next number."""


def encode(case: Case) -> bytes:
    """The stored form of a case's evidence and ledger; the same bytes whatever the order in which it was built."""
    statements = _statements(case.evidence)
    base = _base(case.evidence)
    packed: Row = [
        base // 1000,
        [_pack_statement(base, key, *rows) for key, rows in sorted(statements.items())],
        sorted([link.rel, link.kind, link.id] for link in case.evidence.links),
        [_pack_clock(base, name, state) for name, state in sorted(case.ledger.clocks.items())],
        [_pack_step(base, key, state) for key, state in sorted(case.ledger.steps.items())],
        [_pack_action(base, key, action) for key, action in sorted(case.ledger.actions.items())],
        case.ledger.full,
    ]
    text = json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    deflate = zlib.compressobj(6, zlib.DEFLATED, -13, 6, zdict=_COMMON)
    return bytes([FORM]) + deflate.compress(text) + deflate.flush()


def decode(
    body: bytes, case_id: CaseId, version: int, wake_at: datetime | None, law_at: datetime | None = None
) -> Case:
    """The case that was encoded. Raises Newer for a form of a later program, ValueError for what is no form at all."""
    form = body[0] if body else 0
    if form > FORM:
        raise Newer(f"{case_id} is stored in form {form}, this program reads up to {FORM}")
    try:
        inflate = zlib.decompressobj(-13, zdict=_COMMON)
        text = inflate.decompress(body[1:]) + inflate.flush()
        row: Row = json.loads(text.decode("utf-8", "surrogatepass"))
        while form < FORM:
            row, form = _UPGRADES[form](row), form + 1
        evidence, ledger = _unpack(row)
    except (zlib.error, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise ValueError(f"{case_id}: what is stored is not the form of a case ({type(error).__name__})") from None
    return Case(case_id, evidence, ledger, wake_at, version, law_at)


def over_limit(case: Case) -> str | None:
    """Why the case is too large to take more, or None. Limits: DESIGN section 5."""
    if len(case.evidence.marks) > MAX_MARKS:
        return f"{len(case.evidence.marks)} marks, at most {MAX_MARKS}"
    if len(case.evidence.facts) > MAX_FACTS:
        return f"{len(case.evidence.facts)} facts, at most {MAX_FACTS}"
    size = len(encode(case))
    return f"{size} bytes, at most {MAX_BYTES}" if size > MAX_BYTES else None


# ---- writing -----------------------------------------------------------------------------------------------------

Statement: TypeAlias = tuple[list[tuple[str, str, MarkRegister]], list[tuple[str, FactRegister]], list[str]]


def _statements(evidence: Evidence) -> dict[tuple[str, Order], Statement]:
    """Registers by what said them: those of one event share source and order, so they share a row."""
    found: dict[tuple[str, Order], Statement] = {}
    for (name, of), mark in sorted(evidence.marks.items()):
        found.setdefault((mark.source, mark.order), ([], [], []))[0].append((name, of, mark))
    for (name, source), fact in sorted(evidence.facts.items()):
        found.setdefault((source, fact.order), ([], [], []))[1].append((name, fact))
    for (name, source), order in sorted(evidence.wholes.items()):
        found.setdefault((source, order), ([], [], []))[2].append(name)
    return found


def _base(evidence: Evidence) -> int:
    """The whole second, in milliseconds, from which instants are counted: the first mark's, so numbers are short."""
    first = min((mark.at for mark in evidence.marks.values() if mark.at is not None), default=EPOCH)
    return to_ms(first) // 1000 * 1000


def _pack_statement(
    base: int,
    key: tuple[str, Order],
    marks: Iterable[tuple[str, str, MarkRegister]],
    facts: Iterable[tuple[str, FactRegister]],
    wholes: list[str],
) -> Row:
    source, (kind, number, look, reading) = key
    return [
        source,
        _seconds(number - base) if kind else number,
        look | (not kind) << 1 | reading << 2,
        [_short([name, _instant(base, one.at), of, _text(one.value)]) for name, of, one in marks],
        [[name] if one.value is None else [name, _pack_value(base, name, one.value)] for name, one in facts],
        wholes,
    ]


def _pack_value(base: int, name: str, value: FactValue) -> object:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        return [str(value)]
    if isinstance(value, datetime):
        return _instant(base, value)
    if isinstance(value, date):
        return [_days(base, value)]
    raise TypeError(f"fact {name}: found {type(value).__name__}, wanted text, decimal, instant, date or flag")


def _pack_clock(base: int, name: str, state: ClockState) -> Row:
    due_day = None if state.due_day is None else _days(base, state.due_day)
    start, due, end = (_instant(base, one) for one in (state.start, state.due, state.end))
    return _short([name, state.status, start, due, due_day, end, state.version, state.zone, state.calendar])


def _pack_step(base: int, key: tuple[str, str], state: StepState) -> Row:
    at, bits = _instant(base, state.at), state.observed | state.withdrawn << 1
    return [*key, at, state.generation, state.version, bits]


def _pack_action(base: int, key: str, one: Action) -> Row:
    try_at, lease = _instant(base, one.try_at), _instant(base, one.lease)
    row = [
        key,
        one.name,
        one.state,
        one.version,
        try_at,
        one.attempts,
        lease,
        one.hold,
        one.reason,
        one.handle,
        one.unsure | one.waived << 1 or None,
    ]
    return _short(row)


def _seconds(milliseconds: int) -> int | float:
    """A float holds every millisecond of the years 1 to 9999 exactly enough to be rounded back."""
    return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000


def _instant(base: int, moment: datetime | None) -> int | float | None:
    return None if moment is None else _seconds(to_ms(moment) - base)


def _days(base: int, day: date) -> int:
    return day.toordinal() - from_ms(base).toordinal()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _short(row: Row) -> Row:
    while len(row) > 1 and (row[-1] is None or row[-1] == ""):
        row.pop()
    return row


# ---- reading -----------------------------------------------------------------------------------------------------


def _unpack(row: Row) -> tuple[Evidence, Ledger]:
    second, statements, links, clocks, steps, actions, full = row
    base = second * 1000
    marks: dict[tuple[str, str], MarkRegister] = {}
    facts: dict[tuple[str, str], FactRegister] = {}
    wholes: dict[tuple[str, str], Order] = {}
    for source, number, bits, its_marks, its_facts, its_wholes in statements:
        kind = 0 if bits & 2 else 1
        order = (kind, base + round(number * 1000) if kind else number, bool(bits & 1), bits >> 2)
        for one in its_marks:
            name, at, of, value = _long(one, 4)
            decimal = None if value is None else Decimal(value)
            marks[name, of or ""] = MarkRegister(_moment(base, at), decimal, source, order)
        for one in its_facts:
            name, value = _long(one, 2)
            facts[name, source] = FactRegister(_unpack_value(base, value), order)
        for name in its_wholes:
            wholes[name, source] = order
    evidence = Evidence(marks, facts, wholes, frozenset(Link(*link) for link in links))
    ledger = Ledger(
        {one[0]: _unpack_clock(base, one) for one in clocks},
        {(clock, step): StepState(_at(base, at), n, version, bool(bits & 1), bool(bits & 2))
         for clock, step, at, n, version, bits in steps},
        {one[0]: _unpack_action(base, one) for one in actions},
        full,
    )  # fmt: skip
    return evidence, ledger


def _unpack_value(base: int, value: Any) -> FactValue | None:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, list):
        (inner,) = value
        return Decimal(inner) if isinstance(inner, str) else _day(base, inner)
    return _at(base, value)


def _unpack_clock(base: int, row: Row) -> ClockState:
    _, status, start, due, day, end, version, zone, calendar = _long(row, 9)
    return ClockState(
        Status(status), _at(base, start), _moment(base, due), None if day is None else _day(base, day),
        _moment(base, end), version or "", zone or "", calendar or "",
    )  # fmt: skip


def _unpack_action(base: int, row: Row) -> Action:
    _, name, state, version, try_at, attempts, lease, hold, reason, handle, bits = _long(row, 11)
    return Action(
        name, ActionState(state), version, _at(base, try_at), attempts, _moment(base, lease),
        hold or "", reason or "", handle or "", bool((bits or 0) & 1), bool((bits or 0) & 2),
    )  # fmt: skip


def _at(base: int, seconds: int | float) -> datetime:
    return from_ms(base + round(seconds * 1000))


def _moment(base: int, seconds: int | float | None) -> datetime | None:
    return None if seconds is None else _at(base, seconds)


def _day(base: int, days: int) -> date:
    return date.fromordinal(from_ms(base).toordinal() + days)


def _long(row: Row, width: int) -> Row:
    return row + [None] * (width - len(row))
