"""The JSON Schema of outgoing events, published at `docs/schemas/escalation.schema.json` for those who consume them.

It promises what is there and of which form; consumers must pass over fields that they do not know.
`python -m chalicelib.channels.schema > docs/schemas/escalation.schema.json` writes it anew.
"""

import json

from chalicelib.channels.cloudevents import PREFIX, TYPES
from chalicelib.core.words import SEVERITIES, Mode, Status

_NAMED: dict[str, object] = {"type": "string", "minLength": 1}
_STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


def _instant(what: str, *, or_null: bool = True) -> dict[str, object]:
    kind: object = ["string", "null"] if or_null else "string"
    return {"type": kind, "format": "date-time", "pattern": _STAMP, "description": what}


def _text(what: str) -> dict[str, object]:
    return {"type": "string", "description": what}


def _status(what: str) -> dict[str, object]:
    return {"enum": [*(status.value for status in Status), None], "description": what}


def escalation_schema() -> dict[str, object]:
    """The schema (draft 2020-12) as a JSON object."""
    data: dict[str, object] = {
        "case": _text("CONNECTION:KIND/ID; empty where the event is not about a case"),
        "seller": _text("id of the obliged seller, empty where unknown"),
        "rule": _text("id of the rule"),
        "clock": _text("the rule, or rule#of where it runs once for each occurrence"),
        "version": _text("POLICY@N by which the clock was judged"),
        "basis": {"enum": ["law", "platform", "policy", ""], "description": "what the rule rests on"},
        "cite": _text("the article, where there is one"),
        "status": _status("of the clock, afterwards"),
        "previous": _status("of the clock, before"),
        "start": _instant("when the clock started"),
        "due": _instant("the first instant that is too late"),
        "stop": _instant("when the thing was done"),
        "zone": _text("IANA zone in which the clock counts"),
        "severity": {"enum": list(SEVERITIES)},
        "mode": {"enum": [*(mode.value for mode in Mode), ""], "description": "what Redress does about it here"},
        "incident": _text("equal for everything about one clock: open and close by it"),
        "sequence": {"type": "integer", "minimum": 0, "description": "grows per case, with gaps; drop what is older"},
        "summary": {
            "type": "object",
            "properties": {"zh": _NAMED, "en": _NAMED},
            "required": ["zh", "en"],
            "description": "one sentence for people",
        },
        "explain": _text("where to read how the deadline was counted; empty where there is none"),
    }
    extras = {
        "step": _text("of the rule, for redress.step.* and what it did"),
        "action": _text("the action, for redress.action.* and redress.penalty.*"),
        "key": _text("the action's key within its case"),
        "reason": _text("a short code"),
    }
    event: dict[str, object] = {
        "specversion": {"const": "1.0"},
        "id": _NAMED | {"description": "the same on every repetition; also the header webhook-id"},
        "source": _NAMED | {"pattern": "^redress/", "description": "redress/ACCOUNT/CONNECTION"},
        "type": {"enum": sorted(PREFIX + kind for kind in TYPES)},
        "subject": _NAMED | {"description": "KIND/ID"},
        "time": _instant("when the thing became true", or_null=False),
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object", "properties": data | extras, "required": list(data)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "escalation.schema.json",
        "title": "Redress escalation",
        "description": "A CloudEvents 1.0 event in JSON, as put on the bus and posted to subscribers. At least once.",
        "type": "object",
        "properties": event,
        "required": list(event),
    }


def published() -> str:
    """The schema's file, to the byte."""
    return json.dumps(escalation_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(published(), end="")
