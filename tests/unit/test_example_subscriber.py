"""The subscriber to start from understands what Redress really sends."""

import json
from datetime import UTC, datetime, timedelta

from chalicelib.channels.cloudevents import cloud_event, encode
from chalicelib.channels.samples import sample
from chalicelib.channels.webhook import Subscriber, post
from examples.subscriber import Incidents, is_authentic

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECRET = "whsec_" + "c2VjcmV0LW9mLWEtdGVzdC1zaG9wLTAxMjM="


def test_it_takes_what_redress_signed_and_nothing_else() -> None:
    event = cloud_event(sample("clock.breached"))
    call = post(encode(event), str(event["id"]), Subscriber("pager", "https://alerts.example/in"), [SECRET], NOW)
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert is_authentic(headers, call.body, SECRET, NOW.timestamp())
    assert not is_authentic(headers, call.body + b" ", SECRET, NOW.timestamp())
    assert not is_authentic(headers, call.body, SECRET, (NOW + timedelta(minutes=6)).timestamp())
    assert not is_authentic({}, call.body, SECRET, NOW.timestamp())


def test_incidents_open_and_close_whatever_the_order_and_repetition() -> None:
    breached = json.loads(encode(cloud_event(sample("clock.breached"))))
    healed = json.loads(encode(cloud_event(sample("clock.withdrawn"))))
    healed["data"]["sequence"] += 64
    in_time, late = Incidents(), Incidents()
    assert in_time.take(breached) and list(in_time.open) == [breached["data"]["incident"]]
    assert not in_time.take(breached), "told twice, taken once"
    assert in_time.take(healed) and not in_time.open
    assert late.take(healed) and not late.take(breached) and not late.open, "what is older is dropped"
