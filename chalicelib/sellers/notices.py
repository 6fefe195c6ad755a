"""What a seller is sent when a penalty is imposed: the statement of reasons, and the way to appeal; and when an appeal
was decided, or the penalty taken back: the outcome with its reasons before them (DSA 20(5), P2B 11)."""

from datetime import datetime, timedelta

from chalicelib.core.case import Case
from chalicelib.core.instants import show
from chalicelib.ports.stores import Connection, Records
from chalicelib.sellers import appeals, links, reasons
from chalicelib.sellers.ladder import Penalty, State
from chalicelib.sellers.penalties import penalty_of


def about(one: Penalty, link: str = "") -> dict[str, str]:
    """What a statement does not hold because it comes later: since when, until when, where to appeal."""
    named = {
        "from": one.imposed_at, "until": one.points_until, "measure_until": one.measure_until,
        "appeal_until": one.appeal_until,
    }  # fmt: skip
    told = {name: show(at) for name, at in named.items() if at is not None}
    return {**told, "state": one.state.value, **({"link": link} if link else {})}


def outcome(records: Records, case: Case, one: Penalty) -> dict[str, str]:
    """How it ended, where it did: by whose word and why; by the facts alone where nobody said so."""
    if one.state not in (State.UPHELD, State.REVERSED) or one.imposed_at is None:
        # A proposal that was turned down, or was not due any more, never stood.
        return {}
    ended = [deed for deed in appeals.deeds(records, case.id.subject.id) if deed.what == one.state.value]
    told = {"outcome": one.state.value, "appealed": "yes" if one.appealed_at else ""}
    if not ended:
        return told
    return {**told, "outcome_at": show(ended[-1].at), "outcome_why": ended[-1].reason}


def notice(records: Records, case: Case, connection: Connection, now: datetime) -> str:
    """The text for a seller, in the connection's language where it names one, else in both."""
    told = reasons.kept(records, case.id.subject.id)
    one = penalty_of(case, now)
    if told is None:
        return ""
    link = ""
    if one.seller:
        token = links.make(records, case.id.account, case.id.connection, one.seller, _day(now) + links.USUAL)
        link = links.address(records, token)
    language = connection.options.get("language", "")
    wanted = [language] if language in reasons.LANGUAGES else reasons.LANGUAGES
    more = {**about(one, link), **outcome(records, case, one)}
    return "\n".join(reasons.text(told, one_language, more) for one_language in wanted)


def _day(now: datetime) -> datetime:
    """The same text for a repetition on the same day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
