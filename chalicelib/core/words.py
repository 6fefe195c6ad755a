"""The one table of words: kinds of subject, marks, facts, sources, actions, statuses.

Every other module, the API and the documents use exactly these. A fact that nobody declared here or in a policy is
dropped and counted, so free text and personal data never land by accident (DESIGN sections 1 and 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

KINDS = frozenset(
    ["order", "shipment", "refund", "complaint", "listing", "seller", "penalty", "connection", "request", "operator"]
)

_MARKS = {
    "order": "placed approved paid part_shipped shipped part_delivered delivered cancelled",
    "shipment": "created first_scan stalled delivered lost",
    "refund": "requested approved refused paid withdrawn",
    "return": "requested approved sent received refused",
    "complaint": "opened first_reply escalated evidence_due resolved reopened withdrawn",
    "listing": "published changed flagged unpublished",
    "seller": "joined verified document_expires suspended restored graded",
    "inspection": "started ended failed passed",
    "penalty": "proposed approved imposed in_force published appealed appeal_closed upheld reversed expired",
    "measure": "restrict hold_payout delist suspend blacklist undone repeated",
    "request": "received completed",
    "connection": "installed uninstalled",
}
MARKS = frozenset(f"{group}.{name}" for group, names in _MARKS.items() for name in names.split())


class FactType(StrEnum):
    """How a fact's text is read. `INSTANT` also takes a date alone, which then means the whole of that day."""

    CODE = "code"
    ID = "id"
    COUNTRY = "country"
    CURRENCY = "currency"
    ZONE = "zone"
    MONEY = "money"
    INSTANT = "instant"
    NUMBER = "number"
    FLAG = "flag"

    # Looked up for each fact that is read; an enumeration's own hash is a call into Python.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class FactWord:
    """One declared fact: its type, its unit where the type leaves one open, whether it is personal data, and the
    default that a condition reads where no source gives a value."""

    type: FactType
    unit: str = ""
    personal: bool = False
    default: str | Decimal | bool | None = None


FACTS: Mapping[str, FactWord] = {
    "seller": FactWord(FactType.ID),
    "buyer": FactWord(FactType.ID, personal=True),
    "country": FactWord(FactType.COUNTRY),
    "region": FactWord(FactType.CODE),
    "zone": FactWord(FactType.ZONE),
    "currency": FactWord(FactType.CURRENCY),
    "amount": FactWord(FactType.MONEY),
    "refunded": FactWord(FactType.MONEY),
    "ship_by": FactWord(FactType.INSTANT),
    "deliver_by": FactWord(FactType.INSTANT),
    "respond_by": FactWord(FactType.INSTANT),
    "evidence_due_by": FactWord(FactType.INSTANT),
    "expires_at": FactWord(FactType.INSTANT),
    "category": FactWord(FactType.CODE),
    "product": FactWord(FactType.CODE),
    "reason": FactWord(FactType.CODE),
    "carrier": FactWord(FactType.CODE),
    "tracking": FactWord(FactType.CODE),
    "status": FactWord(FactType.CODE),
    "channel": FactWord(FactType.CODE),
    "document": FactWord(FactType.CODE),
    "code": FactWord(FactType.CODE),
    "points": FactWord(FactType.NUMBER, unit="points"),
    "rung": FactWord(FactType.CODE),
    "measure": FactWord(FactType.CODE),
    "measure_until": FactWord(FactType.INSTANT),
    "points_until": FactWord(FactType.INSTANT),
    "automated": FactWord(FactType.FLAG),
    "about": FactWord(FactType.ID),
    "rule": FactWord(FactType.CODE),
    "policy": FactWord(FactType.CODE),
    "restricted": FactWord(FactType.FLAG),
    "payout_held": FactWord(FactType.FLAG),
    "grade": FactWord(FactType.CODE),
    "trusted": FactWord(FactType.FLAG, default=False),
    "pieces": FactWord(FactType.NUMBER, unit="pieces"),
    "score": FactWord(FactType.NUMBER),
    "exempt": FactWord(FactType.FLAG, default=False),
    "presale": FactWord(FactType.FLAG, default=False),
    "goods_expected": FactWord(FactType.FLAG),
}

SOURCES: Mapping[str, int] = {"derived": 0, "storefront": 1, "platform": 2, "decision": 3}
"""Sources by rank: a rule sees the value of the highest-ranked one."""

OURS = "redress"
"""The value of the fact `channel` on a subject that our own action created: it starts no clock (DESIGN law 11)."""


class Group(StrEnum):
    """Kinds of action; a connection's mode is set for each."""

    TELL = "tell"
    SELLER = "seller"
    BUYER = "buyer"
    SHOP = "shop"
    MONEY = "money"
    PENALTY = "penalty"


HOUR = 3600


@dataclass(frozen=True, slots=True)
class ActionWord:
    """One action: its group, how many seconds late it still makes sense (None: always), whether it looks first."""

    group: Group
    late_ok: int | None = None
    confirm: bool = False


ACTIONS: Mapping[str, ActionWord] = {
    "alert": ActionWord(Group.TELL),
    "webhook": ActionWord(Group.TELL),
    "open_complaint": ActionWord(Group.TELL),
    "remind_seller": ActionWord(Group.SELLER, late_ok=HOUR),
    "warn_seller": ActionWord(Group.SELLER, late_ok=HOUR),
    "message_buyer": ActionWord(Group.BUYER, late_ok=HOUR),
    "note": ActionWord(Group.SHOP, late_ok=HOUR),
    "tag": ActionWord(Group.SHOP),
    "untag": ActionWord(Group.SHOP),
    "hold": ActionWord(Group.SHOP),
    "release": ActionWord(Group.SHOP),
    "resolve": ActionWord(Group.SHOP, confirm=True),
    "cancel": ActionWord(Group.SHOP, confirm=True),
    "open_incident": ActionWord(Group.SHOP, confirm=True),
    "close_incident": ActionWord(Group.SHOP),
    "delist": ActionWord(Group.PENALTY, confirm=True),
    "relist": ActionWord(Group.PENALTY),
    "suspend": ActionWord(Group.PENALTY, confirm=True),
    "restore": ActionWord(Group.PENALTY),
    "restrict": ActionWord(Group.PENALTY, confirm=True),
    "unrestrict": ActionWord(Group.PENALTY),
    "hold_payout": ActionWord(Group.PENALTY, confirm=True),
    "release_payout": ActionWord(Group.PENALTY),
    "close_shop": ActionWord(Group.PENALTY, confirm=True),
    "reopen_shop": ActionWord(Group.PENALTY),
    "blacklist": ActionWord(Group.PENALTY, confirm=True),
    "unblacklist": ActionWord(Group.PENALTY),
    "penalise": ActionWord(Group.PENALTY, confirm=True),
    "impose": ActionWord(Group.PENALTY),
    "lift": ActionWord(Group.PENALTY),
    "publish": ActionWord(Group.PENALTY),
    "unpublish": ActionWord(Group.PENALTY),
    "refund": ActionWord(Group.MONEY, confirm=True),
}

OWN_ACTIONS = frozenset(["alert", "penalise", "webhook", "open_complaint", "impose", "lift", "publish", "unpublish"])
"""Actions whose effect is ours: they need no lever of the platform."""

IN_WORDS = frozenset(["remind_seller", "warn_seller", "message_buyer"])
"""Actions that are words to somebody. Where a platform cannot carry them there, they become a note on the order."""

SEVERITIES = ("info", "warning", "error", "critical")


class Status(StrEnum):
    """Status of a clock (DESIGN section 2, the table under the laws)."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MET_LATE = "met_late"
    BREACHED = "breached"
    VOID = "void"

    # Statuses are counted by the million; an enumeration's own hash is a call into Python.
    __hash__ = str.__hash__


ENDED = frozenset({Status.MET, Status.MET_LATE, Status.BREACHED, Status.VOID})
"""An ended clock keeps the due and the versions that it was judged with (law 8)."""


class Mode(StrEnum):
    """What Redress may do on a connection, by group of action."""

    OBSERVE = "observe"
    ADVISE = "advise"
    ACT = "act"


class ActionState(StrEnum):
    """Life of an action (DESIGN law 5)."""

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    DROPPED = "dropped"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


OPEN_STATES = frozenset({ActionState.PLANNED, ActionState.SENDING})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words in force: those above and what the active policies declare beside them."""

    marks: frozenset[str]
    facts: Mapping[str, FactWord]

    def with_(self, marks: frozenset[str], facts: Mapping[str, FactWord]) -> "Vocabulary":
        """These words and the given ones; a word of the table cannot be declared anew."""
        return Vocabulary(self.marks | marks, {**facts, **self.facts})


CORE = Vocabulary(MARKS, FACTS)
