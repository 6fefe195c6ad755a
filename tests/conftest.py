"""Which tests keep together when two processes share them: those on the one local engine, and those of the package."""

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in ("e2e", "infra"):
            item.add_marker(pytest.mark.xdist_group(folder))
