"""The page of samples is current, complete, and keeps the published schema."""

from pathlib import Path

import jsonschema
import pytest

from chalicelib.channels.cloudevents import TYPES, cloud_event
from chalicelib.channels.samples import SAID, page, sample
from chalicelib.channels.schema import escalation_schema

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_sample_keeps_the_published_schema(kind: str) -> None:
    jsonschema.validate(cloud_event(sample(kind)), escalation_schema())


def test_every_type_that_goes_out_is_on_the_page_and_the_page_is_current() -> None:
    assert set(SAID) == set(TYPES)
    wanted = page()
    assert (ROOT / "docs" / "events.md").read_text() == wanted, "python -m chalicelib.channels.samples > docs/events.md"
