"""The published JSON Schemas: of policy files, from their models; of events, from the table of words.

    python -m chalicelib.rules.schema docs/schemas

writes them. They help editors and senders; what is taken in the end is what the readers take.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from chalicelib.core.facts import ID_BYTES
from chalicelib.core.words import FACTS, KINDS, MARKS, SOURCES, FactType
from chalicelib.rules.models import Policy

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, Any]:
    """Of a policy file."""
    schema = TypeAdapter(Policy).json_schema(mode="validation")
    return {"$schema": _DRAFT, "$id": "urn:redress:policy", **_untitled(schema)}


def _untitled(schema: Any, names: bool = False) -> Any:
    """Without the titles that only repeat the names of keys and models."""
    if isinstance(schema, list):
        return [_untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _untitled(value, names=key in ("properties", "$defs"))
        for key, value in schema.items()
        if names or key != "title" or not isinstance(value, str)
    }


_INSTANT = {
    "type": "string",
    "description": "RFC 3339 with Z or an offset; cut to the millisecond",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_ID = {
    "type": "string",
    "minLength": 1,
    "maxLength": ID_BYTES,
    "description": f"NFC, at most {ID_BYTES} bytes, no control characters",
}
_MONEY = {"type": "string", "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$", "examples": ["199.00"]}
_VERSION = {"anyOf": [_INSTANT, {"type": "integer", "minimum": 0, "exclusiveMaximum": 10**18}]}
_FACTS: dict[FactType, dict[str, Any]] = {
    FactType.CODE: {"type": "string", "minLength": 1, "maxLength": 120},
    FactType.ID: _ID,
    FactType.COUNTRY: {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1"},
    FactType.CURRENCY: {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"},
    FactType.ZONE: {"type": "string", "examples": ["Asia/Shanghai"]},
    FactType.MONEY: _MONEY,
    FactType.INSTANT: {"anyOf": [_INSTANT, _DATE], "description": "a date alone means the whole of that day"},
    FactType.NUMBER: {"type": ["number", "string"]},
    FactType.FLAG: {"type": "boolean"},
}


def _nullable(schema: dict[str, Any], what: str) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "description": f"null takes the {what} back"}


def event_schema() -> dict[str, Any]:
    """Of an event on the wire. Policies may declare more marks and facts; unknown ones are left out and counted."""
    kind = {"enum": sorted(KINDS)}
    mark = {
        "type": "object",
        "required": ["name", "at"],
        "properties": {
            "name": {"type": "string", "examples": sorted(MARKS)},
            "at": _nullable(_INSTANT, "mark"),
            "of": {"anyOf": [_ID, {"enum": ["", None]}], "description": "which piece, occurrence or round"},
            "version": {"anyOf": [_VERSION, {"type": "null"}]},
            "value": {"anyOf": [_MONEY, {"type": "null"}]},
        },
    }
    link = {
        "type": "object",
        "required": ["rel", "kind", "id"],
        "properties": {"rel": _ID, "kind": kind, "id": _ID},
    }
    facts = {
        name: _nullable(_FACTS[word.type], "fact") for name, word in FACTS.items() if name not in ("seller", "buyer")
    }
    return {
        "$schema": _DRAFT,
        "$id": "urn:redress:event",
        "type": "object",
        "required": ["id", "subject", "occurred_at"],
        "anyOf": [{"required": [name]} for name in ("marks", "facts", "links", "whole", "seller")],
        "properties": {
            "id": _ID,
            "subject": {"type": "object", "required": ["kind", "id"], "properties": {"kind": kind, "id": _ID}},
            "seller": _nullable(_ID, "fact"),
            "buyer": _nullable(_ID, "fact"),
            "occurred_at": _INSTANT,
            "version": {"anyOf": [_VERSION, {"type": "null"}], "description": "default: occurred_at"},
            "source": {"enum": list(SOURCES), "default": "platform"},
            "look": {"type": "boolean", "default": False},
            "reading": {"type": "integer", "minimum": 0, "maximum": 999_999, "default": 0},
            "marks": {"anyOf": [{"type": "array", "items": mark}, {"type": "null"}]},
            "facts": {"anyOf": [{"type": "object", "properties": facts}, {"type": "null"}]},
            "whole": {
                "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
                "description": "marks whose every live occurrence this event lists",
            },
            "links": {"anyOf": [{"type": "array", "items": link}, {"type": "null"}]},
        },
    }


def published() -> dict[str, str]:
    """The files, by name."""
    schemas = {"policy.schema.json": policy_schema(), "event.schema.json": event_schema()}
    return {name: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in schemas.items()}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in published().items():
        (directory / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
