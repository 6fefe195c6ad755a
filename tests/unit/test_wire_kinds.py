"""A kind that is no text is a mistake of the sender's, and never an error of ours."""

import pytest

from chalicelib.core.wire import BadEvent, read_event


@pytest.mark.parametrize("kind", [[], {}, [{}], 1, None, True, "teapot"])
@pytest.mark.parametrize("where", ["subject", "link"])
def test_a_kind_that_is_none_is_named(kind: object, where: str) -> None:
    good = {"kind": "order", "id": "1"}
    bad = {**good, "kind": kind}
    event = {
        "id": "e", "occurred_at": "2026-11-20T10:00:00Z", "subject": bad if where == "subject" else good,
        "facts": {"country": "CN"}, "links": [{"rel": "order", **(bad if where == "link" else good)}],
    }  # fmt: skip
    with pytest.raises(BadEvent) as error:
        read_event(event)
    assert error.value.field == ("subject.kind" if where == "subject" else "links[0].kind")
