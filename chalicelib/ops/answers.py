"""The doctor's judgement of what a platform last answered about our access, its clock, our subscriptions, its orders.
Each finding carries the instant of the answer, because it may have changed since.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from chalicelib.core.instants import parse_instant, show
from chalicelib.flow import checkup, credentials
from chalicelib.flow.checkup import Checkup
from chalicelib.flow.shops import adapter_of
from chalicelib.platforms.keeping import OPTION, Refreshes
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection

SKEW = 60.0
"""Seconds by which its clock may differ from ours: signatures that name a time are refused, polls miss changes."""
SUNSET = timedelta(days=60)
SOON = timedelta(days=7)
MOST = 6
Finding = tuple[str, str, str]


def judge(ports: Ports, one: Connection) -> Iterator[Finding]:
    """Check, what was found, how to mend it; empty what is well."""
    held, now = checkup.entries(ports, one.account, one.name), ports.clock.now()
    if "probe" in held:
        yield from _access(one, held["probe"], now)
    yield from _credentials(ports, one, held.get("probe"), now)
    if "subscriptions" in held:
        yield from _subscriptions(one, held["subscriptions"])
    if "sample" in held:
        yield from _mapping(one, held["sample"])
    if "renew" in held and held["renew"].state == "failed":
        found = f"the platform was not told of the last rotation: {held['renew'].words}"
        yield "rotation", found, f"{held['renew'].mend}; then redress doctor {one.name} --mend"
    if "trial" in held:
        yield from _trial(one, held["trial"], now)
    if "backfill" in held:
        past = held["backfill"]
        again = f"{past.mend}; redress backfill {one.name} goes on where it was"
        yield "backfill", f"{past.state}: {past.words}", again if past.state == "failed" else ""


def _access(one: Connection, held: Checkup, now: datetime) -> Iterator[Finding]:
    told, when = held.told, f", asked {show(held.at)}"
    if held.state != "done" or not told["offered"]:
        yield from _untold("access", held)
        return
    rights = {right: lost for right, lost in told["missing"].items() if not right.startswith(OPTION)}
    for right, lost in sorted(rights.items()):
        yield "rights", f"{right} is not granted: {lost}"[:300], f"grant {right} to the app or key of {one.name}"
    for option, lost in sorted(told["missing"].items()):
        if option not in rights:
            # Nothing is wrong: it is up to the shop which levers it wants.
            name = option.removeprefix(OPTION)
            sets = f"redress connections {one.name} --option {name}=VALUE sets it"
            yield "options", f"without {name} there is no {lost.removeprefix('levers: ')}: {sets}"[:300], ""
    if not rights:
        yield "access", f"{held.words}{when}", ""
    skew = told["skew"]
    if skew is not None:
        far = f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours"
        mend = "have the shop's server keep its time (NTP)" if abs(skew) > SKEW else ""
        yield "clock", far + when, mend
    if told["sunset"]:
        ends = date.fromisoformat(told["sunset"])
        soon = ends - now.date() < SUNSET
        mend = "bring Redress up to date, or choose a later one with the option api_version" if soon else ""
        yield "api", f"version {told['version'] or '?'} is served until {ends}", mend
    for note in told["notes"]:
        yield "note", str(note)[:300], ""


def _credentials(ports: Ports, one: Connection, held: Checkup | None, now: datetime) -> Iterator[Finding]:
    renewal = credentials.told(ports, one)
    if renewal is not None:
        yield "tokens", *renewal
        return
    ends = held.told.get("ends") if held is not None else None
    if not ends:
        return
    until = parse_instant(ends)
    # Those that can be renewed are, before they end; their end is news only once it has passed.
    late = until <= now or (until - now < SOON and not isinstance(adapter_of(one), Refreshes))
    yield "tokens", f"they end at {ends}", f"give {one.name} new ones" if late else ""


def _subscriptions(one: Connection, held: Checkup) -> Iterator[Finding]:
    told, when = held.told, f", asked {show(held.at)}"
    if held.state != "done" or not told["offered"]:
        yield from _untold("subscriptions", held)
        return
    mend = f"redress doctor {one.name} --mend"
    if told["stopped"]:
        yield "subscriptions", f"stopped by the platform: {_some(told['stopped'])}{when}", mend
    missing = [topic for topic in told["missing"] if topic not in told["stopped"]]
    if missing:
        yield "subscriptions", f"missing: {_some(missing)}{when}", mend
    if told["paused"]:
        yield "subscriptions", f"paused there by a person, so let be: {_some(told['paused'])}{when}", ""
    if not (told["stopped"] or missing):
        yield "subscriptions", f"{told['ours']} to us, all {told['topics']} topics{when}", ""


def _mapping(one: Connection, held: Checkup) -> Iterator[Finding]:
    told = held.told
    if held.state == "failed":
        yield "orders", held.words, held.mend
    if held.state != "done" or not told["offered"] or not told["orders"]:
        return
    for mark, places in sorted(one.mapping.items()):
        if not any(place in told["places"] for place in places):
            found = f"{mark} would be shown by {_some(list(places))}: none of the last {told['orders']} orders has it"
            yield "mapping", found, f"redress connections {one.name} --map {mark}=PLACE, as its orders show it"


def _trial(one: Connection, held: Checkup, now: datetime) -> Iterator[Finding]:
    if held.state == "failed":
        yield "trial", held.words, held.mend
    elif held.state == "done" and held.told["offered"]:
        came = held.told.get("arrived")
        if came:
            yield "trial", f"a delivery of ours was taken up at {came}", ""
        elif now - held.at > timedelta(minutes=2):
            found = "the door took a delivery of ours, and nobody took it up"
            yield "trial", found, "look at redress dlq, and at the log of apply"


def _untold(check: str, held: Checkup) -> Iterator[Finding]:
    """Where the platform said nothing that could be judged: why, once it was asked."""
    if held.state == "failed":
        yield check, f"{held.words}, asked {show(held.at)}", held.mend
    elif held.state == "done":
        yield check, held.words, ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more
