"""What a function carries: our code and the few libraries it needs, for the interpreter that will run it."""

import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.package import ROOT, Package, content_digest

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def names(packaged: Package) -> list[str]:
    with zipfile.ZipFile(packaged.code) as code:
        return code.namelist()


def _tops(names: list[str]) -> set[str]:
    return {name.split("/")[0].split("-")[0] for name in names}


def test_the_code_is_small(packaged: Package) -> None:
    assert packaged.code.stat().st_size < 12 * MEGABYTE


@pytest.mark.parametrize(
    "name", ["boto3", "botocore", "moto", "ministack", "pytest", "pip", "tests", "infra", "examples"]
)
def test_what_is_not_needed_is_not_carried(names: list[str], name: str) -> None:
    assert name not in _tops(names)


@pytest.mark.parametrize("name", ["app.py", "chalicelib", "chalice", "pydantic", "requests", "tzdata", "yaml"])
def test_what_is_needed_is_carried(names: list[str], name: str) -> None:
    assert name in _tops(names)


def test_no_cache_is_carried(names: list[str]) -> None:
    assert not [name for name in names if "__pycache__" in name or "/." in name]


def test_compiled_libraries_are_for_the_interpreter_that_packaged(names: list[str]) -> None:
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}-"
    compiled = [name for name in names if name.endswith(".so") and "pydantic_core" in name]
    assert compiled and all(tag in name for name in compiled)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    for tree in (".chalice", "infra", "chalicelib/entry"):
        shutil.copytree(ROOT / tree, tmp_path / tree, ignore=shutil.ignore_patterns("deployments", "__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        pytest.param(lambda root: (root / "chalicelib/entry/new.py").write_text("x = 1\n"), True, id="a new module"),
        pytest.param(lambda root: (root / "chalicelib/entry/hook.py").unlink(), True, id="a module removed"),
        pytest.param(lambda root: (root / "infra/policies/hook.json").write_text("{}"), True, id="a policy"),
        pytest.param(lambda root: (root / "infra/template.yaml").write_text("{}"), True, id="the template"),
        pytest.param(lambda root: (root / "requirements.txt").write_text("requests\n"), True, id="a requirement"),
        pytest.param(
            lambda root: (root / "infra/local.py").write_text(""), False, id="infra's own code is not shipped"
        ),
        pytest.param(
            lambda root: (root / "chalicelib/.hidden").write_text("x"), False, id="hidden files are not shipped"
        ),
    ],
)
def test_a_package_is_made_anew_when_what_it_is_made_of_changes(
    copy: Path, change: Callable[[Path], object], counts: bool
) -> None:
    before = content_digest(copy)
    change(copy)
    assert (content_digest(copy) != before) is counts


def test_requirements_are_pinned_to_the_last(packaged: Package, names: list[str]) -> None:
    pinned = {
        line.split("==")[0].lower().replace("-", "_")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    }
    carried = {name.split("-")[0].lower() for name in names if ".dist-info/" in name}
    assert carried == pinned
