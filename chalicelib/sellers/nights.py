"""What is done for sellers once a day: the look after measures, grades, the figures of the register, fitted priors.

In turns, as the audit: each goes on where the last one stopped, with a bounded number of reads for each seller, however
busy. A seller who cannot be judged keeps nobody else from it: it is tried once more at the end and then told. Days are
UTC; the grade of a day rests on the priors that were fitted the night before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.core.events import Event, FactValue, Mark, Subject
from chalicelib.core.instants import from_ms, show, to_ms
from chalicelib.core.scores import Exclusion, Moments, Standing
from chalicelib.core.standards import Standard
from chalicelib.flow.log import fault, log
from chalicelib.flow.messages import LookAt, write_task, write_told
from chalicelib.flow.shops import Shops, adapter_of
from chalicelib.ports.ports import SYSTEM, Ports
from chalicelib.ports.stores import Conflict, Message
from chalicelib.sellers import register, standard
from chalicelib.sellers.ledger import SellerLedger
from chalicelib.sellers.score import Priors, Scores, category_of, grade, judge, outcomes
from chalicelib.sellers.watch import Watched, watch

KIND, LAST = "seller-nights", "seller-nights-last"
FROM = 1
"""The hour (UTC) from which a day's round begins: whatever the sweep and the projection still owed is in by then."""
BUDGET = timedelta(minutes=12)
LEASE = timedelta(minutes=14, seconds=30)
PAGE = 50
"""Sellers after which the place is noted."""
MOST_FITTED = 600
"""Pairs of metric and category of which priors are fitted in one round; what comes beyond has the usual one."""
MOST_FAILED = 200
WATCH_TRIES = 3
"""Turns in which the look after measures is tried."""


@dataclass(slots=True)
class Round:
    """How far an account's round is, and what it did. `after`: the last seller that was judged, `listed` once all were;
    `failed`: who could not be. `moments`: what priors are fitted from, by `METRIC|CATEGORY`. `told`: and people
    are told of it; whoever dies before leaves that to the next turn. `anew`: since when (ms) a person has it done
    once more, 0 where nobody does."""

    day: str
    tries: int = 0
    watched: bool = False
    looks: int = 0
    undone: int = 0
    repeated: int = 0
    after: str = ""
    listed: bool = False
    graded: int = 0
    failed: list[str] = field(default_factory=list)
    moments: dict[str, list[str]] = field(default_factory=dict)
    told: bool = False
    anew: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Round":
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})

    @property
    def over(self) -> bool:
        return self.listed and (self.watched or self.tries >= WATCH_TRIES)

    @property
    def problems(self) -> int:
        return len(self.failed) + (not self.watched)

    def shown(self) -> dict[str, Any]:
        """For people: what the round did."""
        told = asdict(self)
        return {name: told[name] for name in ("day", "watched", "looks", "undone", "repeated", "graded", "failed")}


@dataclass(frozen=True, slots=True)
class _Ground:
    """What all sellers of an account are judged on in one turn."""

    scores: Scores
    standard: Standard
    exclusions: tuple[Exclusion, ...]
    priors: Priors
    today: date


Look = Callable[[Ports, str], Watched]


class Nights:
    """Turns of the daily round over some accounts. `budget`: how long a turn may work; `page`: see PAGE."""

    def __init__(
        self, ports: Ports, accounts: Sequence[str], budget: timedelta = BUDGET, page: int = PAGE, look: Look = watch
    ) -> None:
        self._ports, self._accounts, self._budget, self._page, self._look = ports, accounts, budget, page, look
        self._shops = Shops(ports)

    def __call__(self, scheduled: datetime) -> Mapping[str, Any]:
        """One turn. Raises the first error that was not a seller's, after every account had its turn."""
        began, day = self._ports.clock.now(), f"{scheduled - timedelta(hours=FROM):%Y-%m-%d}"
        told: dict[str, bool] = {}
        wrong: Exception | None = None
        for account in self._accounts:
            try:
                told[account] = self._turn(account, day, began)
            except Exception as error:
                log("seller_round_error", level="error", account=account, reason=fault(error))
                told[account], wrong = False, wrong or error
        if wrong is not None:
            raise wrong
        return {"day": day, "done": told}

    def now(self, account: str, anew: bool = False) -> bool:
        """A turn of today's round because a person wants it; whether it is done. `anew`: from the beginning, also where
        it is. What is left goes on with the next turn, a person's or the schedule's."""
        began = self._ports.clock.now()
        return self._turn(account, f"{began:%Y-%m-%d}", began, anew)

    def _turn(self, account: str, day: str, began: datetime, anew: bool = False) -> bool:
        """As much of an account's round as there is time for; whether it is done."""
        now = self._ports.clock.now()
        record = self._ports.records(SYSTEM).get(KIND, account)
        place = Round(day)
        if record is not None and record.data["day"] >= day:
            if from_ms(record.data["until"]) > now:
                # Somebody else is at it.
                return False
            if not anew or record.data["day"] > day:
                place = Round.of(record.data)
            else:
                place.anew = to_ms(began)
            if place.told:
                return True
        try:
            version = self._note(account, place, record.version if record else 0, now + LEASE)
        except Conflict:
            return False
        if not place.watched:
            self._watch(account, place)
            version = self._note(account, place, version, now + LEASE)
        if not place.listed:
            version = self._judge(account, place, version, now, began)
        if place.over:
            self._finish(account, place)
            place.told = True
        self._note(account, place, version, self._ports.clock.now())
        return place.told

    # ---- the look after measures ----

    def _watch(self, account: str, place: Round) -> None:
        place.tries += 1
        try:
            found = self._look(self._ports, account)
        except Exception as error:
            log("seller_watch_failed", level="error", account=account, reason=fault(error), count=place.tries)
            return
        place.watched, place.looks = True, found.looks
        place.undone, place.repeated = len(found.undone), len(found.repeated)

    # ---- grades, figures, priors ----

    def _judge(self, account: str, place: Round, version: int, now: datetime, began: datetime) -> int:
        """Sellers, a page at a time, until all had their turn or the time is over."""
        ground, left = (
            self._ground(account, place.day),
            SellerLedger(self._ports.records).sellers(account, after=place.after),
        )
        while not place.listed:
            page = list(islice(left, self._page))
            for who in page:
                if not self._seller(account, who, place, ground) and len(place.failed) < MOST_FAILED:
                    place.failed.append(who)
                place.after = who
            if len(page) < self._page:
                self._end(account, place, ground)
            version = self._note(account, place, version, now + LEASE)
            if self._ports.clock.now() - began >= self._budget:
                break
        return version

    def _ground(self, account: str, day: str) -> _Ground:
        records = self._ports.records(account)
        scores = Scores(account, SellerLedger(self._ports.records), records)
        return _Ground(
            scores, standard.active(records), tuple(scores.exclusions()), scores.priors(), date.fromisoformat(day)
        )  # fmt: skip

    def _seller(self, account: str, who: str, place: Round, ground: _Ground) -> bool:
        """Grade one seller, count its figures, add what it did to its category's; False where that failed."""
        try:
            days = ground.scores.days(who, ground.standard, ground.today)
            judged = judge(days, ground.standard, ground.today, ground.exclusions, ground.priors)
            held, category = ground.scores.kept(who)
            after = grade(held, judged, ground.standard, ground.today)
            graded = (after.grade, after.trusted) != (held.grade, held.trusted) or held.since is None
            if graded or category_of(judged) != category:
                # Told before it is kept: who is tried again tells the same once more, which changes nothing.
                self._tell(account, who, after, category_of(judged), place, graded)
            if held.since is None:
                self._meet(account, who)
            ground.scores.keep(who, judged, ground.standard, ground.today)
            register.keep_figures(self._ports.records(account), who, judged, self._ports.clock.now())
            told = outcomes(days, ground.standard, ground.today)
        except Exception as error:
            log("seller_failed", level="error", account=account, id=who, reason=fault(error))
            return False
        place.graded += 1
        for metric, (n, bad) in told.items():
            key = f"{metric.value}|{days.category}"
            if key in place.moments or len(place.moments) < MOST_FITTED:
                place.moments[key] = Moments.read(place.moments.get(key)).and_one(n, bad).told()
        return True

    def _tell(
        self, account: str, who: str, standing: Standing, category: str, place: Round, graded: bool
    ) -> None:  # fmt: skip
        """What changed is told on the seller's case: rules may ask for it. `graded`: the grade itself did. Of one
        day's rounds the one that a person had done anew holds."""
        connection, _, seller = who.partition(":")
        at = datetime.fromisoformat(place.day).replace(tzinfo=UTC)
        said = from_ms(place.anew) if place.anew else at
        facts: dict[str, FactValue | None] = {
            "seller": seller, "grade": standing.grade.value, "trusted": standing.trusted, "category": category or None
        }  # fmt: skip
        marks = (Mark("seller.graded", at),) if graded else ()
        event = Event(
            f"night-{show(said)}", Subject("seller", seller), at, said, "derived", marks=marks, facts=facts
        )  # fmt: skip
        self._ports.inbox.send([Message(write_told(account, connection, [event]), group=account)])

    def _meet(self, account: str, who: str) -> None:
        """Ask the platform about a seller that is seen for the first time: no shop sends word of when a seller joined,
        from which the clocks of its documents run."""
        name, _, seller = who.partition(":")
        connection = self._shops.find(account, name)
        if connection is not None and connection.active and "seller" in adapter_of(connection).looks:
            body = write_task(LookAt(account, name, Subject("seller", seller)))
            self._ports.actions.send([Message(body, group=account)])

    def _end(self, account: str, place: Round, ground: _Ground) -> None:
        """Who failed is tried once more; then the night's priors are kept."""
        place.failed = [who for who in place.failed if not self._seller(account, who, place, ground)]
        ground.scores.keep_priors(
            {key: Moments.read(told) for key, told in place.moments.items()}, ground.standard, ground.today
        )
        place.listed, place.moments = True, {}

    # ---- how far it is ----

    def _note(self, account: str, place: Round, version: int, until: datetime) -> int:
        """Write down how far the round is. Raises Conflict where somebody else works on it too."""
        data = {**asdict(place), "until": to_ms(until)}
        return self._ports.records(SYSTEM).put(KIND, account, data, expected=version)

    def _finish(self, account: str, place: Round) -> None:
        at = self._ports.clock.now()
        self._ports.records(SYSTEM).put(LAST, account, {"at": show(at), "report": place.shown()})
        if place.problems:
            log("sellers_failed", level="error", account=account, id=place.day, count=place.problems)
            return
        log("sellers_clean", account=account, id=place.day, count=place.graded)


def last(ports: Ports, account: str) -> Mapping[str, Any] | None:
    """The last finished round of an account, as ops see it."""
    record = ports.records(SYSTEM).get(LAST, account)
    return dict(record.data) if record else None
