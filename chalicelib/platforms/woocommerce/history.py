"""When did an order enter a status? WooCommerce keeps no date for most, but writes a note at each change ("Order
status changed from X to Y."), in the shop's language, with the statuses' names as the shop shows them.

The language need not be known: a note of a change names two statuses, and walking back from the present status each
older change must contain the one that the newer left. Where that chain breaks nothing is asserted, never guessed.
Facts: WooCommerce's `WC_Order::status_transition` and the order notes of its REST API.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.platforms.shapes import Body
from chalicelib.platforms.woocommerce.shapes import gmt

ENGLISH: Mapping[str, str] = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}
"""Names of the statuses that WooCommerce brings along, as an English shop shows them."""

_ENGLISH_FRAME = (" to ", ".")


@dataclass(frozen=True, slots=True)
class Entered:
    """The order entered this status at this instant."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Change:
    """A note that names two statuses: when, which ones, and the words between and after them."""

    at: datetime
    number: int
    first: str
    second: str
    frame: tuple[str, str]


def history(
    notes: Iterable[Body], names: Mapping[str, str], status: str, created: datetime | None
) -> tuple[Entered, ...]:
    """Every status the order has been in, oldest first; empty where the notes do not tell.

    `names`: slug -> the name that the shop shows. `status`: the present one. The oldest status began at `created`.
    """
    changes = _of_one_frame([change for note in notes if (change := _change(note, names)) is not None])
    entered: list[Entered] = []
    for change in reversed(changes):
        if status not in (change.first, change.second):
            return ()
        entered.append(Entered(status, change.at))
        status = change.first if change.second == status else change.second
    if entered and created is not None:
        entered.append(Entered(status, created))
    return tuple(reversed(entered))


def _change(note: Body, names: Mapping[str, str]) -> _Change | None:
    text, number, at = note.get("note"), note.get("id"), gmt(note.get("date_created_gmt"))
    # What the customer was told is never a note of the system.
    if not isinstance(text, str) or not isinstance(number, int) or at is None or note.get("customer_note") is True:
        return None
    text = html.unescape(text)
    slugs = {html.unescape(name): slug for slug, name in names.items() if name}
    if not slugs:
        return None
    longest_first = "|".join(re.escape(name) for name in sorted(slugs, key=len, reverse=True))
    found = list(re.finditer(rf"(?<!\w)(?:{longest_first})(?!\w)", text)) or list(re.finditer(longest_first, text))
    if len(found) < 2:
        return None
    # What stands before the change ("Payment complete.") may name statuses as well; the change comes last.
    one, two = found[-2], found[-1]
    first, second = slugs[one.group()], slugs[two.group()]
    if first == second:
        return None
    return _Change(at, number, first, second, (text[one.end() : two.start()], text[two.end() :]))


def _of_one_frame(changes: list[_Change]) -> list[_Change]:
    """Only what one sentence of one language made; a note typed by a person reads differently."""
    changes.sort(key=lambda change: (change.at, change.number))
    frames = Counter(change.frame for change in changes)
    if not frames:
        return []
    frame = _ENGLISH_FRAME if _ENGLISH_FRAME in frames else frames.most_common(1)[0][0]
    return [change for change in changes if change.frame == frame]
