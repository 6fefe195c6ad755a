"""What is wrong with a connection, and how to mend it: judged from what is stored, without a call to the platform. It
never shows a secret. What only the platform can tell (rights, clock, its own list of subscriptions) is judged from its
last answers (`flow.checkup`), with their age; whoever wants new ones asks first.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from chalicelib.connections.offers import OFFERS
from chalicelib.core.instants import from_ms, show
from chalicelib.core.words import Mode
from chalicelib.flow import breaker, checkup, quarantine, silence
from chalicelib.flow.shops import adapter_of
from chalicelib.ops import answers
from chalicelib.ops import policies_store as store
from chalicelib.platforms.base import Polled, offered
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Connection
from chalicelib.rules.levers import lacks

SOON = timedelta(days=7)
MOST = 100
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
"""How long nothing at all may be heard of a new connection, and of one to which our own trial came."""


def examine(ports: Ports, one: Connection) -> list[dict[str, Any]]:
    """Every check that has something to say: `{"check", "bad", "found", "mend"}`; `mend` is empty for what is well."""
    return [
        {"check": check, "bad": bool(mend), "found": found, "mend": mend}
        for check, found, mend in _findings(ports, one)
    ]


def _findings(ports: Ports, one: Connection) -> Iterator[tuple[str, str, str]]:
    yield from _door(ports, one)
    yield from _heard(ports, one)
    yield from _asked(ports, one)
    yield from _acts(one)
    yield from _lacks(ports, one)
    yield from _unread(ports, one)
    yield from answers.judge(ports, one)


def _door(ports: Ports, one: Connection) -> Iterator[tuple[str, str, str]]:
    if not one.active:
        yield "door", "switched off: every delivery is refused", "make it active again, or remove the webhooks there"
    now = ports.clock.now()
    live = [secret for secret in one.secrets if secret.until is None or secret.until > now]
    ends = [secret.until for secret in live if secret.until is not None]
    if not live:
        yield "secrets", "none is live", f"redress rotate {one.name}, and set the new secret on the platform"
    elif len(ends) == len(live) and max(ends) - now < SOON:
        yield "secrets", f"the last one ends at {show(max(ends))}", f"redress rotate {one.name}"
    else:
        older = f", {len(ends)} older until {show(max(ends))}" if ends else ""
        yield "secrets", f"{len(live) - len(ends)} live{older}", ""


def _heard(ports: Ports, one: Connection) -> Iterator[tuple[str, str, str]]:
    heard = silence.heard(ports, one.account, one.name)
    polled = isinstance(adapter_of(one), Polled)
    if heard is None or not heard.gaps:
        trial = checkup.find(ports, one.account, one.name, "trial")
        tried = trial is not None and "arrived" in trial.told
        quiet = ports.clock.now() - from_ms(heard.last) if heard is not None else timedelta.max
        mend = "send a delivery: the platform's page of webhooks can" if quiet > (DAY if tried else HOUR) else ""
        yield "silence", f"hardly anything was heard of it yet{', but our own trial came' if tried else ''}", mend
    elif heard.silent:
        asked = "what changed is asked for meanwhile; " if "connection" in adapter_of(one).looks else ""
        yield (
            "silence",
            f"nothing since {show(from_ms(heard.last))}",
            f"{asked}look whether the platform still has our webhooks, and whether they are on",
        )
    else:
        usual = timedelta(milliseconds=heard.gap) // timedelta(minutes=1)
        yield "silence", f"last heard {show(from_ms(heard.last))}, usually every {usual} min", ""
    if heard is not None and heard.owed:
        since = show(from_ms(heard.owed))
        yield "polls", f"what changed since {since} could not be asked", "mend its access: it is asked again by itself"
    elif polled and heard is not None and heard.asked:
        yield "polls", f"asked at {show(from_ms(heard.asked))}", ""


def _asked(ports: Ports, one: Connection) -> Iterator[tuple[str, str, str]]:
    """Whether its platform is left alone just now, and why."""
    state, since = breaker.held(ports, one), breaker.refused_since(ports, one)
    if since is not None:
        found = f"the platform has not honoured them since {show(since)}; what is to be done there waits"
        mend = f"redress connections {one.name} --credential NAME=...: what waits goes out within a quarter of an hour"
        yield "credentials", found, mend
    elif state is not None and state.open:
        found = f"no answer {state.failures} times in a row; not asked before {show(state.until)}"
        yield "platform", found, "see that the shop's API answers us; it is asked again by itself, what waits is kept"
    elif state is not None:
        yield "platform", f"told us to wait until {show(state.until)}; what waits is kept", ""


def _acts(one: Connection) -> Iterator[tuple[str, str, str]]:
    wanted = sorted(OFFERS[one.platform].credentials) if one.platform in OFFERS else []
    acts = sorted(group for group, mode in one.modes.items() if mode == Mode.ACT)
    if wanted and not one.credentials:
        # `standard` shares the hook's secret where it has none of its own.
        mend = "" if one.platform == "standard" else f"give it {', '.join(wanted)}: without them nothing can be asked"
        yield "credentials", "none", mend
    yield "modes", f"acts on {', '.join(acts)}" if acts else "observes", ""
    if one.platform == "shopify":
        from chalicelib.platforms.shopify.documents import API_VERSION, SUPPORTED_UNTIL

        chosen = one.options.get("api_version", API_VERSION)
        mend = "" if chosen >= API_VERSION else f"take the option api_version away: {API_VERSION} is what we know"
        yield "version", f"{chosen}, ours is supported until {SUPPORTED_UNTIL}", mend


def _lacks(ports: Ports, one: Connection) -> Iterator[tuple[str, str, str]]:
    """What rules in force ask for and this store does not offer: a new store may have come after the rules."""
    there = offered(adapter_of(one).levers, one.options)
    _, entries = store.held(ports, one.account)
    asked: dict[str, dict[str, None]] = {}
    for name in sorted({entry["name"] for entry in entries}):
        current = store.in_force(entries, name, ports.clock.now())
        if current is not None:
            for lack in lacks(store.load(ports, one.account, name, current["number"]), there):
                asked.setdefault(lack.action, {})[lack.rule] = None
    if asked:
        told = "; ".join(f"{action} ({', '.join(list(rules)[:5])})" for action, rules in sorted(asked.items()))
        yield "levers", f"asked for by rules in force and not offered here, so refused: {told}", ""


def _unread(ports: Ports, one: Connection) -> Iterator[tuple[str, str, str]]:
    held = list(islice(quarantine.entries(ports, one.account, one.name), MOST))
    if held:
        number = f"{MOST} or more" if len(held) == MOST else str(len(held))
        field = str(held[-1].data["field"])
        yield (
            "quarantine",
            f"{number} deliveries unread, the last for {field}",
            "redress quarantine, then redress replay",
        )
