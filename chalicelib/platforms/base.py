"""What every platform adapter is made of. Adapters do no I/O: they verify bytes, read them into events, and describe
calls. Levers and looks are generators that yield `Call` values, receive `Reply` values and return a result; one runner
sends the calls, so that tokens, limits and budgets live in one place (DESIGN section 7).
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from chalicelib.core.calls import Call, Reply
from chalicelib.core.events import Event, Subject
from chalicelib.core.instants import EPOCH
from chalicelib.core.words import CORE, Vocabulary


@dataclass(frozen=True, slots=True)
class Shop:
    """What an adapter may know of a connection. No secrets.

    `address`: the store's own host or base URL in the platform's form (`name.myshopify.com`, `https://shop.example`).
    `mapping`: mark name -> where this shop shows it, such as `("status:completed", "meta:_shipped_at")`.
    `options`: further settings of the adapter, e.g. `{"api_version": "2026-07", "actions_url": "https://..."}`.
    `words`: the vocabulary in force, for platforms whose senders speak it themselves.
    """

    connection: str
    platform: str
    address: str = ""
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    words: Vocabulary = CORE


@dataclass(frozen=True, slots=True)
class Session:
    """A shop with the decrypted credentials for its API (`access_token`, `consumer_key`, ...); never logged.

    `now`: the instant of this attempt, for platforms that want their calls signed with one. `secrets`: the live secrets
    of its hook, newest first, where the connection has no credentials of its own.
    """

    shop: Shop
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    now: datetime = EPOCH
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authentic webhook request. `headers`: lower-case names, only those that the adapter keeps."""

    id: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not authentic; for our log only, the sender is told nothing.

    `again`: it names a key that we do not have yet, so it may be authentic soon; the sender is asked to come again.
    Only for platforms that never repeat what was refused with a 4xx.
    """

    reason: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform is answered."""

    status: int = 200
    body: bytes = b'{"ok":true}'
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Read:
    """What a delivery, or a look, said. `looks`: subjects to ask about, because the body alone asserts too little.

    `ignored`: why there is nothing to say (`topic customers/update`). Neither events nor looks nor a reason is a bug.
    `problem`: a part of the delivery could not be read; the rest takes effect, and the whole goes to quarantine too.
    """

    events: tuple[Event, ...] = ()
    looks: tuple[Subject, ...] = ()
    ignored: str = ""
    problem: "Unreadable | None" = None


class Unreadable(Exception):
    """An authentic delivery that cannot be read: it goes to quarantine and is replayed after a fix."""

    def __init__(self, field: str, found: str, wanted: str) -> None:
        super().__init__(f"{field}: found {found}, wanted {wanted}")
        self.field, self.found, self.wanted = field, found, wanted


@dataclass(frozen=True, slots=True)
class Command:
    """One action to carry out on the shop. `key` is stable over repetitions and unique to this effect.

    `order`, `seller`, `product`, `refund`: ids that the case knows, in the adapter's own form; empty where unknown.
    `handle`: what the action to be reversed left behind (a hold's id, a note's id), or what an earlier try of this one
    did (`Later.handle`). `note`: text for people.
    """

    key: str
    action: str
    subject: Subject
    params: Mapping[str, str | int] = field(default_factory=dict)
    order: str = ""
    seller: str = ""
    product: str = ""
    refund: str = ""
    amount: Decimal | None = None
    currency: str = ""
    handle: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The effect is there, by us now or found to be there already."""

    handle: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform said no, for good; `reason` is a short code, without personal data."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: throttled, or the platform is down, or it is under way. Not a failure; try again after `seconds`.

    `handle`: what the next try must know, kept with the action before anything more is done: what was there before a
    change, the number of a job that the platform works off. `begun`: it may have had its effect, so that it is tried to
    its outcome, and taken back, even where it is not due any more.
    """

    seconds: float
    reason: str = "throttled"
    handle: str = ""
    begun: bool = False


DEAD = "token"
"""The reason with which an adapter says that the platform honours our credentials no more, whatever is asked with them;
a right that they lack is another one. What was asked waits for new ones (`flow.breaker`)."""


def is_dead(result: object) -> bool:
    """Whether an answer, as an adapter understood it, says so; `grant` may have added what mends it."""
    return isinstance(result, Refused | Later) and result.reason.partition(":")[0] == DEAD


def noted(handle: str) -> Later:
    """What a lever ends with that has read what it is about to change: the next try, at once, knows it whatever becomes
    of the answers. So that no second try takes our own change for what was there before."""
    return Later(1.0, "noted", handle)


TOLD_TO_WAIT = frozenset(["throttled", "firewall"])
"""Reasons of a `Later` that hold for all that is asked of this shop, not for the one call."""


def told_to_wait(result: object) -> float:
    """Seconds for which an answer, as an adapter understood it, wants the whole shop left alone; 0 for none."""
    return result.seconds if isinstance(result, Later) and result.reason in TOLD_TO_WAIT else 0.0


@dataclass(frozen=True, slots=True)
class Absent:
    """A find came back empty: the effect is not there."""


Outcome: TypeAlias = Done | Refused | Later
Steps: TypeAlias = Generator[Call, Reply, Outcome]
Finding: TypeAlias = Generator[Call, Reply, Done | Absent | Later]
Looking: TypeAlias = Generator[Call, Reply, "Read | Refused | Later"]
Fetching: TypeAlias = Generator[Call, Reply, str | Refused | Later]


@dataclass(frozen=True, slots=True)
class Lever:
    """An action that a platform really offers.

    `repeat`: how it bears repetition. `safe`: doing it twice is doing it once. `keyed`: the platform de-duplicates by
    our key. `findable`: `find` tells whether our key is there already; asked after an unknown outcome. `never`: after
    an unknown outcome a person is asked.
    `reverse`: `exact` (the action `undo` restores what was), `offset` (it makes good, traces stay), `none`.
    """

    action: str
    run: Callable[[Session, Command], Steps]
    repeat: Literal["safe", "keyed", "findable", "never"]
    reverse: Literal["exact", "offset", "none"] = "none"
    undo: str = ""
    find: Callable[[Session, Command], Finding] | None = None
    call: str = ""
    """What is called on the platform, by its own name."""
    held: Literal["app", "approved", "operator", "owner"] = "app"
    """Who really holds it: `app` any app or key that the shop lets in, `approved` an app that the platform approved,
    `operator` only the operator of the marketplace, `owner` only who runs the shop, with its own key or program."""
    needs: str = ""
    """Scope or right that the shop must have granted."""
    effects: str = ""
    """Side effects that a person should know before using it."""
    option: str = ""
    """The option of a connection that makes it work there; without that option there is no such lever."""


def offered(levers: Mapping[str, Lever], options: Mapping[str, str]) -> frozenset[str]:
    """The actions that a platform offers on a connection with these options."""
    return frozenset(action for action, lever in levers.items() if not lever.option or options.get(lever.option))


def held_by(holder: Literal["app", "approved", "operator", "owner"], levers: Mapping[str, Lever]) -> dict[str, Lever]:
    """The same levers, all of them held by one kind of party."""
    return {action: replace(lever, held=holder) for action, lever in levers.items()}


class Adapter(Protocol):
    """One platform. Implementations are stateless; `registry` holds one of each."""

    name: str
    reading: int
    """Number of this adapter's way of reading; raised when a fix must beat what was read before."""
    content_types: frozenset[str]
    keep: frozenset[str]
    """Names of the request headers (lower case) that `read` needs; all others are forgotten at the door."""
    success: Answer
    mapping: Mapping[str, tuple[str, ...]]
    """The default mapping of marks to what shops show."""
    levers: Mapping[str, Lever]
    looks: frozenset[str]
    """Kinds of subject that `look` can ask about."""

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """The answer to an unsigned handshake that carries no data, or None."""
        ...

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        """None where the raw bytes are authentic under any of the live secrets; never raises."""
        ...

    def refuse(self, raw: bytes) -> Answer | None:
        """An answer to authentic content that its sender must correct (only `standard`), or None."""
        ...

    def read(self, delivery: Delivery, shop: Shop) -> Read:
        """Read an authentic delivery. Raises Unreadable, and nothing else."""
        ...

    def look(self, subject: Subject, session: Session) -> Looking:
        """Ask the platform for the present truth of a subject."""
        ...


@runtime_checkable
class Collects(Protocol):
    """An adapter whose platform can also put its messages straight into a queue of ours (`flow.collect`)."""

    attributes: Mapping[str, str]
    """Name of a message attribute -> the header under which `read` wants it."""

    def collected(self, attributes: Mapping[str, str], shop: Shop) -> Refusal | None:
        """None where a message of this shop's own queue is to be taken. The queue's policy already said who may send;
        this notices what was sent to the wrong queue. Never raises."""
        ...


@runtime_checkable
class HasKeys(Protocol):
    """An adapter whose platform publishes the keys that it signs with, so that they can be fetched anew."""

    def keys(self, session: Session) -> Fetching:
        """Ask for the keys; a text that is fit to be the hook's secret."""
        ...


@runtime_checkable
class Polled(Protocol):
    """An adapter whose platform never repeats a delivery that was lost, or guarantees none: it is asked what changed,
    by a look at `connection/INSTANT`, whose answer names what to look at; the last of them may be such an instant."""

    every: timedelta
    """How often."""


@runtime_checkable
class Versioned(Protocol):
    """An adapter that says which version of its platform's API it is written for, and until when that is served."""

    api: str


@runtime_checkable
class Paces(Protocol):
    """An adapter that can tell from an answer how long its platform wants to be left alone, in whatever form it says
    so: a status, a header, a code under 200, the cost of a question. `flow.breaker` then keeps all of the connection's
    calls back, not only the one that was told."""

    def pause(self, reply: Reply) -> float:
        """Seconds; 0 where the answer says nothing of the kind. Never raises."""
        ...


@runtime_checkable
class Opens(Protocol):
    """An adapter whose platform seals the content of its deliveries. Only the door holds the secrets, so it opens what
    is authentic; what it gives is what travels on, encrypted at rest like everything in the inbox."""

    def open(self, raw: bytes, secrets: tuple[str, ...]) -> bytes:
        """The body as `read` wants it: the raw bytes again where no live secret opens them. Never raises."""
        ...
