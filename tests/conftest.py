"""Which tests keep together when two processes share them: those on the one local engine, and those of the package."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A property is about what holds, never about how long it took on a machine that is busy. Where a change is let in or
# not (.ci/run) the examples are the same each time; elsewhere each run looks at others.
settings.register_profile(
    "redress", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("redress")

TESTS = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in ("e2e", "infra"):
            item.add_marker(pytest.mark.xdist_group(folder))
