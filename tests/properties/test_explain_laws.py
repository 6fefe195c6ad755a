"""An explanation fits its verdict, whatever the rule: no gap, no overlap, from the first start to the due."""

from html.parser import HTMLParser
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core.case import Case, CaseId
from chalicelib.core.clocks import PAUSED
from chalicelib.core.evaluate import evaluate
from chalicelib.core.events import Event
from chalicelib.core.evidence import NOTHING, merge_all
from chalicelib.core.explain import explanation, intervals, page, sentences
from chalicelib.core.judge import calendar_of
from chalicelib.core.rules import Rule
from chalicelib.core.view import View
from tests.properties import histories as h

CASE = CaseId("main", "shop-1", h.SUBJECT)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(h.histories, h.rules, st.integers(0, 300))
def test_every_clock_explains_itself_without_a_gap(events: list[Event], rule: Rule, hour: int) -> None:
    evidence, now = merge_all(NOTHING, events), h.hours(hour)
    for clock in evaluate(Case(CASE, evidence), h.always(rule), h.CALENDARS, now).clocks:
        calendar = calendar_of(rule, View(evidence, now), h.CALENDARS)
        shown = intervals(clock, calendar, now)
        assert all(one.end == other.begin for one, other in pairwise(shown))
        assert all(one.begin < one.end and one.why["zh"] and one.why["en"] for one in shown)
        end = now if clock.due is None and clock.reason == PAUSED else clock.due
        begins = min((*clock.rounds, clock.start)) if clock.start else None
        if begins is not None and end is not None and begins < end:
            assert (shown[0].begin, shown[-1].end) == (begins, end)
        for lang in ("zh", "en"):
            assert len(explanation("order/1", clock, calendar, now, lang)["intervals"]) == len(shown)
            assert sentences("order/1", clock, calendar, now, lang)
            HTMLParser().feed(page("order/<1>", clock, calendar, now, lang))
            assert "<1>" not in page("order/<1>", clock, calendar, now, lang)
