"""What people read of an action: the rule's own words in the language of the connection, never what we note for us."""

from datetime import UTC, datetime

import pytest

from chalicelib.core.actions import ActionKey
from chalicelib.core.case import Action, Case, CaseId
from chalicelib.core.events import Subject
from chalicelib.core.evidence import NOTHING
from chalicelib.core.rules import Do
from chalicelib.core.view import View
from chalicelib.core.words import ActionState
from chalicelib.flow.commands import command_of

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
CASE = Case(CaseId("main", "shop", Subject("order", "1")))
KEY = ActionKey("ship-by", "breach", 0, 0)
BOTH = {"text.zh": "很抱歉", "text.en": "We are sorry"}

TEXTS = [
    ("message_buyer", BOTH, "en", "We are sorry", "English"),
    ("message_buyer", BOTH, "zh", "很抱歉", "Chinese"),
    ("message_buyer", BOTH, "", "We are sorry", "English where the connection names none"),
    ("message_buyer", {"text.zh": "很抱歉"}, "en", "很抱歉", "the only text there is"),
    ("message_buyer", {}, "en", "", "a buyer never reads a note of ours"),
    ("remind_seller", {"text.en": "Ship today"}, "zh", "Ship today", "what a seller is told"),
    (
        "remind_seller",
        {},
        "en",
        "Redress: ship-by (p@1), step breach on order/1",
        "without a text, what the step is about",
    ),
]


NOTES = [
    ("remind_seller", {"text.en": "Ship today"}, "en", "By hand, remind the seller: Ship today"),
    ("remind_seller", {"text.zh": "请今日发货"}, "zh", "待人工提醒商家：请今日发货"),
    ("message_buyer", {}, "en", "By hand, message the buyer: Redress: ship-by (p@1), step breach on order/1"),
    ("note", {}, "en", "Redress: ship-by (p@1), step breach on order/1"),
]


@pytest.mark.parametrize(("name", "params", "language", "note"), NOTES)
def test_what_a_platform_cannot_say_is_noted_as_to_be_said_by_hand(
    name: str, params: dict[str, str | int], language: str, note: str
) -> None:
    action = Action("note", ActionState.PLANNED, "p@1", T0)
    assert command_of(CASE, KEY, action, Do(name, params), View(NOTHING, T0), language).note == note


@pytest.mark.parametrize(("name", "params", "language", "note", "why"), TEXTS, ids=[row[4] for row in TEXTS])
def test_the_text_of_an_action(name: str, params: dict[str, str | int], language: str, note: str, why: str) -> None:
    action = Action(name, ActionState.PLANNED, "p@1", T0)
    command = command_of(CASE, KEY, action, Do(name, params), View(NOTHING, T0), language)
    assert command.note == note
