"""Whatever was reversed leaves nothing behind: points, measures and platform are those of the history without it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.case import Case, CaseId
from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import merge_all
from chalicelib.core.ladder import Ladder, Rung
from chalicelib.sellers import penalties
from chalicelib.sellers.ladder import Penalty, measures, points
from chalicelib.sellers.penalties import Terms, penalty_of
from tests.support.ladder import Market

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
SELLERS = ("s-1", "s-2")


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does: to which penalty, after how many hours."""

    what: str
    which: int
    hours: int


@dataclass(frozen=True, slots=True)
class Made:
    """A penalty of a history."""

    seller: str
    rung: Rung
    points: int


MADE = st.builds(Made, st.sampled_from(SELLERS), st.sampled_from(Rung), st.integers(0, 12))
DEEDS = st.builds(
    Deed, st.sampled_from(("impose", "impose", "appeal", "uphold", "reverse", "repeat")), st.integers(0, 4),
    st.sampled_from((0, 1, 24, 24 * 8)),
)  # fmt: skip


def events(made: list[Made], deeds: list[Deed]) -> tuple[dict[int, list[Event]], datetime]:
    """What is said of each penalty, as a person's deeds say it, repeats left in; and when it all is over."""
    now, told = T0, dict[int, list[Event]]()
    for deed in deeds:
        now += deed.hours * HOUR
        one = made[deed.which % len(made)]
        ident, said = f"p-{deed.which % len(made)}", told.setdefault(deed.which % len(made), [])
        terms = Terms(one.seller, "late", one.points, one.rung)
        match deed.what:
            case "impose" if not said:
                said.append(penalties.imposed(ident, terms, now, Ladder()))
            case "appeal" | "uphold" if said:
                said.append(penalties.told(ident, {"appeal": "appealed", "uphold": "upheld"}[deed.what], now))
            case "reverse":
                said.append(penalties.reversed_(ident, now))
            case "repeat" if said:
                said.append(said[0])
    return told, now


def judged(told: dict[int, list[Event]], now: datetime) -> list[Penalty]:
    found = []
    for number, said in told.items():
        ident = CaseId("main", "shop-1", Subject("penalty", f"p-{number}"))
        found.append(penalty_of(Case(ident, merge_all(Case(ident).evidence, said)), now))
    return found


@settings(max_examples=300, deadline=None)
@given(
    st.lists(MADE, min_size=1, max_size=5), st.lists(DEEDS, max_size=14), st.randoms(use_true_random=False),
    st.integers(0, 500),
)  # fmt: skip
def test_what_was_reversed_counts_as_if_it_had_never_been(
    made: list[Made], deeds: list[Deed], random: Random, later: int
) -> None:
    told, now = events(made, deeds)
    now += later * HOUR * 24
    without = {number: said for number, said in told.items() if not any("reversed" in one.id for one in said)}
    shuffled = {number: random.sample(said * 2, len(said) * 2) for number, said in told.items()}
    for seller in SELLERS:
        left = [one for one in judged(told, now) if one.seller == seller]
        mixed = [one for one in judged(shuffled, now) if one.seller == seller]
        clean = [one for one in judged(without, now) if one.seller == seller]
        assert points(left) == points(mixed) == points(clean)
        assert measures(left, now) == measures(mixed, now) == measures(clean, now)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(MADE, min_size=1, max_size=4), st.lists(DEEDS, min_size=3, max_size=9))
def test_the_platform_shows_what_it_would_without_the_reversed_ones(made: list[Made], deeds: list[Deed]) -> None:
    fate = played(made, deeds, frozenset())
    gone = frozenset(number for number, state in fate.states.items() if state == "reversed")
    again = played(made, deeds, gone)
    assert fate.points == again.points
    assert fate.platform == again.platform


@dataclass(frozen=True, slots=True)
class Fate:
    """What came of a history."""

    states: dict[int, str]
    points: dict[str, int]
    platform: dict[str, frozenset[str]]


def played(made: list[Made], deeds: list[Deed], without: frozenset[int]) -> Fate:
    """The history over the whole shell, through the API, without these penalties."""
    market, paths = Market(), dict[int, str]()
    market.world.pass_time(timedelta(minutes=1))
    for deed in deeds:
        if deed.hours:
            market.world.clock.set(market.world.clock.now() + deed.hours * HOUR)
            market.world.pass_time(timedelta(minutes=20))
        number = deed.which % len(made)
        one, path = made[number], paths.get(number, "")
        if number in without:
            continue
        match deed.what:
            case "impose" if not path:
                listing = {"listing": f"listing-of-{one.seller}"} if one.rung is Rung.DELIST else {}
                paths[number] = market.propose(one.seller, one.rung.value, one.points, **listing)
                market.word(paths[number], "approve", "admin")
            case "appeal" if path:
                market.appeal(path)
            case "uphold" | "reverse" if path:
                market.word(path, deed.what)
            case "repeat" if path:
                market.word(path, "approve", "admin")
    market.world.clock.set(market.world.clock.now() + HOUR)
    market.world.pass_time(timedelta(minutes=20))
    return Fate(
        {number: market.state(path) for number, path in paths.items()},
        {seller: market.points(seller) for seller in SELLERS},
        {target: frozenset(found) for target, found in market.sellers.items() if found},
    )
