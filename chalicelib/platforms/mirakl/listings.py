"""An offer taken off sale, and put back: by its stock alone.

An offer without stock is not on sale. The stock has an import of its own (STO01) that touches nothing else, while a
write of the offer itself (OF24) resets every field that is not sent along, and what an operator can read of an offer
(OF22) lacks two of them: the internal description and the unit of its price. So OF24 is never used.

The stock of before is kept with the action before anything is written, so that no second try takes our own zero for
it. An import is worked off later: its number is kept too, and each try asks how it stands (STO02), until it has ended;
one with a line in error has failed, in the words of its report (STO03). Facts: the sheet, sections 3 and 5, and
Mirakl's operator documentation of OF22, STO01, STO02 and STO03.
"""

import csv
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Command, Done, Later, Lever, Refused, Session, Steps, noted
from chalicelib.platforms.mirakl.api import GONE, Api
from chalicelib.platforms.mirakl.penalties import NEEDS, seller_of
from chalicelib.platforms.ours import short
from chalicelib.platforms.rest import No, Ok, no_answer
from chalicelib.platforms.shapes import Body, ident, number_id, rows, text, whole

WAS_OFF = "was-off"
"""The handle of an offer that had no stock to begin with: it is left so."""
POLL = 20.0
"""Seconds between two questions how an import stands; asked for is at most once in fifteen."""
_IMPORTS = "api/offers/stock/imports"
_IMPORT = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_LONGEST_HANDLE = 500
_WORDS = 80


@dataclass(frozen=True, slots=True)
class Stock:
    """How much there was, by warehouse; one without a name where the shop has none. `job`: the import under way, `way`
    whether it takes the stock `down` or `up` again."""

    held: tuple[tuple[str, int], ...]
    way: str = ""
    job: str = ""

    @property
    def total(self) -> int:
        return sum(many for _, many in self.held)

    def __str__(self) -> str:
        """`7`, or `W1=5,W2=2`; with an import under way `7|down:ID`."""
        told = ",".join(f"{quote(name, safe='')}={many}" if name else str(many) for name, many in self.held)
        return f"{told}|{self.way}:{self.job}" if self.job else told


def read_stock(handle: str) -> Stock | None:
    """The reverse of `str`; None for what is none."""
    told, _, under_way = handle.partition("|")
    held = []
    for one in told.split(","):
        name, _, many = one.rpartition("=")
        if not (many.isascii() and many.isdigit() and len(many) < 12):
            return None
        held.append((unquote(name), int(many)))
    way, _, job = under_way.partition(":")
    return Stock(tuple(held), way if job else "", job)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a stock import needs of an offer."""

    shop: str
    sku: str
    stock: Stock


@dataclass(frozen=True, slots=True)
class Failed:
    """An import with a line in error, in its own words; `partly`, where other lines of it were taken."""

    reason: str
    partly: bool


def offer_of(command: Command) -> str:
    """The offer that a command is about; empty where it names none."""
    return number_id(command.subject.id if command.subject.kind == "listing" else command.product)


def delist(session: Session, command: Command) -> Steps:
    number, before, api = offer_of(command), read_stock(command.handle), Api(session)
    if not number:
        return Refused("no_product")
    if before is not None and before.job:
        ended = yield from _ended(api, before)
        if isinstance(ended, Ok):
            return Done(str(replace(before, job="")))
        if isinstance(ended, Failed) and ended.partly:
            # Of several warehouses some are empty now: what stays on sale must not be half there.
            back = yield from _import(api, (yield from _offer(api, command)), before.held, command.key)
            return back if isinstance(back, Later) else Refused(ended.reason)
        return Refused(ended.reason) if isinstance(ended, Failed) else ended
    found = yield from _offer(api, command)
    if not isinstance(found, Offer):
        return found
    if before is None and not found.stock.total:
        return Done(WAS_OFF)
    if before is None:
        handle = str(found.stock)
        return noted(handle) if len(handle) <= _LONGEST_HANDLE else Refused("too_many_warehouses")
    if not found.stock.total:
        # An import whose number was lost on its way to us has done it.
        return Done(str(before))
    nothing = tuple((name, 0) for name, _ in before.held)
    return (yield from _begun(api, found, Stock(before.held, "down"), nothing, command))


def relist(session: Session, command: Command) -> Steps:
    """The stock of before, but not over a number that somebody has set meanwhile."""
    number, before, api = offer_of(command), read_stock(command.handle), Api(session)
    if not number:
        return Refused("no_product")
    if before is None:
        return Done(command.handle)
    if before.job:
        ended = yield from _ended(api, before)
        if isinstance(ended, Later | Refused):
            return ended
        if before.way == "up":
            return Refused(ended.reason) if isinstance(ended, Failed) else Done()
    found = yield from _offer(api, command)
    if not isinstance(found, Offer):
        return found
    if found.stock.total and found.stock.held != before.held:
        return Done()
    # Also where the stock is as it was: an import whose number we never learned may still be coming.
    return (yield from _begun(api, found, Stock(before.held, "up"), before.held, command))


def _begun(
    api: Api, offer: Offer, stock: Stock, wanted: tuple[tuple[str, int], ...], command: Command
) -> Generator[Call, Reply, Refused | Later]:
    """Starts the import; the next try asks how it stands."""
    job = yield from _import(api, offer, wanted, command.key)
    if not isinstance(job, str):
        return job
    return Later(POLL, "importing", str(replace(stock, job=job)), begun=True)


def _import(
    api: Api, offer: Offer | Refused | Later, wanted: tuple[tuple[str, int], ...], key: str
) -> Generator[Call, Reply, str | Refused | Later]:
    """STO01; the number of the import."""
    if not isinstance(offer, Offer):
        return offer
    lines = ['"offer-sku";"quantity";"warehouse-code";"update-delete"']
    lines += [f'{_cell(offer.sku)};"{many}";{_cell(name)};""' for name, many in wanted]
    answer = yield from api.post_form(
        _IMPORTS,
        f"redress-{short(key)}",
        ('file"; filename="stock.csv', "text/csv; charset=utf-8", "\n".join([*lines, ""]).encode()),
        ("shop_id", "text/plain", offer.shop.encode()),
    )
    if not isinstance(answer, Ok):
        return no_answer(answer)
    job = ident(answer.body.get("import_id"))
    return job if _IMPORT.fullmatch(job) else Later(60.0, "unclear", begun=True)


def _cell(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def _ended(api: Api, stock: Stock) -> Generator[Call, Reply, Ok | Failed | Refused | Later]:
    """STO02: Ok where the import ended well, Later while it is under way."""
    found = yield from api.get(f"{_IMPORTS}/{stock.job}/status")
    if isinstance(found, No) and found.code in GONE:
        # Nobody knows it any more: how the offer stands tells the rest.
        return Later(1.0, "import_gone", str(replace(stock, job="")), begun=True)
    if not isinstance(found, Ok):
        told = no_answer(found)
        return replace(told, begun=True) if isinstance(told, Later) else told
    state, wrong, right = (
        text(found.body, "status"), whole(found.body.get("lines_in_error")) or 0,
        whole(found.body.get("lines_in_success")) or 0,
    )  # fmt: skip
    if state == "COMPLETE" and not wrong:
        return found
    if state not in ("COMPLETE", "FAILED"):
        # Waiting, running, or a state of a newer day.
        return Later(POLL, "importing", begun=True)
    words = _said((yield from api.file(f"{_IMPORTS}/{stock.job}/error_report")))
    reason = f"import_failed: {words}" if words else "import_failed"
    return Failed(reason, partly=right > 0)


def _said(report: bytes) -> str:
    """Why the first line failed: the second cell of the first line that has a number of a line. Letters alone, so that
    no number of anybody's goes into a log."""
    for row in csv.reader(report.decode("utf-8", "replace").splitlines()[:50], delimiter=";"):
        if len(row) > 1 and row[0].strip().isdigit():
            return " ".join(re.findall(r"[^\W\d_]+", row[1]))[:_WORDS].strip()
    return ""


def _offer(api: Api, command: Command) -> Generator[Call, Reply, Offer | Refused | Later]:
    """OF22. An offer of another shop than the command's is nobody's to punish."""
    number = offer_of(command)
    found = yield from api.get(f"api/offers/{number}")
    if not isinstance(found, Ok):
        return no_answer(found)
    shop, sku, stock = number_id(found.body.get("shop_id")), text(found.body, "shop_sku"), _stock(found.body)
    if number_id(found.body.get("offer_id")) != number or not shop or stock is None:
        return Refused("unexpected")
    if not sku.isprintable() or not sku:
        return Refused("no_sku")
    if seller_of(command) not in ("", shop):
        return Refused("another_shop")
    return Offer(shop, sku, stock)


def _stock(offer: Body) -> Stock | None:
    """By warehouse where the shop has several, else as one; None where it is not told."""
    told = [(text(one, "code"), whole(one.get("quantity"))) for one in rows(offer, "warehouses")]
    if told:
        held = tuple((name, many) for name, many in told if many is not None and name and name.isprintable())
        return Stock(held) if len(held) == len(told) else None
    many = whole(offer.get("quantity"))
    return None if many is None else Stock((("", many),))


LEVERS: Mapping[str, Lever] = {
    lever.action: lever
    for lever in (
        Lever(
            "delist",
            delist,
            "safe",
            "exact",
            "relist",
            call="STO01 POST /api/offers/stock/imports (quantity 0)",
            needs=NEEDS,
            effects="The offer has no stock, so it is not on sale; nothing else of it changes. A shop that sends its "
            "stock anew puts it back on sale: the daily look tells. One that had none is left as it is.",
        ),
        Lever(
            "relist",
            relist,
            "safe",
            call="STO01 POST /api/offers/stock/imports (quantity)",
            needs=NEEDS,
            effects="The stock of before, unless the shop has set another meanwhile; what it sold elsewhere since is "
            "not known.",
        ),
    )
}
