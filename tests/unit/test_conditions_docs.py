"""docs/conditions.md holds what it says: each example is read and judged on the case that the page shows."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.core.calendars import Calendars
from chalicelib.core.case import Case, CaseId
from chalicelib.core.evaluate import evaluate
from chalicelib.core.evidence import NOTHING, merge
from chalicelib.core.rules import Point, Policy, Rule, Span
from chalicelib.core.versions import Policies
from chalicelib.core.wire import read_event
from chalicelib.core.words import CORE, Status
from chalicelib.rules.conditions import ConditionError, parse

PAGE = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")
EVENT = read_event(json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0]))


def examples(kind: str) -> list[tuple[str, str]]:
    """Each line of such blocks: the condition, and the answer after the last `//`."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith("//")]
    return [(text.strip(), answer.strip()) for text, _, answer in (line.rpartition(" // ") for line in lines)]


def test_the_page_has_its_examples() -> None:
    assert (len(examples("cel")), len(examples("cel refused"))) == (26, 9)


@pytest.mark.parametrize(("text", "answer"), examples("cel"))
def test_an_example_answers_as_the_page_says(text: str, answer: str) -> None:
    start, stop = Point("refund.requested"), (Point("refund.paid"),)
    rule = Rule("refund", "refund", start, stop, Span(7 * 86_400), when=parse(text, CORE, "refund"))
    case = Case(CaseId("main", "shop-1", EVENT.subject), merge(NOTHING, EVENT))
    verdict = evaluate(case, Policies.always(Policy("p", 1, "d", (rule,))), Calendars(), EVENT.occurred_at)
    if answer == "false":
        assert verdict.clocks == ()
        return
    (clock,) = verdict.clocks
    told = "true" if clock.status is Status.RUNNING else clock.reason
    assert told == answer


@pytest.mark.parametrize(("text", "answer"), examples("cel refused"))
def test_a_mistake_is_told_as_the_page_says(text: str, answer: str) -> None:
    with pytest.raises(ConditionError) as told:
        parse(text, CORE, "refund")
    assert str(told.value) == answer
