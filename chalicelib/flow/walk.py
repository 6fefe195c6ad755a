"""Walking over the stored cases of an account in an order that stays, so that a long walk can be cut anywhere, told of,
and taken up again behind the last case that was met."""

from collections.abc import Iterator

from chalicelib.core.case import Case, CaseId
from chalicelib.ports.ports import Ports


def cases(ports: Ports, account: str, cursor: str = "") -> Iterator[Case]:
    """The cases behind `cursor`. Reads may lag a little behind writes. Raises ValueError for what is no cursor."""
    after = CaseId.parse(f"{account}:{cursor}") if cursor else None
    return ports.cases(account).scan(0, 1, after)


def cursor_of(case: Case) -> str:
    """Where a walk goes on that was cut after this case."""
    return case.id.local
