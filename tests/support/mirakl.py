"""Looks and levers of Mirakl, driven over the fake instance."""

from datetime import datetime

from chalicelib.core.events import Event, Subject
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.view import View
from chalicelib.platforms.base import Adapter, Command, Read, Session, Shop
from chalicelib.platforms.mirakl import Mirakl
from tests.fakes.driving import act, drive
from tests.fakes.mirakl import FakeMirakl

MIRAKL: Adapter = Mirakl()
KEY = "main:m:order/2026-0001-A|ship-by|breach|0|1"
OPTIONS = {
    "refund_reason": "REDRESS", "incident_reason": "1", "close_reason": "9", "note_field": "redress-note",
    "tag_field": "redress-tags", "immunity_days": "14", "state_change_path": "api/shops/states",
}  # fmt: skip


def session(fake: FakeMirakl, **options: str) -> Session:
    return Session(Shop("m", "mirakl", fake.base, options={**OPTIONS, **options}), {"api_key": fake.key}, fake.now)


def look(fake: FakeMirakl, kind: str, ident: object) -> Read:
    found = drive(MIRAKL.look(Subject(kind, str(ident)), session(fake)), fake.send)
    assert isinstance(found, Read), found
    for word in ("Ada", "ada@example", "Hauptstrasse", "I am", "Where is it"):
        assert word not in repr(found), "personal data, or free text, in an event"
    return found


def of(found: Read, subject: str) -> Event:
    return next(one for one in found.events if str(one.subject) == subject)


def marks(event: Event) -> dict[str, list[datetime | None]]:
    told: dict[str, list[datetime | None]] = {}
    for mark in event.marks:
        told.setdefault(mark.name, []).append(mark.at)
    return told


def view(*reads: Read, kind: str = "order") -> View:
    mine = [event for one in reads for event in one.events if event.subject.kind == kind]
    return View(merge_all(NOTHING, mine), datetime.max.replace(tzinfo=mine[0].occurred_at.tzinfo))


SELLER = {"suspend", "restore", "close_shop", "reopen_shop", "hold_payout", "release_payout", "restrict", "unrestrict",
          "blacklist", "unblacklist"}  # fmt: skip


def command(action: str, target: object, **more: object) -> Command:
    kind = "seller" if action in SELLER else "listing" if action in ("delist", "relist") else "order"
    defaults: dict = {"key": KEY, "action": action, "subject": Subject(kind, str(target)), "note": "Please hurry."}
    return Command(**{**defaults, **more})


def do(fake: FakeMirakl, action: str, target: object, tries: int = 10, **more: object) -> object:
    return act(MIRAKL.levers[action], session(fake), command(action, target, **more), fake, tries)
