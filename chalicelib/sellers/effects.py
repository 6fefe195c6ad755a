"""What our own actions of the penalty ladder do: open and take back penalties, put measures on sellers and lift them,
publish and withdraw entries of the register. Each bears repetition: what was decided once is kept and said again.

A measure is one occurrence of a mark on the seller's own case for each penalty or rule that asks for it, so the engine
holds the platform's lever for as long as any of them does.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.actions import ActionKey, escape
from chalicelib.core.case import Case
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event, Mark, Subject
from chalicelib.core.instants import EPOCH, parse_instant
from chalicelib.core.ladder import Ladder, Rung
from chalicelib.core.rules import Do
from chalicelib.core.scores import Decision, Metric
from chalicelib.core.view import View
from chalicelib.flow.messages import write_told
from chalicelib.flow.rulebook import Book
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Message, Records
from chalicelib.sellers import penalties, reasons, register, watch
from chalicelib.sellers.ladder import Issued, choose
from chalicelib.sellers.penalties import Terms, counts, ident_of, warned_by
from chalicelib.sellers.rows import metric_of

PENALTIES = "penalties"
ISSUED = "penalties-issued"
ACTIONS = frozenset(["penalise", "impose", "lift", "publish", "unpublish"])


class PenaltyEffects:
    """Carries out the ladder's own actions."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def run(self, case: Case, key: ActionKey, do: Do, action: str, book: Book) -> None:
        """`action` is the name on the case: of an undo that of the reverse, while `do` is what the step says."""
        if action == "penalise":
            self._penalise(case, key, do, book)
        elif action in ("impose", "lift"):
            self._measure(case, key, do, on=action == "impose")
        elif action == "publish":
            register.enter(self._records(case), case, self._ports.clock.now())
            self._say(case, penalties.told(case.id.subject.id, "published", self._ports.clock.now()))
        elif action == "unpublish":
            register.withdraw(self._records(case), case)

    def _records(self, case: Case) -> Records:
        return self._ports.records(case.id.account)

    def _say(self, case: Case, *events: Event) -> None:
        body = write_told(case.id.account, case.id.connection, events)
        self._ports.inbox.send([Message(body, group=case.id.account)])

    # ---- entries ----

    def _penalise(self, case: Case, key: ActionKey, do: Do, book: Book) -> None:
        ident, now = ident_of(case.id, key), self._ports.clock.now()
        if key.undo:
            self._say(case, penalties.reversed_(ident, now))
            return
        kept = reasons.kept(self._records(case), ident) or self._decide(ident, case, key, do, book, now)
        terms, at = Terms.of(kept["terms"]), parse_instant(kept["at"])
        if kept["needs"]:
            self._say(case, penalties.proposed(ident, terms, at))
        else:
            self._say(case, penalties.imposed(ident, terms, at, self._ladder(case)))

    def _decide(self, ident: str, case: Case, key: ActionKey, do: Do, book: Book, now: datetime) -> dict[str, Any]:
        """Decide once: whoever repeats this finds what was decided, whatever the score says by then."""
        view, records = View(case.evidence, now), self._records(case)
        seller, listing = _text(view, "seller"), _text(view, "product")
        if case.id.subject.kind == "seller":
            seller = seller or case.id.subject.id
        if case.id.subject.kind == "listing":
            listing = listing or case.id.subject.id
        weight = int(do.params.get("points", 0))
        held = entries(records, seller, case.id.connection)
        before = sum(int(row["points"]) for row in held if counts(row, now))
        scores = scores_of(self._ports, case.id.account, case.id.connection, seller, now) if seller else []
        version = case.ledger.actions[str(key)].version
        decisions = [one.decision for one in _bearing(scores, _metric_of(book, version, key.rule))]
        ladder = self._ladder(case)
        warned, by = warned_by(held, now, ladder.warned_days)
        choice = choose(ladder, before, weight, decisions, Issued(), bool(listing), warned)
        if choice.rung is not Rung.NOTICE and not choice.needs:
            issued = self._issued(records, case.id.connection, now)
            choice = choose(ladder, before, weight, decisions, issued, bool(listing), warned)
        terms = Terms(
            seller, str(do.params.get("code", key.rule)), weight, choice.rung, case.id.local, key.rule,
            version, not choice.needs, listing,
        )  # fmt: skip
        verdict = evaluate(case, book.policies, book.calendars, now)
        told = reasons.statement(
            case, terms, choice, verdict.clock(key.clock), book, now, [one.shown for one in scores], before, by
        )
        return reasons.keep(records, ident, told)

    def _ladder(self, case: Case) -> Ladder:
        from chalicelib.sellers import standard

        return standard.active(self._records(case)).ladder

    def _issued(self, records: Records, connection: str, now: datetime) -> Issued:
        """How many were issued lately, this one included; a repeated count only makes the choice more careful."""
        hour, day = (now - EPOCH) // timedelta(hours=1), (now - EPOCH) // timedelta(days=1)
        return Issued(
            records.add(ISSUED, f"{connection}|h|{hour}", "issued", 1, now + timedelta(hours=3)),
            records.add(ISSUED, f"{connection}|d|{day}", "issued", 1, now + timedelta(days=3)),
        )

    # ---- measures ----

    def _measure(self, case: Case, key: ActionKey, do: Do, on: bool) -> None:
        now = self._ports.clock.now()
        view = View(case.evidence, now)
        measure = str(do.params.get("measure") or _text(view, "measure"))
        seller = case.id.subject.id if case.id.subject.kind == "seller" else _text(view, "seller")
        target = Subject("seller", seller)
        if measure == "delist":
            target = Subject("listing", _text(view, "product"))
        if not measure or not target.id:
            return
        if measure == Rung.BLACKLIST:
            measure = self._ending(case)
        watch.note(self._records(case), case.id.connection, target, now)
        # The generation counts how often it was asked for anew; between two of them lies its lifting.
        generations = [state.generation for (clock, _), state in case.ledger.steps.items() if clock == key.clock]
        version = 2 * max(generations, default=0) + (not on)
        of = case.id.subject.id if case.id.subject.kind == penalties.KIND else escape(f"{key.clock} {measure}")
        at = case.ledger.steps[key.clock, key.step].at
        mark = Mark(f"measure.{measure}", at if on else None, of[:200], version)
        facts = {"seller": seller} if seller else {}
        ident = f"{of[:150]}-{measure}-{version}"
        self._say(case, Event(ident, target, at, version, "decision", marks=(mark,), facts=facts))

    def _ending(self, case: Case) -> str:
        """What ends the service: where a platform can only delete a seller for good, a suspension that lasts. Our own
        record of it is the penalty."""
        levers = adapter_of(Shops(self._ports).get(case.id.account, case.id.connection)).levers
        return "suspend" if "blacklist" not in levers and "suspend" in levers else "blacklist"


def _metric_of(book: Book, version: str, rule: str) -> Metric | None:
    """What the rule's clocks count for; None for a rule that feeds no metric."""
    policy = book.policies.by_version(version)
    found = policy.rule(rule) if policy else None
    return metric_of(found) if found else None


def _bearing(scores: "list[Seen]", metric: Metric | None) -> "list[Seen]":
    """The scores that an entry may rest on: that of what the rule is about, where the standard judges it; late parcels
    are no reason to act on a slow answer. Else all of them."""
    own = [one for one in scores if metric is not None and one.shown["metric"] == metric.value]
    return own or scores


class Seen:
    """A score as it is shown in reasons, and what it allows."""

    def __init__(self, decision: Decision, shown: dict[str, Any]) -> None:
        self.decision, self.shown = decision, shown


def scores_of(ports: Ports, account: str, connection: str, seller: str, now: datetime) -> list[Seen]:
    """The seller's scores under the standard in force, with the numbers that reasons must show."""
    from chalicelib.sellers import standard
    from chalicelib.sellers.ledger import SellerLedger, seller_key
    from chalicelib.sellers.score import Scores

    records = ports.records(account)
    held = standard.in_force(records)
    judged = Scores(account, SellerLedger(ports.records), records).of(
        seller_key(connection, seller), held.standard, now.date()
    )
    return [
        Seen(
            one.decision,
            {
                "metric": metric.value, "p_over": f"{one.score.p_over:.4f}", "n": f"{one.score.n:g}",
                "bad": f"{one.score.bad:g}", "buyers": one.score.buyers, "limit": f"{one.score.limit:g}",
                "window_days": one.score.window_days, "decision": one.decision.value,
                "effective_n": f"{one.score.effective_n:g}", "mean": f"{one.score.mean:.4f}",
                "lower": f"{one.score.lower:.4f}", "upper": f"{one.score.upper:.4f}",
                "real_n": f"{one.score.real.n:g}", "real_bad": f"{one.score.real.bad:g}", "standard": held.version,
            },
        )
        for metric, one in sorted(judged.items())
    ]  # fmt: skip


def standing_points(records: Records, seller: str, connection: str, now: datetime) -> int:
    """The points that stand against a seller of a connection, as projected."""
    return sum(int(row["points"]) for row in entries(records, seller, connection) if counts(row, now))


def entries(records: Records, seller: str, connection: str) -> list[Mapping[str, Any]]:
    """The penalties of a seller of a connection, as projected."""
    rows = records.query(PENALTIES, f"{seller}|{connection}:") if seller else ()
    # An id may hold anything, what a key is made of too.
    return [row.data for row in rows if row.data["seller"] == seller]


def _text(view: View, name: str) -> str:
    value = view.fact(name)
    return value if isinstance(value, str) else ""
