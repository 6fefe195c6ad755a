"""A case: evidence (what the world said) and ledger (what we concluded, did, and still have to do).

One case is one stored item with a version: it is its own outbox (DESIGN law 4). The ledger holds keys, states and
instants, never rendered text and never personal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from chalicelib.core.events import Subject
from chalicelib.core.evidence import NOTHING, Evidence
from chalicelib.core.words import ActionState, Status


@dataclass(frozen=True, slots=True)
class CaseId:
    """Whose case, on which connection, about what. Text form `account:connection:kind/id`."""

    account: str
    connection: str
    subject: Subject

    def __str__(self) -> str:
        return f"{self.account}:{self.connection}:{self.subject}"

    @property
    def local(self) -> str:
        """As written within one account: `connection:kind/id`."""
        return f"{self.connection}:{self.subject}"

    @classmethod
    def parse(cls, text: str) -> "CaseId":
        """The reverse of `str`. Raises ValueError."""
        account, _, rest = text.partition(":")
        connection, _, subject = rest.partition(":")
        kind, _, ident = subject.partition("/")
        if not (account and connection and kind and ident):
            raise ValueError("not a case id like account:connection:kind/id")
        return cls(account, connection, Subject(kind, ident))


@dataclass(frozen=True, slots=True)
class ClockState:
    """What a clock was last seen to show, and with which versions it was judged. Waiting clocks are not kept.

    `end`: when it was stopped (met, met_late) or voided, when the pause began that holds it now, or, of one that runs,
    when the last pause ended.
    """

    status: Status
    start: datetime
    due: datetime | None
    due_day: date | None
    end: datetime | None
    version: str
    zone: str
    calendar: str


@dataclass(frozen=True, slots=True)
class StepState:
    """A step that was taken. `at` is the instant it stood at; `generation` counts how often it was taken anew."""

    at: datetime
    generation: int
    version: str
    observed: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One effect on the world, by its key within the case: `clock|step|generation|index`, `|undo` for its reverse.

    `try_at`: not before this instant. `lease`: until when somebody is sending it.
    `hold`: why it waits for a person (`advise`, `storm`, `full`, `no_look`, `no_money`), empty when it may go.
    `handle`: what is needed to take it back, or to go on with it. `unsure`: a try was made whose outcome nobody knows.
    `waived`: a person let it go although the platform cannot be asked first.
    """

    name: str
    state: ActionState
    version: str
    try_at: datetime
    attempts: int = 0
    lease: datetime | None = None
    hold: str = ""
    reason: str = ""
    handle: str = ""
    unsure: bool = False
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything we concluded and did. Steps are keyed by (clock, step), actions by their key."""

    clocks: Mapping[str, ClockState] = field(default_factory=dict)
    steps: Mapping[tuple[str, str], StepState] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    full: bool = False


EMPTY = Ledger()


@dataclass(frozen=True, slots=True)
class Case:
    """Evidence and ledger of one subject; `version` is that of the stored item, 0 for one that was never stored.

    `wake_at`: when to look at it again. `law_at`: its next legal deadline, by which what is overdue is put in order;
    never before `wake_at`, and only beside it.
    """

    id: CaseId
    evidence: Evidence = NOTHING
    ledger: Ledger = EMPTY
    wake_at: datetime | None = None
    version: int = 0
    law_at: datetime | None = None


def new_case(case_id: CaseId) -> Case:
    """A case about which nothing is known yet."""
    return Case(case_id)
