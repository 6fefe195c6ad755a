"""Which part may import which, by reading the sources; and how light the receiver of webhooks stays.

entry, cli -> ops, sellers, connections, flow -> ports, platforms, channels, rules -> core; aws is bootstrap's alone.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.package import ROOT

CORE = {"core"}
EDGE = CORE | {"ports", "platforms", "channels", "rules"}
SHELL = EDGE | {"ops", "sellers", "connections", "flow"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": CORE,
    "platforms": {"core", "platforms"},
    "channels": {"core", "channels"},
    "ports": EDGE,
    "rules": EDGE,
    "flow": SHELL,
    "sellers": SHELL,
    "connections": SHELL,
    "ops": SHELL,
    "aws": {"core", "ports", "aws", "settings"},
    "bootstrap": SHELL | {"aws", "bootstrap", "settings"},
    "entry": SHELL | {"bootstrap", "entry"},
    "cli": SHELL | {"bootstrap", "cli", "settings"},
    "settings": set(),
    "packs": CORE,
    "calendars": CORE,
}
# Adapters and channels do no I/O, so of their own layer they know only themselves.

OUTSIDE: dict[str, set[str]] = {
    "boto3": {"aws"},
    "botocore": {"aws"},
    "requests": {"aws"},
    "urllib3": {"aws"},
    "pydantic": {"rules", "ops", "cli"},
    "yaml": {"rules", "ops", "cli"},
    "chalice": {"entry"},
    "infra": {"cli"},
    "tests": set(),
    "moto": set(),
    "msgspec": {"rules"},
    "tzdata": {"core", "rules", "cli"},
}
# What a pure core has no use for: the machine, the network, the clock, chance.
NOT_PURE = {
    "asyncio",
    "http",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "uuid",
}


def _sources() -> Iterator[Path]:
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts):
            yield path


def _part(path: Path) -> str:
    """The part of chalicelib that a source belongs to; chalicelib/__init__.py belongs to none."""
    inside = path.relative_to(ROOT / "chalicelib").parts
    return inside[0].removesuffix(".py")


@cache
def _tree(source: str) -> ast.Module:
    """Each source is looked at by several tests, and parsed once."""
    return ast.parse(source)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of all that a source imports, wherever in it; `from a import b` counts as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: found a relative import, wanted an absolute one"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _breaches(part: str, source: str) -> list[str]:
    """What a source of `part` imports and may not."""
    found = []
    for line, name in _imports(_tree(source)):
        top, *rest = name.split(".")
        if top == "chalicelib":
            if rest and rest[0] not in MAY_IMPORT[part]:
                found.append(f"{line}: {part} imports {name}")
        elif (top in OUTSIDE and part not in OUTSIDE[top]) or (part == "core" and top in NOT_PURE):
            found.append(f"{line}: {part} imports {name}")
    return found


def test_every_part_imports_only_what_lies_below_it() -> None:
    found = []
    for path in _sources():
        part = _part(path)
        if part != "__init__":
            assert part in MAY_IMPORT, f"{path.relative_to(ROOT)}: a part that DESIGN does not name"
            found += [f"{path.relative_to(ROOT)}:{each}" for each in _breaches(part, path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("part", "line", "breach"),
    [
        ("core", "from chalicelib.flow import hook", True),
        ("core", "import chalicelib.ports.stores", True),
        ("core", "import os", True),
        ("core", "import json", False),
        ("core", "from chalicelib.core import words", False),
        ("platforms", "from chalicelib.ports.http import Http", True),
        ("flow", "from chalicelib.aws import dynamo", True),
        ("flow", "from chalicelib import aws", True),
        ("flow", "import boto3", True),
        ("flow", "def late():\n    import yaml", True),
        ("ops", "import pydantic", False),
        ("entry", "import infra.local", True),
        ("cli", "import infra.local", False),
        ("bootstrap", "from chalicelib.aws import dynamo", False),
    ],
)
def test_the_rule_sees_what_it_should(part: str, line: str, breach: bool) -> None:
    assert bool(_breaches(part, line)) is breach


def test_requests_has_one_home() -> None:
    homes = {
        path.relative_to(ROOT).as_posix()
        for path in _sources()
        if any(name.split(".")[0] == "requests" for _, name in _imports(_tree(path.read_text())))
    }
    assert homes <= {"chalicelib/aws/http.py"}


def _clock_reads(tree: ast.AST) -> Iterator[int]:
    """Lines that ask the machine for the time."""
    asks = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
            if (name, node.func.attr) in asks:
                yield node.lineno


def _clock_breaches(source: str) -> list[int]:
    """Lines that ask for the time outside a class that implements the clock."""
    tree = _tree(source)
    allowed = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "Clock" in node.name
        for line in _clock_reads(node)
    }
    return [line for line in _clock_reads(tree) if line not in allowed]


def test_only_a_clock_tells_the_time() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in _sources() for line in _clock_breaches(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("now = datetime.now(UTC)", [1]),
        ("now = datetime.datetime.now(UTC)", [1]),
        ("import time\nnow = time.time()", [2]),
        ("class SystemClock:\n    def now(self):\n        return datetime.now(UTC)", []),
        ("now = self.clock.now()", []),
    ],
)
def test_the_clock_rule_sees_what_it_should(source: str, lines: list[int]) -> None:
    assert _clock_breaches(source) == lines


HEAVY = ("requests", "pydantic", "pydantic_core", "yaml")
JUDGES = ("chalicelib.core.rules", "chalicelib.core.evaluate", "chalicelib.core.settle", "chalicelib.core.calendars")
SETTINGS = {
    "REDRESS_STAGE": "test",
    "REDRESS_CONNECTIONS": "connections",
    "REDRESS_INBOX": "http://127.0.0.1:1/000000000000/inbox",
    "REDRESS_BUCKET": "bucket",
    "REDRESS_SECRETS_KEY": "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


def _loaded(code: str) -> set[str]:
    """Modules loaded after `code` has run in an interpreter of its own."""
    tell = "import sys; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], cwd=ROOT, env=SETTINGS, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


def test_the_receiver_stays_light() -> None:
    if not (ROOT / "chalicelib" / "bootstrap.py").exists():
        pytest.skip("chalicelib/bootstrap.py is not there yet")
    loaded = _loaded("import chalicelib.entry.hook\nfrom chalicelib import bootstrap\nbootstrap.hook()")
    assert "chalicelib" in loaded
    assert sorted(loaded.intersection(HEAVY)) == []
    # The hook judges nothing, so it pays for none of what judging needs: half of a cold start.
    assert sorted(loaded.intersection(JUDGES)) == []


def test_the_measure_of_lightness_sees_a_heavy_import() -> None:
    assert "yaml" in _loaded("import yaml")


def _source_of(name: str) -> Path | None:
    """The source that a dotted name of ours is, or stands in."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        for found in (path.with_suffix(".py"), path / "__init__.py"):
            if found.is_file():
                return found
    return None


def _deployed() -> dict[Path, set[str]]:
    """Each source that a function may come to import, and the packages of others that it imports."""
    found: dict[Path, set[str]] = {}
    left = [ROOT / "app.py", *(ROOT / "chalicelib" / "entry").glob("*.py")]
    while left:
        path = left.pop()
        if path in found:
            continue
        names = [name for _, name in _imports(_tree(path.read_text()))]
        found[path] = {top for name in names if (top := name.split(".")[0]) not in sys.stdlib_module_names}
        left += [ours for name in names if name.startswith("chalicelib.") and (ours := _source_of(name))]
    return found


def test_what_is_deployed_imports_only_what_is_shipped() -> None:
    lists = (ROOT / "requirements.txt").read_text().lower().splitlines()
    # Chalice adds itself, the runtime has boto3, PyYAML is imported as yaml, only checkers of types know the last.
    more = {"chalice", "boto3", "botocore", "chalicelib", "yaml", "_typeshed"}
    shipped = {line.split("==")[0] for line in lists} | more
    deployed = _deployed()
    assert ROOT / "chalicelib" / "rules" / "reader.py" in deployed
    foreign = {str(path.relative_to(ROOT)): names - shipped for path, names in deployed.items() if names - shipped}
    assert foreign == {}
