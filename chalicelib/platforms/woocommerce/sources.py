"""Where a shop shows a mark: `status:completed`, `meta:_shipped_at`, `tracking:`. A source gives an instant, says that
there is none, or cannot tell from this body. Facts: WooCommerce's sheet, sections 2 and 3; the mapping comes from the
connection, with defaults here.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from chalicelib.core.events import Mark
from chalicelib.platforms.shapes import Body, is_body
from chalicelib.platforms.woocommerce.history import Entered
from chalicelib.platforms.woocommerce.shapes import code, free_instant, gmt, meta

TRACKING = "_wc_shipment_tracking_items"

BEFORE = frozenset({"pending", "processing", "checkout-draft"})
"""An order in one of these has not been handed over: a shipment that was once stated is taken back.

`on-hold` is not among them, because a shipped order may be put on hold (by us, or over a dispute).
"""
LIVE = BEFORE | {"on-hold", "completed"}
"""An order in one of these is not cancelled, whatever it was before."""


class Silence(Enum):
    """Why a source gives no instant."""

    NONE = "the shop says that it has not happened"
    ASK = "it has happened, but when is only known from the order's notes"
    QUIET = "this body does not tell"
    UNFIT = "there is a value, but it is no instant"


Told = datetime | Silence


@dataclass(frozen=True, slots=True)
class Story:
    """An order's body with, after a look, the statuses it went through (None: it was not asked)."""

    body: Body
    status: str
    entered: tuple[Entered, ...] | None = None


def tell(source: str, story: Story) -> Told:
    """What one source says. An unknown kind of source is silent: `doctor` names it, orders must still be read."""
    kind, _, name = source.partition(":")
    if kind == "status":
        return _status(name.removeprefix("wc-"), story)
    if kind == "meta":
        return _meta(name, story.body)
    if kind == "tracking":
        pieces = tracked(story.body, name or TRACKING)
        if pieces is None:
            return Silence.UNFIT
        return max((piece.at for piece in pieces if piece.at is not None), default=Silence.NONE)
    return Silence.QUIET


def _status(slug: str, story: Story) -> Told:
    if story.status in BEFORE and story.status != slug:
        return Silence.NONE
    if slug == "completed":
        # WooCommerce sets this date anew whenever an order is completed anew; nothing older can be had from the body.
        done = gmt(story.body.get("date_completed_gmt"))
        if done is not None:
            return done
    if story.entered is None:
        return Silence.ASK if story.status == slug else Silence.QUIET
    run: datetime | None = None
    for entry in story.entered:
        if entry.status == slug:
            run = run or entry.at
        elif entry.status in BEFORE:
            run = None
    # A history that is known is known from the beginning: what it never came to has not happened.
    return run or (Silence.NONE if story.entered else Silence.QUIET)


def _meta(key: str, body: Body) -> Told:
    values = [value for value in meta(body, key) if value not in (None, "", 0, "0", False)]
    if not values:
        return Silence.NONE
    return free_instant(values[-1]) or Silence.UNFIT


def tracked(body: Body, key: str) -> tuple[Mark, ...] | None:
    """One `order.part_shipped` for each parcel of the shipment-tracking plugin; None where its data is not readable.

    `of` is the plugin's own id of the entry, else a digest of carrier and number: stable, and no free text.
    """
    found = [value for value in meta(body, key) if value not in (None, "", [])]
    if not found:
        return ()
    entries = found[-1]
    if not isinstance(entries, list):
        return None
    marks: dict[str, Mark] = {}
    for entry in entries:
        if not is_body(entry):
            return None
        of, at = code(entry.get("tracking_id")), free_instant(entry.get("date_shipped"))
        if of is None:
            said = f"{entry.get('tracking_provider')}|{entry.get('tracking_number')}"
            of = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]
        if at is not None:
            marks[of] = Mark("order.part_shipped", at, of)
    return tuple(marks.values())


def cancelled(story: Story, sources: tuple[str, ...]) -> Told:
    """When the order's present run of cancelled statuses began.

    `date_modified_gmt` is never the answer: it moves with each later edit, and a void that moves past the due would
    turn a clock that was rightly void into a breach. `refunded` counts only where nothing was shipped: a refund after
    a return cancels nothing.
    """
    ends = {source.partition(":")[2].removeprefix("wc-") for source in sources if source.startswith("status:")}
    if "refunded" in ends and _was_completed(story):
        ends.discard("refunded")
    if story.status not in ends:
        return Silence.NONE if story.status in LIVE else Silence.QUIET
    if story.entered is None:
        return Silence.ASK
    began: datetime | None = None
    for entry in reversed(story.entered):
        if entry.status not in ends:
            break
        began = entry.at
    if began is None and story.status == "trash":
        began = trashed(story.body)
    return began or Silence.QUIET


def trashed(body: Body) -> datetime | None:
    """When it was put into the trash: WordPress notes the time. What lies there is not edited, so the date of the last
    change serves where the note is missing."""
    for value in meta(body, "_wp_trash_meta_time"):
        moment = free_instant(value)
        if moment is not None:
            return moment
    return gmt(body.get("date_modified_gmt"))


def _was_completed(story: Story) -> bool:
    if gmt(story.body.get("date_completed_gmt")) is not None:
        return True
    return any(entry.status == "completed" for entry in story.entered or ())
