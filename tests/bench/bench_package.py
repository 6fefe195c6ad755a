"""How large the zip is that every Lambda function gets. Writes docs/bench/package.json. Packaging asks for wheels."""

import zipfile
from collections import Counter

import pytest

from infra.package import package
from tests.bench.figures import at_most, save

pytestmark = pytest.mark.bench

AIM = 12


def test_the_size_of_the_package() -> None:
    code = package().code
    parts = Counter[str]()
    with zipfile.ZipFile(code) as opened:
        for one in opened.infolist():
            parts[one.filename.partition("/")[0]] += one.compress_size
    size = code.stat().st_size
    save(
        "package",
        {"task": "the zip of the functions, as it is deployed", "bytes": size, "largest": dict(parts.most_common(6))},
        [at_most("Lambda package, zipped", size / 1e6, AIM, "MB", 1)],
    )
