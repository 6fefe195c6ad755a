"""Signed webhooks to subscribers: the call, the meaning of answers, and the schedule of tries."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.channels.webhook import (
    LONGEST_WAIT,
    TRIES,
    Answer,
    Subscriber,
    header_id,
    meaning,
    next_try,
    post,
)
from chalicelib.core.calls import Reply
from chalicelib.core.signing import format_secret, verify

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
NEW, OLD = format_secret(b"n" * 32), format_secret(b"o" * 32)
SUBSCRIBER = Subscriber("sub-1", "https://alerts.example/hook?key=canary")
EVENT = json.dumps({"id": "main:shop-1:order/1001|ship-by|128"}).encode()
ID = "main:shop-1:order/1001|ship-by|128"


def never_random() -> float:
    raise AssertionError("nothing to draw")


def drawing(number: float) -> Callable[[], float]:
    return lambda: number


def test_the_call_carries_the_event_as_it_is_signed_with_every_live_secret() -> None:
    call = post(EVENT, ID, SUBSCRIBER, [NEW, OLD], NOW)
    assert (call.method, call.url, call.body) == ("POST", SUBSCRIBER.url, EVENT)
    assert call.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert call.headers["webhook-id"] == ID
    for secret in (NEW, OLD):
        assert verify(call.headers, call.body, [secret], NOW) is None


def test_another_try_keeps_the_id_and_signs_its_own_instant() -> None:
    first, later = (post(EVENT, ID, SUBSCRIBER, [NEW], NOW + timedelta(hours=hours)) for hours in (0, 5))
    assert first.headers["webhook-id"] == later.headers["webhook-id"]
    assert verify(later.headers, EVENT, [NEW], NOW) is not None
    assert verify(later.headers, EVENT, [NEW], NOW + timedelta(hours=5)) is None


def test_nothing_is_posted_unsigned() -> None:
    with pytest.raises(ValueError, match="secret"):
        post(EVENT, ID, SUBSCRIBER, [], NOW)


def test_neither_call_nor_subscriber_shows_its_address() -> None:
    assert "canary" not in repr(SUBSCRIBER) + repr(post(EVENT, ID, SUBSCRIBER, [NEW], NOW))


IDS = [
    (ID, ID, "an id of our own making"),
    ("main:a:order/订|r|1", "main:a:order/%E8%AE%A2|r|1", "letters beyond ASCII"),
    ("main:a:order/1%2E5|r|1", "main:a:order/1%2E5|r|1", "what is escaped already stays"),
    ("a.b c\r\n", "a%2Eb%20c%0D%0A", "what would break the signature or the header"),
]


@pytest.mark.parametrize(("event_id", "header", "why"), IDS, ids=[row[2] for row in IDS])
def test_the_header_is_the_events_id(event_id: str, header: str, why: str) -> None:
    assert header_id(event_id) == header
    assert verify(post(EVENT, event_id, SUBSCRIBER, [NEW], NOW).headers, EVENT, [NEW], NOW) is None


def test_the_longest_id_can_be_signed() -> None:
    longest = f"{'a' * 40}:{'b' * 40}:complaint/{'订' * 66}xx|{'r' * 64}#{'.' * 200}|999999999"
    assert verify(post(EVENT, longest, SUBSCRIBER, [NEW], NOW).headers, EVENT, [NEW], NOW) is None


MEANINGS = [
    *((status, Answer.TAKEN) for status in (200, 201, 202, 204, 299)),
    (410, Answer.GONE),
    *((status, Answer.AGAIN) for status in (301, 302, 304, 307, 400, 401, 403, 404, 408, 413, 425, 429)),
    *((status, Answer.AGAIN) for status in (500, 501, 502, 503, 504, 599, 0, 100, 600)),
]


@pytest.mark.parametrize(("status", "answer"), MEANINGS)
def test_what_a_status_means_and_whether_it_is_tried_again(status: int, answer: Answer) -> None:
    reply = Reply(status)
    assert meaning(reply) is answer
    assert (next_try(1, reply, drawing(0.5), NOW) is not None) == (answer is Answer.AGAIN)


def test_no_answer_at_all_is_tried_again() -> None:
    assert meaning(None) is Answer.AGAIN
    assert next_try(1, None, drawing(0.5), NOW) == 5


def test_nothing_is_drawn_where_nothing_is_tried() -> None:
    assert next_try(1, Reply(200), never_random, NOW) is None
    assert next_try(1, Reply(410), never_random, NOW) is None
    assert next_try(TRIES, None, never_random, NOW) is None
    assert next_try(TRIES + 7, None, never_random, NOW) is None


@pytest.mark.parametrize(
    ("attempt", "drawn", "seconds"),
    [
        (1, 0.0, 1),
        (1, 0.5, 5),
        (1, 0.99, 10),
        (2, 0.5, 10),
        (5, 0.5, 80),
        (10, 0.5, 2560),
        (11, 0.5, 3600),
        (33, 0.5, 3600),
        (33, 0.0, 1),
        (0, 0.5, 5),
        (-3, 0.5, 5),
    ],
)
def test_the_bound_doubles_up_to_two_hours_and_the_wait_is_drawn_below_it(
    attempt: int, drawn: float, seconds: int
) -> None:
    assert next_try(attempt, None, drawing(drawn), NOW) == seconds


def test_all_tries_together_span_about_a_day() -> None:
    waits = [next_try(attempt, None, drawing(0.5), NOW) for attempt in range(1, TRIES)]
    total = sum(wait for wait in waits if wait is not None)
    assert len(waits) == 33 and None not in waits
    assert timedelta(hours=22) < timedelta(seconds=total) < timedelta(hours=26)


def in_form(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


RETRY_AFTER = [
    ("120", 120, "seconds"),
    (" 120 ", 120, "seconds with spaces"),
    ("3", 5, "less than what is drawn"),
    ("0", 5, "nought"),
    ("7200", 7200, "two hours"),
    ("7201", 7200, "more than two hours"),
    ("86400", 7200, "a day"),
    ("9" * 5000, 7200, "more digits than int() takes"),
    ("-5", 5, "below nought"),
    ("1.5", 5, "a fraction"),
    ("１２０", 5, "full-width digits"),
    ("soon", 5, "a word"),
    ("", 5, "nothing"),
    (in_form(90), 90, "a date"),
    (in_form(-90), 5, "a date that has passed"),
    (in_form(10**7), 7200, "a date far away"),
    ("Sunday, 22-Nov-26 10:01:30 GMT", 90, "the date of RFC 850"),
    ("Sun Nov 22 10:01:30 2026", 90, "the date of asctime, without a zone"),
    ("Sun, 22 Nov 2026 18:01:30 +0800", 90, "a date in another zone"),
    ("Sun, 99 Nov 2026 10:01:30 GMT", 5, "a day that is none"),
    ("Sun, 22 Nov 99999 10:01:30 GMT", 5, "a year that is none"),
    ("Fri, 31 Dec 9999 23:59:59 -2359", 7200, "the end of time"),
]


@pytest.mark.parametrize(("text", "seconds", "why"), RETRY_AFTER, ids=[row[2] for row in RETRY_AFTER])
def test_retry_after_is_waited_for_in_both_forms_and_up_to_two_hours(text: str, seconds: int, why: str) -> None:
    assert next_try(1, Reply(503, {"retry-after": text}), drawing(0.5), NOW) == seconds


def test_retry_after_makes_no_try_out_of_an_end() -> None:
    assert next_try(1, Reply(410, {"retry-after": "5"}), never_random, NOW) is None
    assert next_try(TRIES, Reply(503, {"retry-after": "5"}), never_random, NOW) is None


@given(
    st.integers(-5, 40),
    st.none() | st.builds(Reply, st.integers(0, 999), st.fixed_dictionaries({"retry-after": st.text(max_size=60)})),
    st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_always_between_a_second_and_two_hours(attempt: int, reply: Reply | None, drawn: float) -> None:
    wait = next_try(attempt, reply, drawing(drawn), NOW)
    assert wait is None or 1 <= wait <= LONGEST_WAIT


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_event_id_can_be_signed_and_verified(event_id: str) -> None:
    assert verify(post(EVENT, event_id, SUBSCRIBER, [NEW], NOW).headers, EVENT, [NEW], NOW) is None
