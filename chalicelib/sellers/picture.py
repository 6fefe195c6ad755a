"""A seller as people see it: each metric with numerator, denominator, window, effective n, how sure, and the real value
beside the protected one; the grade; the rows that it rests on. Plain data, and nothing about a buyer.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from chalicelib.core.instants import show
from chalicelib.core.scores import Counts, Metric, Standing
from chalicelib.ports.stores import Record, Records
from chalicelib.sellers.ledger import SELLERS, SellerLedger, Unit
from chalicelib.sellers.score import STANDINGS, Judged
from chalicelib.sellers.units import EXCLUDED


def scores(judged: Mapping[Metric, Judged]) -> list[dict[str, Any]]:
    """The scores of a seller. Rates and probabilities are from 0 to 1; `n` and `bad` are the protected counts."""
    return [score(metric, one) for metric, one in sorted(judged.items())]


def score(metric: Metric, one: Judged) -> dict[str, Any]:
    """One metric."""
    found = one.score
    return {
        "metric": metric.value, "n": _short(found.n), "bad": _short(found.bad),
        "effective_n": _short(found.effective_n), "window_days": found.window_days, "limit": found.limit,
        "mean": _short(found.mean), "lower": _short(found.lower), "upper": _short(found.upper),
        "p_over": _short(found.p_over), "buyers": found.buyers, "decision": one.decision.value,
        "real": _counts(found.real), "protected": _counts(found.protected),
        "prior": {"alpha": _short(one.prior.alpha), "beta": _short(one.prior.beta), "category": one.category},
    }  # fmt: skip


def standing(one: Standing) -> dict[str, Any]:
    return {
        "grade": one.grade.value, "since": one.since.isoformat() if one.since else None, "trusted": one.trusted
    }  # fmt: skip


def listed(records: Records, connection: str, grade: str, after: str, most: int) -> tuple[list[dict[str, Any]], bool]:
    """Sellers by name with the grade that was last given, those named `after` on; whether there are more."""
    prefix = f"{connection}:" if connection else ""

    def each() -> Iterator[dict[str, Any]]:
        graded = PastBy(records.query(STANDINGS, prefix, after))
        for row in records.query(SELLERS, prefix, after):
            data = graded.at(row.sort)
            if grade and data.get("grade") != grade:
                continue
            connection, _, seller = row.sort.partition(":")
            yield {
                "who": row.sort, "connection": connection, "seller": seller, "grade": data.get("grade"),
                "since": data.get("since") or None, "trusted": bool(data.get("trusted")),
            }  # fmt: skip

    found = list(islice(each(), most + 1))
    return found[:most], len(found) > most


class PastBy:
    """Records in order, walked along beside another walk in the same order."""

    def __init__(self, rows: Iterator[Record]) -> None:
        self._rows, self._next = rows, next(rows, None)

    def at(self, sort: str) -> Mapping[str, Any]:
        """The data at this place; empty where there is nothing. Places are asked for in order."""
        while self._next is not None and self._next.sort.encode() < sort.encode():
            self._next = next(self._rows, None)
        return self._next.data if self._next is not None and self._next.sort == sort else {}


def rows(ledger: SellerLedger, account: str, who: str, prefix: str, most: int) -> tuple[list[dict[str, Any]], bool]:
    """The rows of the ledger, by the order (refund, complaint) that they count for; whether there are more."""
    found = [
        {
            "unit": one.unit, "metric": one.kind.value, "at": show(one.at), "good": one.good, "weight": one.weight,
            "case": one.case, "clock": one.clock, "category": one.category, "carrier": one.carrier,
        }
        for one in islice(ledger.rows(account, who, prefix), most + 1)
    ]  # fmt: skip
    return found[:most], len(found) > most


def unit(held: Unit) -> dict[str, Any]:
    """One unit: what it counts for by metric, what leaves it out, and the trail of what changed it."""
    return {
        "counts": {what: _share(share) for what, share in sorted((held.intent or held.applied).items())},
        "excluded": [
            {"name": source.removeprefix(EXCLUDED), "why": why, "lapses": lapses or None}
            for source, (_, part) in sorted(held.parts.items()) if source.startswith(EXCLUDED)
            for why, lapses in part
        ],
        "trail": [
            {
                "at": at, "by": source.removeprefix(EXCLUDED), "version": version,
                "changed": {
                    what: {"from": _share(was), "to": _share(now)} for what, (was, now) in sorted(changed.items())
                },
            }
            for at, source, version, changed in held.trail
        ],
    }  # fmt: skip


def _share(told: Any) -> dict[str, Any] | None:
    """A share without its buyer."""
    return None if told is None else {"day": told[0], "n": told[2], "bad": told[3]}


def _counts(one: Counts) -> dict[str, Any]:
    rate = one.rate
    return {"n": _short(one.n), "bad": _short(one.bad), "rate": None if rate is None else _short(rate)}


def _short(value: float) -> float:
    """As many digits as mean something."""
    return float(f"{value:.6g}")
