"""What a compiled policy is written as, reads back as the same policy: packs, the handbook's examples, made-up ones."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.core.rules import Policy
from chalicelib.rules import written
from chalicelib.rules.packs_page import NAMES
from chalicelib.rules.reader import read_file, read_text

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "handbook.md").read_text(encoding="utf-8")
EXAMPLES = [text.replace("OFFICE", "CN-JD") for text in re.findall(r"```yaml policy\n(.*?)```", PAGE, re.DOTALL)]
ALL_SORTS = """
policy: all-sorts
declare: {marks: [order.packed], facts: {tier: {type: code, default: basic}, weight: {type: number, unit: kg},
  sealed: {type: flag, default: false}, parts: {type: number, default: 0}}}
rules:
  - id: a
    title: {en: A}
    applies_to: order
    calendar: Europe/Berlin
    valid_from: 2026-01-01
    valid_to: 2026-12-31
    unless: order.presale && order.tier == 'gold'
    clock:
      start: {later_of: [order.paid, {earlier_of: [{last: order.placed, offset: -90m}, order.approved], offset: 2h}]}
      stop: [{all: order.part_shipped, count: pieces, offset: 1h}, {first: order.shipped, offset: 90s}]
      pause: [{from: inspection.started, to: inspection.ended, floor: {minutes: 90}}]
      limit: {max: [{seconds: 61}, {hours: 5, first_hour: next_full}, {ahead_of: deliver_by, months: 1}, {years: 2}]}
      restart: [inspection.failed]
      extend: [{on: order.packed, to: {date: 02-29}}]
      cap: {years: 3, first_day: included}
      again: {days: 30}
    steps:
      - {at: start + 45m, do: [note, {message_buyer: {text: {zh: 您好, en: "hello: you"}}}], late_ok: 0s}
      - {id: call, at: due - 1mo, do: [{webhook: pager}], every: 1d, times: 3, when: order.weight > 1.5}
      - {at: call + 2h, do: [{refund: full}, {open_complaint: late}, alert]}
      - {at: 150%, do: {penalise: {code: late, points: 0}}}
      - {at: {after: ship_by, limit: {working_hours: 4}}, do: [{impose: {measure: suspend}}]}
"""


def again(policy: Policy) -> Policy:
    return read_text(json.dumps(written.policy(policy), ensure_ascii=False))


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_is_the_same_when_it_is_read_again(name: str) -> None:
    assert again(read_file(name)) == read_file(name)


@pytest.mark.parametrize("text", [*EXAMPLES, ALL_SORTS.replace("Europe/Berlin", "DE")], ids=lambda text: text[:20])
def test_an_example_is_the_same_when_it_is_read_again(text: str) -> None:
    assert again(read_text(text)) == read_text(text)


def test_a_rule_is_shown_in_the_language_of_the_files() -> None:
    shown = written.lines(written.rule(read_file("cn-consumer").rules[0]))
    assert shown[0].startswith("cn-7day-refund  收到退货后七日内退款 / Refund within 7 days")
    assert shown[2].startswith("  cite: 消费者权益保护法 第二十五条第三款")
    assert shown[3:] == [
        "  obliged: seller",
        "  applies_to: refund",
        "  when: refund.country == 'CN' && !refund.exempt",
        "  calendar: CN",
        "  start: return.received",
        "  stop: [{sum: refund.paid, reaches: amount}]",
        "  void: [refund.withdrawn]",
        "  pause: [{from: inspection.started, to: inspection.ended}]",
        "  limit: {days: 7, roll: next_working_day}",
        "  half at 50%: remind_seller",
        "  eve at due - 1d: warn_seller, {alert: warning}",
        "  breach at due: {alert: error}, {tag: sla-breached}",
        "  fine-line at {days: 15, roll: next_working_day}: {alert: critical}, "
        "{penalise: {code: late-refund, points: 4}}",
    ]
