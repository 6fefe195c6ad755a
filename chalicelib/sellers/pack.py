"""The pack of penalties in its compiled form: it is always in force, and what runs reads no YAML.

`python -m chalicelib.sellers.pack` writes it anew from `chalicelib/packs/penalties.yaml`; a test says that it is
current.
"""

import json
from functools import cache
from pathlib import Path

from chalicelib.core import compiled
from chalicelib.core.rules import Policy

NAME, NUMBER = "penalties", 0
"""Versions that ops activate are numbered from 1."""
PACKS = Path(__file__).resolve().parent.parent / "packs"
COMPILED = PACKS / f"{NAME}.json"


@cache
def penalties() -> Policy:
    """The pack as it ships."""
    return compiled.load(json.loads(COMPILED.read_text(encoding="utf-8")))


def written() -> str:
    """What the file should hold."""
    from chalicelib.rules.reader import read_file

    policy = read_file(str(PACKS / f"{NAME}.yaml"), NUMBER)
    return json.dumps(compiled.dump(compiled.sealed(policy)), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    COMPILED.write_text(written(), encoding="utf-8")
