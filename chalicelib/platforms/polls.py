"""What a poll of changes gathers, where a platform lists its orders by their last change: which orders to look at, and
where the next poll goes on.
"""

from datetime import datetime, timedelta

from chalicelib.core.events import Subject
from chalicelib.core.instants import show
from chalicelib.platforms.base import Read
from chalicelib.platforms.shapes import latest

MARGIN = timedelta(minutes=5)
"""The platform's clock and ours need not agree; a change may be listed only after a while, bear an instant before one
that was told already, or be asked for by whole minutes."""


class Changed:
    """Orders that changed since an instant, the longest unchanged first. `asked`: from when on the platform is to list
    them."""

    def __init__(self, since: datetime) -> None:
        self.asked = since - MARGIN
        self._since = self._seen = since
        self._orders: dict[str, None] = {}

    def add(self, order: str, at: datetime | None) -> None:
        """One that was listed, with the instant of its last change; without an id there is nothing to look at."""
        if order:
            self._orders[order] = None
        self._seen = latest(self._seen, at) or self._seen

    def read(self, whole: bool) -> Read:
        """What to look at. Where the list was not read to its end (`whole`), the last look goes on from there."""
        looks = tuple(Subject("order", order) for order in self._orders)
        if whole:
            return Read(looks=looks, ignored="" if looks else "nothing changed")
        further = self._seen - MARGIN > self._since
        return Read(looks=(*looks, Subject("connection", show(self._seen))) if further else looks)
