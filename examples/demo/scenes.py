"""The scenes that the demo plays and `redress simulate` replays: what happens in a shop, when, and how its webhook
travels. Data only; the seconds fit the limits of examples/policies/demo.yaml: ship 15, refund 20, reply 12, resolve 30.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a scene is about."""

    ORDER = "order"
    RETURN = "return"
    COMPLAINT = "complaint"


class How(StrEnum):
    """How the webhook of a happening travels. `never`: it is lost; `again`: the bytes sent before come once more."""

    ONCE = "once"
    TWICE = "twice"
    NEVER = "never"
    AGAIN = "again"
    FORGED = "forged"
    STALE = "stale"
    GARBLED = "garbled"


HOSTILE = frozenset([How.FORGED, How.STALE, How.GARBLED])
"""What these carry never happened: no shop has it in its books."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One happening, in seconds after the scene began.

    `at`: when it happens. `learnt`: when the shop itself comes to know (None: at once), where a carrier reports late.
    `told`: when the webhook leaves (None: as soon as the shop knows).
    """

    what: str
    at: float
    learnt: float | None = None
    told: float | None = None
    how: How = How.ONCE

    @property
    def known_at(self) -> float:
        return self.at if self.learnt is None else self.learnt

    @property
    def told_at(self) -> float:
        return self.known_at if self.told is None else self.told


ANY = ("standard", "shopify", "dokan", "woocommerce")
SELLERS = ("standard", "dokan")
"""Platforms with sellers beside the shop's owner, who can be reminded, penalised and suspended."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A little story. `needs_shop`: its point is what the shop answers when asked, so it needs one that answers."""

    name: str
    story: str
    kind: Kind
    beats: tuple[Beat, ...]
    platforms: tuple[str, ...] = ANY
    needs_shop: bool = False

    @property
    def seconds(self) -> float:
        """When its last webhook leaves."""
        return max(beat.told_at for beat in self.beats)


SCENES: Sequence[Scene] = (
    Scene(
        "in-time", "paid, and shipped in time", Kind.ORDER,
        (Beat("paid", 0), Beat("shipped", 7)),
    ),
    Scene(
        "late", "shipped after the promised instant: breached, then met late", Kind.ORDER,
        (Beat("paid", 0), Beat("shipped", 22)),
    ),
    Scene(
        "never-shipped", "not shipped for long: the seller is penalised and suspended, the parcel comes too late",
        Kind.ORDER,
        (Beat("paid", 0), Beat("shipped", 42)),
        SELLERS,
    ),
    Scene(
        "late-word", "shipped in time, but the carrier reports it late: every step is taken back", Kind.ORDER,
        (Beat("paid", 0), Beat("shipped", 9, learnt=36)),
    ),
    Scene(
        "lost-word", "shipped in time, the webhook is lost: the look before the penalty finds it", Kind.ORDER,
        (Beat("paid", 0), Beat("shipped", 9, how=How.NEVER)),
        SELLERS,
        needs_shop=True,
    ),
    Scene(
        "shuffled", "the parcel's webhook comes before the order's, and each comes twice", Kind.ORDER,
        (Beat("shipped", 4, how=How.TWICE), Beat("paid", 0, told=8, how=How.TWICE)),
    ),
    Scene(
        "old-news", "an old webhook comes again after a newer one and changes nothing", Kind.ORDER,
        (Beat("paid", 0), Beat("shipped", 5), Beat("paid", 0, told=9, how=How.AGAIN)),
    ),
    Scene(
        "cancelled", "cancelled before it was due", Kind.ORDER,
        (Beat("paid", 0), Beat("cancelled", 6)),
    ),
    Scene(
        "refund-in-time", "goods came back, the money follows in time", Kind.RETURN,
        (Beat("returned", 0), Beat("refunded", 8)),
        ("standard", "shopify"),
    ),
    Scene(
        "refund-late", "goods came back, the money follows late", Kind.RETURN,
        (Beat("returned", 0), Beat("refunded", 26)),
        ("standard", "shopify"),
    ),
    Scene(
        "made-good", "goods came back, the shop keeps the money: Redress has it paid back", Kind.RETURN,
        (Beat("returned", 0),),
        ("standard", "shopify"),
        needs_shop=True,
    ),
    Scene(
        "slow-reply", "a complaint is answered too late, and resolved in time", Kind.COMPLAINT,
        (Beat("opened", 0), Beat("replied", 16), Beat("resolved", 25)),
        ("standard", "shopify"),
    ),
    Scene(
        "unresolved", "a complaint is answered at once, and resolved too late", Kind.COMPLAINT,
        (Beat("opened", 0), Beat("replied", 4), Beat("resolved", 38)),
        ("standard", "shopify"),
    ),
    Scene("forged", "an order signed by somebody else", Kind.ORDER, (Beat("paid", 0, how=How.FORGED),)),
    Scene(
        "stale", "an order signed an hour ago, as a thief would send it again", Kind.ORDER,
        (Beat("paid", 0, how=How.STALE),),
        ("standard",),
    ),
    Scene("garbled", "signed, but not readable: kept aside until it can be", Kind.ORDER,
          (Beat("paid", 0, how=How.GARBLED),)),
)  # fmt: skip

BY_NAME = {scene.name: scene for scene in SCENES}


@dataclass(frozen=True, slots=True)
class Turn:
    """One entry of the running order: a scene in a shop, and the pause before the next entry."""

    scene: str
    shop: str
    pause: float = 3.5


RUNNING_ORDER: Sequence[Turn] = (
    Turn("slow-reply", "tea-house", 0.4),
    Turn("late-word", "bazaar", 0.4),
    Turn("never-shipped", "tea-house", 0.4),
    Turn("in-time", "blue-kiln", 2),
    Turn("forged", "bazaar", 2),
    Turn("shuffled", "bazaar"),
    Turn("refund-late", "blue-kiln"),
    Turn("lost-word", "tea-house"),
    Turn("stale", "tea-house", 2),
    Turn("late-word", "blue-kiln"),
    Turn("made-good", "tea-house"),
    Turn("never-shipped", "bazaar"),
    Turn("unresolved", "blue-kiln"),
    Turn("made-good", "blue-kiln"),
    Turn("garbled", "blue-kiln", 2),
    Turn("cancelled", "bazaar"),
    Turn("refund-in-time", "tea-house"),
    Turn("old-news", "blue-kiln"),
    Turn("slow-reply", "blue-kiln"),
    Turn("late", "tea-house"),
    Turn("in-time", "bazaar"),
    Turn("forged", "tea-house", 2),
    Turn("late-word", "tea-house"),
    Turn("cancelled", "blue-kiln"),
    Turn("shuffled", "tea-house"),
)
"""What the demo plays, over and over; the first four come at once, so that the first deadlines fall soon."""
