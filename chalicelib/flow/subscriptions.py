"""The subscriptions that a platform holds for us: which of them stand, setting going what was stopped, making what is
missing, removing what is ours. Pure: generators of calls over an adapter that has `keeping.Subscribes`; whoever runs
them opens the secrets. Never touches a subscription to another address, nor one that a person paused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chalicelib.platforms.base import Later, Refused, Session
from chalicelib.platforms.keeping import Asking, Subscribes, Subscription

IsOurs: TypeAlias = Callable[[str], bool]

NO_ADDRESS = "this connection does not know its own address: give it a new one (redress rotate NAME --new-address)"
"""Connections of before the address was kept: what is stopped can be resumed, nothing can be made."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a platform holds for us. `missing`: topics of ours that nothing sends. What is paused counts as sent: a
    person decided it."""

    ours: tuple[Subscription, ...]
    stopped: tuple[Subscription, ...]
    paused: tuple[Subscription, ...]
    missing: tuple[str, ...]

    @property
    def well(self) -> bool:
        return not (self.stopped or self.paused or self.missing)


def standing(adapter: Subscribes, held: Sequence[Subscription], is_ours: IsOurs) -> Standing:
    """How the subscriptions stand. `is_ours` tells whether an address is this connection's hook."""
    ours = tuple(one for one in held if is_ours(one.url))
    sent = {topic for one in ours if one.state != "stopped" for topic in one.topics}
    return Standing(
        ours,
        tuple(one for one in ours if one.state == "stopped"),
        tuple(one for one in ours if one.state == "paused"),
        tuple(topic for topic in adapter.topics if topic not in sent),
    )


def look_up(adapter: Subscribes, session: Session, is_ours: IsOurs) -> Asking[Standing]:
    """Ask the platform how they stand."""
    held = yield from adapter.subscriptions(session)
    return held if isinstance(held, Refused | Later) else standing(adapter, held, is_ours)


def mend(adapter: Subscribes, session: Session, is_ours: IsOurs, url: str) -> Asking[str]:
    """Resume what the platform stopped and make what is missing; in words, what was found and done. `url`: the hook's
    own address, or nothing where it is not known. Bears repetition."""
    found = yield from look_up(adapter, session, is_ours)
    if isinstance(found, Refused | Later):
        return found
    resumed, refused = 0, Refused(NO_ADDRESS)
    sent = {topic for one in found.ours if one.state != "stopped" for topic in one.topics}
    for one in found.stopped:
        done = yield from adapter.resume(session, one)
        if isinstance(done, Later):
            return done
        if isinstance(done, Refused):
            # It may have gone in the meantime: then its topics are missing like any others.
            refused = done
            continue
        resumed += 1
        sent.update(one.topics)
    missing = tuple(topic for topic in adapter.topics if topic not in sent)
    if not sent and not url:
        return refused
    if missing and url:
        made = yield from adapter.subscribe(session, url, missing)
        if isinstance(made, Refused | Later):
            return made
    said = f"{len(found.ours)} subscriptions to us, {resumed} set going again"
    if missing:
        said += f", {len(missing)} topics " + ("added" if url else f"missing: {NO_ADDRESS}")
    return said + (f", {len(found.paused)} paused by a person" if found.paused else "")


def renew(adapter: Subscribes, session: Session, is_ours: IsOurs) -> Asking[str]:
    """Have all that are on signed with the hook's newest secret, where the platform keeps it with the subscription; in
    words. To be asked after a rotation, while the older secret is still live."""
    found = yield from look_up(adapter, session, is_ours)
    if isinstance(found, Refused | Later):
        return found
    count = 0
    for one in found.ours:
        if one.state == "on":
            done = yield from adapter.resume(session, one)
            if isinstance(done, Refused | Later):
                return done
            count += 1
    said = f"{count} subscriptions renewed: those that hold a secret hold the newest"
    return said + (f"; {len(found.paused)} paused by a person still hold an older one" if found.paused else "")


def move(adapter: Subscribes, session: Session, is_ours: IsOurs, was_ours: IsOurs, url: str) -> Asking[str]:
    """Have everything sent to a new address, and nothing to the older one any more; in words."""
    said = yield from mend(adapter, session, is_ours, url)
    if isinstance(said, Refused | Later):
        return said
    gone = yield from remove_ours(adapter, session, was_ours)
    return gone if isinstance(gone, Refused | Later) else f"{said}; of the older address {gone}"


def remove_ours(adapter: Subscribes, session: Session, is_ours: IsOurs) -> Asking[str]:
    """Remove every subscription to our address, the paused ones too; in words, how many. Bears repetition."""
    found = yield from look_up(adapter, session, is_ours)
    if isinstance(found, Refused | Later):
        return found
    for one in found.ours:
        done = yield from adapter.unsubscribe(session, one)
        if isinstance(done, Refused | Later):
            return done
    return f"{len(found.ours)} subscriptions removed"
