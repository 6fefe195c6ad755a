"""The published Admin schema that the documents are checked against: introspection data from the npm package that
Shopify ships it in, fetched once into a folder that git ignores, and taken only if it is the very file we know."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema

PACKAGE = "@shopify/dev-mcp@1.16.0"
MEMBER = "package/dist/data/admin_2026-07.json.gz"
SHA256 = "5bcde995c89c59acdb2ee494378d96f45ce7378a16ec829a74b71d696a08ef19"
CACHE = Path(__file__).parents[2] / ".redress" / "cache" / "shopify-admin_2026-07.json.gz"


@lru_cache(maxsize=1)
def admin_schema() -> GraphQLSchema:
    """The schema of Admin API 2026-07. Skips, with the reason, where it cannot be had."""
    if not CACHE.exists():
        _fetch()
    raw = CACHE.read_bytes()
    assert hashlib.sha256(raw).hexdigest() == SHA256, f"not the file that we know: delete {CACHE.name} in the cache"
    return build_client_schema(json.loads(gzip.decompress(raw))["data"])


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is missing: the Admin schema cannot be fetched, so no GraphQL document is checked against it")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", folder]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm pack {PACKAGE} took longer than 2 minutes: no GraphQL document is checked")
        packed = next(Path(folder).glob("*.tgz"), None)
        if done.returncode or packed is None:
            pytest.skip(f"npm pack {PACKAGE} failed (exit {done.returncode}): no GraphQL document is checked")
        with tarfile.open(packed) as archive:
            member = archive.extractfile(MEMBER)
            assert member is not None, f"{MEMBER} is not in {PACKAGE}"
            raw = member.read()
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    beside = CACHE.with_suffix(f".{os.getpid()}")
    beside.write_bytes(raw)
    os.replace(beside, CACHE)
