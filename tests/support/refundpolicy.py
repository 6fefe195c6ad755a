"""A small policy of refunds, and what becomes of it when something in it is edited."""

import pytest

from chalicelib.rules.problems import Mistakes
from chalicelib.rules.reader import read_text

GOOD = """\
policy: demo
calendar: Asia/Shanghai
rules:
  - id: refund-7d
    title: {zh: 七日内退款, en: Refund within 7 days}
    basis: law
    cite: Article 25
    applies_to: refund
    clock:
      start: return.received
      stop: [{sum: refund.paid, reaches: amount}]
      void: [refund.withdrawn]
      pause: [{from: inspection.started, to: inspection.ended}]
      limit: {days: 7, first_day: excluded}
    steps:
      - {id: half, at: 50%, do: [remind_seller]}
      - {at: due - 1d, do: [{alert: {severity: error}}], late_ok: 2h}
      - {id: fine, at: {days: 15}, do: [{penalise: {code: late, points: 4}}]}
"""


def edited(old: str, new: str) -> str:
    assert old in GOOD, "the row edits what is not there"
    return GOOD.replace(old, new)


def in_china(text: str) -> str:
    """The same as a house rule, in a calendar with days of rest."""
    return text.replace("calendar: Asia/Shanghai", "calendar: CN").replace("basis: law", "basis: policy")


def problems(text: str) -> list[tuple[int, str, str, str]]:
    with pytest.raises(Mistakes) as caught:
        read_text(text, "demo.yaml")
    assert {one.file for one in caught.value.problems} == {"demo.yaml"}
    return [(one.line, one.field, one.found, one.wanted) for one in caught.value.problems]
