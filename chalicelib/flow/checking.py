"""Carrying out, in `act`, what was asked of a platform (`flow.checkup`): each task bears repetition, ends in words, and
says how to mend what is wrong. Nothing it writes down is a secret or personal.
"""

import hashlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import show, to_ms
from chalicelib.flow import checkup, credentials, subscriptions
from chalicelib.flow.checkup import Checkup
from chalicelib.flow.hurry import Hurried
from chalicelib.flow.log import fault, log
from chalicelib.flow.looks import Looks
from chalicelib.flow.messages import LookAt
from chalicelib.flow.shops import adapter_of, hook_of
from chalicelib.platforms.base import Adapter, Later, Looking, Refused, Session
from chalicelib.platforms.keeping import OPTION, Probes, Refreshes, Samples, Subscribes, Subscription, Tries
from chalicelib.ports.http import Uncertain, Unsent
from chalicelib.ports.ports import Ports
from chalicelib.ports.stores import Conflict, Connection

USUAL_TRIES = 6
MOST_TRIES = {"backfill": 12}
"""Somebody waits for all others."""
LONGEST = 900
STEP = timedelta(seconds=8)
"""A task that takes longer than this goes on with another message: a batch of them ends within the function's time."""
ORDERS, PREVIEWED = 100, 10
PAUSE = 5.0
"""Seconds until one that did not answer is asked again, at least."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be done as things stand: why, and what to do."""

    words: str
    mend: str


Result: TypeAlias = Checkup | Later | Refused | Failed


@dataclass(frozen=True, slots=True)
class Desk:
    """What a task works with."""

    looks: Looks
    connection: Connection

    @property
    def ports(self) -> Ports:
        return self.looks.ports

    @property
    def adapter(self) -> Adapter:
        return adapter_of(self.connection)

    def run(self, steps: Callable[[Session], Generator[Call, Reply, T]], secrets: bool = False) -> T | Later:
        """Ask the platform; Later where it does not answer."""
        words = self.looks.rulebook.get(self.connection.account).words
        try:
            return credentials.run(
                self.ports, self.looks.shops, self.connection, steps, words, secrets, insist=True,
                http=Hurried(self.ports.http, self.ports.clock),
            )  # fmt: skip
        except Unsent as error:
            return Later(PAUSE, f"it cannot be reached, {error}"[:200])
        except Uncertain as error:
            return Later(PAUSE, f"no answer, {error}"[:200])

    def keep(self, one: Checkup) -> Checkup:
        """Write down how far it has come. Raises Conflict where somebody else has written."""
        account, name = self.connection.account, self.connection.name
        return checkup.write(self.ports, account, name, replace(one, at=self.ports.clock.now()))


def check(looks: Looks, task: LookAt) -> None:
    """Carry out, or go on with, what the record of this task asks for; nothing where it has ended. Raises Conflict."""
    name = checkup.task_of(task.subject)
    held = checkup.find(looks.ports, task.account, task.connection, name)
    # Not the one that is kept for a minute: what was just changed is what is asked about.
    connection = looks.ports.connections.get(task.account, task.connection)
    if held is None or held.ended or connection is None:
        return
    desk = Desk(looks, connection)
    try:
        result = _work(name)(desk, held)
    except Conflict:
        # Somebody else has taken it further, or it was asked for anew; or an answer to our own write was lost on its
        # way. The message comes again and looks.
        raise
    except Exception as error:
        log(
            "checkup_failed", level="error", account=connection.account, connection=connection.name, action=name,
            reason=fault(error),
        )  # fmt: skip
        result = Later(5, "a fault of ours, see checkup_failed in the log of act")
    _settle(desk, held, result)


def _settle(desk: Desk, began: Checkup, result: Result) -> None:
    """Write down what came of it, and have it gone on with where it has not ended."""
    account, connection, name = desk.connection.account, desk.connection.name, began.task
    held = checkup.find(desk.ports, account, connection, name)
    if held is None or held.ended or held.asked != began.asked:
        return
    delay = 0
    if isinstance(result, Later) and held.tries + 1 < MOST_TRIES.get(name, USUAL_TRIES):
        delay = int(min(LONGEST, max(result.seconds, 2.0**held.tries)))
        after = replace(held, state="going", tries=held.tries + 1, words=f"{result.reason}: asked again in {delay} s")
    elif isinstance(result, Later):
        after = replace(held, state="failed", words=f"gave up: {result.reason}", mend=_LATER.format(connection))
    elif isinstance(result, Refused):
        words = f"{desk.connection.platform} refused: {result.reason}"
        after = replace(held, state="failed", words=words, mend=_RIGHTS.format(connection))
    elif isinstance(result, Failed):
        after = replace(held, state="failed", words=result.words, mend=result.mend)
    else:
        after = replace(result, tries=0)
    desk.keep(after)
    if not after.ended:
        checkup.queue(desk.ports, account, connection, name, delay)


_LATER = "look at its address and whether it is up; redress doctor {} asks again"
_RIGHTS = "look at its address, its credentials and their rights; redress connections {} --credential gives new ones"


def _work(name: str) -> Callable[[Desk, Checkup], Result]:
    if name == "backfill":
        from chalicelib.flow.backfill import go_on

        return go_on
    return _WORK[name]


def _done(held: Checkup, words: str, told: Mapping[str, Any]) -> Checkup:
    return replace(held, state="done", words=words, mend="", told=told)


def _not_offered(held: Checkup, words: str) -> Checkup:
    return _done(held, words, {"offered": False})


def _probe(desk: Desk, held: Checkup) -> Result:
    adapter, one = desk.adapter, desk.connection
    ends = None
    if isinstance(adapter, Refreshes) and one.credentials:
        ends = adapter.expires(desk.looks.shops.session(one).credentials)
    lasting = {"ends": show(ends) if ends else None}
    if not isinstance(adapter, Probes):
        words = f"{one.platform} cannot be asked what our access may do"
        return _done(held, words, {"offered": False, **lasting})
    found = desk.run(adapter.probe, secrets=True)
    if isinstance(found, Later | Refused):
        return found
    now = desk.ports.clock.now()
    told = {
        "offered": True, "holder": found.holder[:200], "version": found.version[:40],
        "sunset": found.sunset.isoformat() if found.sunset else None, "granted": sorted(found.granted),
        "missing": dict(found.missing), "clock": show(found.clock) if found.clock else None,
        "skew": to_ms(found.clock) / 1000 - to_ms(now) / 1000 if found.clock else None,
        "notes": list(found.notes), **lasting,
    }  # fmt: skip
    rights = [one for one in found.missing if not one.startswith(OPTION)]
    lacks = f"; {len(rights)} rights are missing" if rights else ""
    return _done(held, f"{one.platform} answers{f' for {found.holder[:80]}' if found.holder else ''}{lacks}", told)


def _sample(desk: Desk, held: Checkup) -> Result:
    """The last orders and the mapping that they suggest; then some of them, read under that mapping."""
    adapter, told = desk.adapter, dict(held.told)
    if not isinstance(adapter, Samples):
        return _not_offered(held, f"{desk.connection.platform} does not list its last orders")
    if "places" not in told:
        found = desk.run(lambda session: adapter.recent(session, ORDERS))
        if isinstance(found, Later | Refused):
            return found
        wanted = held.said.get("mapping")
        mapping = wanted if wanted is not None else {mark: list(places) for mark, places in found.mapping.items()}
        most = int(held.said.get("preview", PREVIEWED))
        told = {
            "offered": True, "orders": len(found.subjects), "places": dict(found.places), "mapping": mapping,
            "left": [[one.kind, one.id] for one in found.subjects[:most]], "preview": [],
        }  # fmt: skip
        held = desk.keep(replace(held, state="going", told=told))
    began = desk.ports.clock.now()
    while told["left"]:
        if desk.ports.clock.now() - began > STEP:
            return replace(held, state="going", told=told)
        kind, ident = told["left"][0]
        read = desk.run(partial(_look, adapter, Subject(kind, ident), told["mapping"]))
        if isinstance(read, Later):
            return read
        told = {**told, "left": told["left"][1:], "preview": [*told["preview"], _row(kind, ident, read)]}
        held = desk.keep(replace(held, state="going", told=told))
    counted = f"{told['orders']} orders seen, {len(told['preview'])} of them read"
    return _done(held, counted, {name: value for name, value in told.items() if name != "left"})


def _look(adapter: Adapter, subject: Subject, mapping: Mapping[str, Any], session: Session) -> Looking:
    places = {mark: tuple(listed) for mark, listed in mapping.items()}
    shop = replace(session.shop, mapping={**session.shop.mapping, **places})
    return adapter.look(subject, replace(session, shop=shop))


def _row(kind: str, ident: str, read: object) -> dict[str, Any]:
    """One order as marks: which, of what, when."""
    row: dict[str, Any] = {"subject": f"{kind}/{ident}"}
    if isinstance(read, Refused):
        return {**row, "problem": read.reason[:100]}
    events: tuple[Event, ...] = getattr(read, "events", ())
    marks = [
        {"subject": str(event.subject), "mark": mark.name, "at": show(mark.at)}
        for event in events
        for mark in event.marks
        if mark.at is not None
    ]
    return {**row, "marks": sorted(marks, key=lambda mark: (mark["at"], mark["subject"], mark["mark"]))}


def _subscriptions(desk: Desk, held: Checkup) -> Result:
    adapter, one, shops = desk.adapter, desk.connection, desk.looks.shops
    if not isinstance(adapter, Subscribes):
        words = f"{one.platform} does not let us keep its webhooks: enter the address there yourself"
        return _not_offered(held, words)
    said, is_ours = "", hook_of(one)
    if held.said.get("mend"):
        url = shops.hook(one)
        mended = desk.run(lambda session: subscriptions.mend(adapter, session, is_ours, url), secrets=True)
        if isinstance(mended, Later | Refused):
            return mended
        said = mended
    found = desk.run(lambda session: subscriptions.look_up(adapter, session, is_ours), secrets=True)
    if isinstance(found, Later | Refused):
        return found
    told = {
        "offered": True, "ours": len(found.ours), "topics": len(adapter.topics), "missing": list(found.missing),
        "stopped": _topics(found.stopped), "paused": _topics(found.paused),
    }  # fmt: skip
    return _done(held, said or f"{len(found.ours)} subscriptions to us", told)


def _topics(held: tuple[Subscription, ...]) -> list[str]:
    return sorted({topic for one in held for topic in one.topics})


def _trial(desk: Desk, held: Checkup) -> Result:
    """An authentic delivery that asserts nothing, to the hook's own address; `apply` notes that it came."""
    adapter, one, shops = desk.adapter, desk.connection, desk.looks.shops
    secrets, url, now = shops.secrets(one), shops.hook(one), desk.ports.clock.now()
    if not one.active:
        return Failed("the connection is switched off", "make it active again")
    if not secrets:
        return Failed("no secret of the hook is live", f"redress rotate {one.name}")
    trial = adapter.trial(shops.session(one).shop, secrets[0], now) if isinstance(adapter, Tries) else None
    if trial is None:
        words = f"only {one.platform} itself can sign a delivery: have it send one, and see redress doctor {one.name}"
        return _not_offered(held, words)
    if not url:
        return Failed(subscriptions.NO_ADDRESS, f"redress rotate {one.name} --new-address")
    digest = hashlib.sha256(trial.body).hexdigest()[:16]
    # Before it is sent, so that whoever takes it up knows it.
    held = desk.keep(replace(held, state="going", told={"offered": True, "digest": digest, "sent": show(now)}))
    try:
        reply = desk.ports.http.send(Call("POST", url, trial.headers, trial.body))
    except Unsent as error:
        return Failed(
            f"the hook's address cannot be reached from here: {error}"[:200],
            "look at the deployment's address, and at AllowHosts where it is an inner one",
        )
    except Uncertain as error:
        return Later(PAUSE, f"no answer, {error}"[:200])
    told = {**held.told, "door": reply.status}
    if not 200 <= reply.status < 300:
        desk.keep(replace(held, told=told))
        mend = f"redress rotate {one.name}" if reply.status == 401 else "look at the log of hook: hook_refused"
        return Failed(f"the door answered {reply.status}", mend)
    return _done(held, f"the door answered {reply.status}", told)


def _renew(desk: Desk, held: Checkup) -> Result:
    """After a rotation: the newest secret, or the new address, for every subscription. `was`: the hash of the token
    that was replaced."""
    adapter, one, was = desk.adapter, desk.connection, str(held.said.get("was", ""))
    if not isinstance(adapter, Subscribes):
        return _not_offered(held, f"enter it in {one.platform} yourself")
    is_ours, url = hook_of(one), desk.looks.shops.hook(one)
    if was and was != one.token_hash:
        was_ours = hook_of(replace(one, token_hash=was))
        renewed = desk.run(lambda session: subscriptions.move(adapter, session, is_ours, was_ours, url), secrets=True)
    else:
        renewed = desk.run(lambda session: subscriptions.renew(adapter, session, is_ours), secrets=True)
    if isinstance(renewed, Later | Refused):
        return renewed
    return _done(held, renewed, {"offered": True})


def _leave(desk: Desk, held: Checkup) -> Result:
    adapter, one = desk.adapter, desk.connection
    if not isinstance(adapter, Subscribes):
        return _not_offered(held, f"remove the webhooks to us in {one.platform} yourself")
    removed = desk.run(lambda session: subscriptions.remove_ours(adapter, session, hook_of(one)), secrets=True)
    if isinstance(removed, Later | Refused):
        return removed
    return _done(held, removed, {"offered": True})


_WORK: Mapping[str, Callable[[Desk, Checkup], Result]] = {
    "probe": _probe,
    "sample": _sample,
    "subscriptions": _subscriptions,
    "trial": _trial,
    "renew": _renew,
    "leave": _leave,
}
