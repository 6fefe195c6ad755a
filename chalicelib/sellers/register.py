"""The public register of penalties (公示): which stand, why, the sellers' grades and figures, as a signed feed.

An entry is put in when its penalty comes into force and taken out when that is withdrawn, by steps of our own engine;
what is reversed stays in the ledger alone. No buyer, no order, no text of a person is ever part of it. Legal ground:
网络交易监督管理办法 30 (one working day from the decision).
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.core.case import Case
from chalicelib.core.instants import EPOCH, parse_instant, show
from chalicelib.core.scores import Metric
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Records
from chalicelib.sellers import reasons, seal
from chalicelib.sellers.penalties import counts, penalty_of

if TYPE_CHECKING:
    from chalicelib.sellers.score import Judged

KIND = "penalty-register"
PENALTIES = "penalties"
STANDINGS, FIGURES = "seller-standings", "register-figures"
FORM = 1
PAGE, LONGEST = 500, 1000
"""Sellers on a page of the feed."""
PART, TURN = 1000, timedelta(seconds=12)
"""Bounds of one count that somebody waits for."""


def enter(records: Records, case: Case, now: datetime) -> None:
    """Put a penalty into the register, where it stands."""
    one = penalty_of(case, now)
    if not one.in_force or not one.seller:
        return
    told = reasons.kept(records, case.id.subject.id) or {}
    rule = told.get("rule", {})
    entry = {
        "seller": one.seller, "penalty": case.id.subject.id, "code": one.code, "points": one.points, "rung": one.rung,
        "decided_at": show(one.imposed_at) if one.imposed_at else None,
        "until": show(one.points_until) if one.points_until else None,
        "measure_until": show(one.measure_until) if one.measure_until else None, "automated": one.automated,
        "rule": rule.get("id", one.rule), "version": rule.get("version", one.version), "cite": rule.get("cite", ""),
        "basis": rule.get("basis", "policy"), "title": rule.get("title", {}),
    }  # fmt: skip
    records.put(KIND, _sort(case), entry)


def withdraw(records: Records, case: Case) -> None:
    """Take it out. The ledger keeps it as reversed."""
    records.delete(KIND, _sort(case))


def _sort(case: Case) -> str:
    return f"{case.id.connection}|{case.id.subject.id}"


def feed(records: Records, connection: str, now: datetime, after: str = "", most: int = PAGE) -> dict[str, Any]:
    """A page of the register of a connection as of `now`: `most` sellers past `after`, each with its grade, its figures
    and its penalties in force. `next` is what the next page goes on after; empty at the end."""
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for record in records.query(KIND, f"{connection}|"):
        entries.setdefault(record.data["seller"], []).append(record.data)
    known = figures(records, connection, after, most + 1)
    # Who has a penalty and no figures yet stands between those who have.
    names = sorted({one for one in entries if one.encode() > after.encode()} | known.keys(), key=str.encode)[: most + 1]
    found = []
    for name in names[:most]:
        standing = [one for one in entries.get(name, []) if _stands(records, connection, one, now)]
        if standing or name in known:
            shown = [_entry(one) for one in standing]
            found.append({"seller": name, **known.get(name, {}), "penalties": sorted(shown, key=_order)})
    return {
        "v": FORM, "register": connection, "as_of": show(now),
        "title": {"zh": "平台内经营者处理措施公示", "en": "Public register of measures against sellers"},
        "sellers": found, "next": names[most - 1] if len(names) > most else "",
    }  # fmt: skip


def _entry(told: Mapping[str, Any]) -> dict[str, Any]:
    place = told["rung"]
    shown = {name: value for name, value in told.items() if name != "seller"}
    return {**shown, "measure": {"zh": reasons.RUNGS[place][0], "en": reasons.RUNGS[place][1]}}


def _stands(records: Records, connection: str, entry: Mapping[str, Any], now: datetime) -> bool:
    """Its own time, and what the ledger says where it says anything."""
    until = entry["until"]
    if until is not None and parse_instant(until) <= now:
        return False
    row = records.get(PENALTIES, f"{entry['seller']}|{connection}:penalty/{entry['penalty']}")
    return row is None or counts(row.data, now)


def _order(entry: Mapping[str, Any]) -> tuple[str, str]:
    return (entry["decided_at"] or "", entry["penalty"])


def figures(records: Records, connection: str, after: str, most: int) -> dict[str, dict[str, Any]]:
    """Seller -> the grade that was last given, and how many complaints of how many orders were last counted: the first
    `most` sellers of each past `after`."""
    prefix, found = f"{connection}:", dict[str, dict[str, Any]]()
    past = f"{prefix}{after}" if after else ""
    for record in islice(records.query(STANDINGS, prefix, past), most):
        found[record.sort.removeprefix(prefix)] = {
            "grade": record.data["grade"], "since": record.data["since"] or None, "trusted": record.data["trusted"]
        }  # fmt: skip
    for record in islice(records.query(FIGURES, prefix, past), most):
        found.setdefault(record.sort.removeprefix(prefix), {}).update(record.data)
    return found


def count(ports: Ports, account: str, connection: str, after: str = "") -> tuple[int, str]:
    """Count the complaints of some sellers past `after` anew, as their scores count them: how many sellers, and the one
    after which to go on, empty at the end."""
    from chalicelib.sellers import standard
    from chalicelib.sellers.ledger import SellerLedger
    from chalicelib.sellers.score import Scores

    records, ledger, now = ports.records(account), SellerLedger(ports.records), ports.clock.now()
    scores, rules, prefix = Scores(account, ledger, records), standard.active(records), f"{connection}:"
    number, last = 0, ""
    for who in ledger.sellers(account, prefix, f"{prefix}{after}" if after else ""):
        if number >= PART or ports.clock.now() - now > TURN:
            return number, last
        keep_figures(records, who, scores.of(who, rules, now.date()), now)
        number, last = number + 1, who.removeprefix(prefix)
    return number, ""


def keep_figures(records: Records, who: str, judged: "Mapping[Metric, Judged]", now: datetime) -> None:
    """Keep one seller's complaint figures as they were just judged."""
    shown: dict[str, Any] = {"counted_at": show(now)}
    for metric in (Metric.COMPLAINT, Metric.DISPUTE):
        if metric in judged:
            one = judged[metric].score
            shown[f"{metric.value}s"] = {
                "bad": f"{one.protected.bad:g}", "of": f"{one.protected.n:g}", "days": one.window_days
            }  # fmt: skip
    records.put(FIGURES, who, shown)


def signed(records: Records, told: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The feed with its signature: `payload` is the exact text that was signed, `key` the public key for it."""
    payload = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    ident = f"register-{told['register']}-{(now - EPOCH) // timedelta(seconds=1)}"
    return {"payload": payload, **seal.sealed(records, ident, payload, now)}


def verified(answer: Mapping[str, Any], key: str, now: datetime, age: timedelta) -> dict[str, Any] | None:
    """The feed of an answer, or None where the signature is not that of `key` or is older than `age`."""
    if not seal.genuine(answer, key, now, age):
        return None
    found: dict[str, Any] = json.loads(answer["payload"])
    return found
