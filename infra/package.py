"""Packages the functions: one zip and one template, as Chalice writes them with ours merged in.

The laptop and the cloud get the same bytes. A package is kept under the digest of what it is made of, as most starts
change nothing and Chalice asks the package registry whenever a line of code has changed.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHALICE_STAGE = "redress"
"""The one stage that Chalice knows: what differs between deployments are parameters of the stack."""

_SOURCES = ("app.py", "requirements.txt", ".chalice/config.json", "infra/template.yaml")
_TREES = ("chalicelib", "infra/policies", "vendor")
_KEPT = 12


class PackageError(Exception):
    """Chalice could not package the project; the text is what it printed."""


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged project: the code of every function, and the template that refers to it by a relative path."""

    digest: str
    template: Path
    code: Path


def package(root: Path = ROOT, cache: Path | None = None) -> Package:
    """Packages the project at `root`, or returns the package of the same content made before.

    Raises PackageError. Several processes may call it at once: one packages, the others wait for it.
    """
    home = cache or root / ".redress" / "package"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = content_digest(root)
        if (home / digest).exists():
            os.utime(home / digest)
            return _of(home, digest)
        # What is packaged is a copy, and named after the copy: a source saved meanwhile belongs to the next package.
        source = home / "source"
        _copy(root, source)
        digest = content_digest(source)
        fresh = home / "new"
        shutil.rmtree(fresh, ignore_errors=True)
        _run_chalice(source, fresh)
        shutil.rmtree(home / digest, ignore_errors=True)
        fresh.rename(home / digest)
        _forget_old(home)
    return _of(home, digest)


def _of(home: Path, digest: str) -> Package:
    return Package(digest, home / digest / "sam.yaml", home / digest / "deployment.zip")


def content_digest(root: Path) -> str:
    """The digest of all that a package is made of: sources, lists, the packager and the interpreter it packages for."""
    total = hashlib.sha256()
    total.update(f"{sys.version_info[:2]} chalice {importlib.metadata.version('chalice')}\n".encode())
    for path in _inputs(root):
        total.update(f"{path.relative_to(root)}\n".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:32]


def _inputs(root: Path) -> Iterator[Path]:
    """Every file that goes into a package: no cache and nothing hidden, whatever lies about in the tree."""
    yield from (root / name for name in _SOURCES)
    for tree in _TREES:
        for path in sorted((root / tree).rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
                yield path


def _copy(root: Path, source: Path) -> None:
    """Lays the inputs out afresh for Chalice, which would ship every file it finds."""
    shutil.rmtree(source, ignore_errors=True)
    for path in _inputs(root):
        place = source / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _run_chalice(root: Path, out: Path) -> None:
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "--project-dir", str(root), "package"]
    options = ["--stage", CHALICE_STAGE, "--template-format", "yaml", "--merge-template", "infra/template.yaml"]
    # Packaging asks for a region and calls nobody; a person's own settings must not leak into the result.
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**others, "AWS_DEFAULT_REGION": "us-east-1"}
    ran = subprocess.run(
        [*command, *options, str(out)],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise PackageError(f"chalice package ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}".rstrip())


def _forget_old(home: Path) -> None:
    made = sorted(
        (p for p in home.iterdir() if p.is_dir() and p.name != "source"), key=lambda p: p.stat().st_mtime, reverse=True
    )
    for path in made[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
