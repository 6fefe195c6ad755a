"""The public register and what scores leave out, through the ops API.

The register is read without a key, as the law asks; exclusions are data with a reason and an end.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.core.instants import parse_day
from chalicelib.core.scores import Exclusion, Metric, Why
from chalicelib.ops import stores
from chalicelib.ops.audit import journalled
from chalicelib.ops.gate import ADMIN, EVERYBODY, OPS, REVIEW, Answer, Call, Route
from chalicelib.ops.models import Says, Word
from chalicelib.ops.wrong import Absent, wrong
from chalicelib.ports.keys import check_name
from chalicelib.sellers import register, seal
from chalicelib.sellers.ledger import SellerLedger
from chalicelib.sellers.score import Scores

Ident = Annotated[str, Field(min_length=1, max_length=200)]


def show_register(call: Call) -> Any:
    return _register(call, call.account)


def public_register(call: Call) -> Any:
    """For everybody, as the law asks; whatever is not there looks alike."""
    return _register(call, _account(call))


def _account(call: Call) -> str:
    account = call.parts["account"]
    try:
        check_name(account)
    except ValueError:
        raise Absent("such register") from None
    return account


def _register(call: Call, account: str) -> Any:
    stores.get(call.desk, account, call.parts["connection"])
    records, now = call.ports.records(account), call.ports.clock.now()
    most = call.limit(register.LONGEST, register.PAGE)
    told = register.feed(records, call.parts["connection"], now, call.query.get("after", ""), most)
    return register.signed(records, told, now)


class NewSeal(Says):
    """Put a new key in place of the one that the account's registers are signed with, as after a leak."""

    renew: Literal[True]


def show_seal(call: Call) -> Any:
    return _seal(call, call.account)


def public_seal(call: Call) -> Any:
    """The key to check a register with, for everybody."""
    return _seal(call, _account(call))


def renew_seal(call: Call) -> Any:
    stores.get(call.desk, call.account, call.parts["connection"])
    with journalled(call.ports, call.account, call.actor.name, "register.key", "renew"):
        seal.renew(call.ports.records(call.account), call.ports.clock.now())
    return _seal(call, call.account)


def _seal(call: Call, account: str) -> dict[str, Any]:
    # Whoever asks for nothing that is there must not bring about a key.
    stores.get(call.desk, account, call.parts["connection"])
    records = call.ports.records(account)
    return {"key": seal.public_key(records), "former": seal.former_keys(records)}


class CountOn(Says):
    """After which seller to go on counting: the `next` of the answer before."""

    after: Annotated[str, Field(max_length=200)] = ""


def count_figures(call: Call) -> Any:
    """The complaint figures that the register shows, counted anew; once a day."""
    connection = call.parts["connection"]
    stores.get(call.desk, call.account, connection)
    with journalled(call.ports, call.account, call.actor.name, "register.figures", connection) as learnt:
        count, after = register.count(call.ports, call.account, connection, call.said.after)
        learnt["sellers"] = count
    return {"sellers": count, "next": after}


class NewExclusion(Says):
    """What scores leave out: days, reason, and whom and what it covers; nothing named covers all. `sellers` are
    `CONNECTION:SELLER`; `lapses`: from this day on it holds no more."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    why: Literal["carrier", "outage", "force_majeure", "brushing", "decision"]
    since: Word
    until: Word
    metrics: Annotated[list[Word], Field(default_factory=list, max_length=20)]
    sellers: Annotated[list[Ident], Field(default_factory=list, max_length=200)]
    carriers: Annotated[list[Word], Field(default_factory=list, max_length=50)]
    lapses: Word = ""


def list_exclusions(call: Call) -> Any:
    return {"exclusions": [_excluded(one) for one in _scores(call).exclusions()]}


def exclude(call: Call) -> Any:
    said: NewExclusion = call.said
    unknown = [one for one in said.metrics if one not in tuple(Metric)]
    if unknown:
        raise wrong("metrics", unknown[0], f"some of {', '.join(Metric)}")
    for one in said.sellers:
        # A name that is none would leave nobody out, and say nothing.
        connection, _, seller = one.partition(":")
        if not connection or not seller:
            raise wrong("sellers", one, "CONNECTION:SELLER")
        stores.get(call.desk, call.account, connection)
    since, until = _day("since", said.since), _day("until", said.until)
    if until < since:
        raise wrong("until", said.until, "a day that is not before `since`")
    made = Exclusion(
        said.id, Why(said.why), since, until, frozenset(Metric(one) for one in said.metrics), frozenset(said.sellers),
        frozenset(said.carriers), _day("lapses", said.lapses) if said.lapses else None,
    )  # fmt: skip
    with journalled(call.ports, call.account, call.actor.name, "exclusion.add", said.id, why=said.why):
        _scores(call).exclude(made)
    return Answer(201, _excluded(made))


def readmit(call: Call) -> Any:
    name = call.parts["name"]
    if name not in {one.id for one in _scores(call).exclusions()}:
        raise Absent(f"exclusion {name[:60]}")
    with journalled(call.ports, call.account, call.actor.name, "exclusion.remove", name):
        _scores(call).readmit(name)
    return {"removed": name}


def _scores(call: Call) -> Scores:
    return Scores(call.account, SellerLedger(call.ports.records), call.ports.records(call.account))


def _day(field: str, text: str) -> date:
    try:
        return parse_day(text)
    except ValueError:
        raise wrong(field, text, "a date like 2026-11-20") from None


def _excluded(one: Exclusion) -> dict[str, Any]:
    return {
        "id": one.id, "why": one.why.value, "since": one.since.isoformat(), "until": one.until.isoformat(),
        "metrics": sorted(one.metrics), "sellers": sorted(one.sellers), "carriers": sorted(one.carriers),
        "lapses": one.lapses.isoformat() if one.lapses else None,
    }  # fmt: skip


ROUTES: tuple[Route, ...] = (
    Route("GET", "/register/{connection}", EVERYBODY, show_register),
    Route("GET", "/register/{connection}/key", EVERYBODY, show_seal),
    Route("POST", "/register/{connection}/key", ADMIN, renew_seal, NewSeal),
    Route("POST", "/register/{connection}/figures", OPS, count_figures, CountOn),
    Route("GET", "/public/{account}/register/{connection}", None, public_register),
    Route("GET", "/public/{account}/register/{connection}/key", None, public_seal),
    Route("GET", "/exclusions", EVERYBODY, list_exclusions),
    Route("POST", "/exclusions", REVIEW, exclude, NewExclusion),
    Route("DELETE", "/exclusions/{name}", REVIEW, readmit),
)
