"""Sellers' documents as dated facts on the seller's case: the pack `seller-vetting` watches what is missing or expires.

A check is told once with its day and how long the proof holds; a later one takes its place, in whatever order they are
heard. The documents themselves never come here.
"""

from datetime import date, datetime

from chalicelib.core.events import Event, FactValue, Mark, Subject

DOCUMENTS = ("licence", "tax", "identity", "production", "report")

BY_CATEGORY = ("production", "report")
"""Those that only some categories need."""


def checked(seller: str, document: str, at: datetime, until: date | datetime) -> Event:
    """A document was seen and is good from `at` to `until`. Raises ValueError for a document that nobody knows."""
    if document not in DOCUMENTS:
        raise ValueError(f"one of {', '.join(DOCUMENTS)}")
    facts: dict[str, FactValue | None] = {"seller": seller, f"{document}_until": until}
    return _event(seller, f"{document}-{at.isoformat()}", at, Mark(f"seller.{document}_checked", at), facts)


def withdrawn(seller: str, document: str, at: datetime) -> Event:
    """A document does not hold any more: it is missing again."""
    if document not in DOCUMENTS:
        raise ValueError(f"one of {', '.join(DOCUMENTS)}")
    facts: dict[str, FactValue | None] = {"seller": seller, f"{document}_until": None}
    return _event(seller, f"{document}-{at.isoformat()}", at, Mark(f"seller.{document}_checked", None), facts)


def needed(seller: str, document: str, at: datetime, wanted: bool) -> Event:
    """Whether what the seller sells needs the document. Raises ValueError for one that every seller needs."""
    if document not in BY_CATEGORY:
        raise ValueError(f"one of {', '.join(BY_CATEGORY)}: the others are asked of every seller")
    facts: dict[str, FactValue | None] = {"seller": seller, f"needs_{document}": wanted}
    return Event(
        f"vetting-needs-{document}-{at.isoformat()}", Subject("seller", seller), at, at, "decision", facts=facts
    )


def verified(seller: str, at: datetime) -> Event:
    """The whole file was checked; the next check is due six months later."""
    return _event(seller, f"verified-{at.isoformat()}", at, Mark("seller.verified", at), {"seller": seller})


def _event(seller: str, what: str, at: datetime, mark: Mark, facts: dict[str, FactValue | None]) -> Event:
    return Event(f"vetting-{what}", Subject("seller", seller), at, at, "decision", marks=(mark,), facts=facts)
