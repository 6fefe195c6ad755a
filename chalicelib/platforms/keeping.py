"""What an adapter may offer so that a connection looks after itself: its subscriptions, what its platform says of our
access, the last orders to learn a mapping from, a delivery to try the door with, fresh credentials.

Each is optional and asked for with `isinstance`; all are generators of calls like levers and looks (`base`). What a
platform does not offer is told to people in words, never silently left out.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Subject
from chalicelib.platforms.base import Later, Refused, Session, Shop, Steps

T = TypeVar("T")
OPTION = "the option "
"""How an option of the connection that a lever needs stands in `Probe.missing`, where rights of the platform stand."""
LOST = "answer lost"
"""Why credentials must be asked for again, where the old ones may be dead already."""
Asking: TypeAlias = Generator[Call, Reply, T | Refused | Later]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription that the platform holds. `topics`: what it sends, as the platform calls it.

    `state`: `on`; `stopped` by the platform, so we set it going again; `paused` by a person, so we let it be.
    """

    id: str
    url: str = field(repr=False)
    topics: tuple[str, ...] = ()
    state: Literal["on", "stopped", "paused"] = "on"


@dataclass(frozen=True, slots=True)
class Probe:
    """What the platform says of our access. `clock`: its own, from the answer's Date header. `missing`: right -> what
    cannot be done without it. `notes`: what a person should know, such as levers with side effects in this shop."""

    holder: str = ""
    version: str = ""
    sunset: date | None = None
    granted: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)
    clock: datetime | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recent:
    """The last orders, newest first. `places`: where this shop shows things -> in how many of them, in the form of a
    mapping (`status:completed`, `meta:_shipped_at`). `mapping`: what we propose, from these counts; empty where the
    platform's own statuses leave nothing to choose."""

    subjects: tuple[Subject, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A request that is authentic and asserts nothing, to show that deliveries arrive."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@runtime_checkable
class Subscribes(Protocol):
    """An adapter whose platform lets us keep our own subscriptions. The session carries the hook's secrets."""

    topics: tuple[str, ...]
    """What we want to hear of, as the platform calls it."""

    def subscriptions(self, session: Session) -> Asking[tuple[Subscription, ...]]:
        """All that it holds and that we may see, ours or not."""
        ...

    def subscribe(self, session: Session, url: str, topics: tuple[str, ...]) -> Steps:
        """Create what is missing for these topics. Bears repetition: what is there already is not made twice."""
        ...

    def resume(self, session: Session, one: Subscription) -> Steps:
        """Set a stopped one going again, signed with the hook's newest secret; one that is on may be asked too."""
        ...

    def unsubscribe(self, session: Session, one: Subscription) -> Steps:
        """Remove one; one that is gone already is Done."""
        ...


@runtime_checkable
class Probes(Protocol):
    """An adapter that can ask what our access may do."""

    def probe(self, session: Session) -> Asking[Probe]: ...


@runtime_checkable
class Samples(Protocol):
    """An adapter that can list the last orders."""

    def recent(self, session: Session, count: int) -> Asking[Recent]: ...


@runtime_checkable
class Tries(Protocol):
    """An adapter whose scheme of signing lets us make an authentic delivery ourselves (a shared secret)."""

    def trial(self, shop: Shop, secret: str, now: datetime) -> Trial | None:
        """None where this secret only checks, such as a set of public keys."""
        ...


@runtime_checkable
class Refreshes(Protocol):
    """An adapter whose platform gives credentials that end, with a way to get new ones."""

    def expires(self, credentials: Mapping[str, str]) -> datetime | None:
        """When these credentials end; None where that is not known."""
        ...

    def ended(self, credentials: Mapping[str, str], reply: Reply) -> bool:
        """Whether an answer says that these credentials are over, and new ones can be asked for; the call that got it
        did nothing. Never raises."""
        ...

    def refresh(self, session: Session) -> Asking[Mapping[str, str]]:
        """New credentials, whole, to be stored in place of the old ones. The session carries the hook's secrets.

        A Later for the reason `LOST` where the platform may have made them and we did not hear of it.
        """
        ...
