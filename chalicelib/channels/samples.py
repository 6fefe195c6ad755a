"""A sample of every event that goes out, and the page that shows them.

`python -m chalicelib.channels.samples > docs/events.md` writes the page anew; a test says that it is current and that
every sample keeps the published schema.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.channels.cloudevents import PREFIX, Escalation, cloud_event
from chalicelib.channels.texts import TEMPLATES

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
DUE = START + timedelta(days=2)
_TITLE = {"zh": "四十八小时内发货", "en": "Ship within 48 hours"}
_CASE = Escalation(
    "main:shop-1:order/1001|ship-by|28672", "clock.started", "main", "shop-1", "order/1001", START, 28672,
    "shop-1:order/1001|ship-by", case="shop-1:order/1001", seller="s-17", rule="ship-by", clock="ship-by",
    version="demo@3", basis="policy", title=_TITLE, status="running", start=START, due=DUE, zone="Asia/Shanghai",
    mode="act", explain="https://ops.example/redress/explain/shop-1/order/1001/ship-by",
)  # fmt: skip
_STORE = replace(
    _CASE, id="main:shop-1:connection/shop-1|silent|1", subject="connection/shop-1", case="shop-1:connection/shop-1",
    incident="shop-1:connection/shop-1|silent", seller="", rule="", clock="", version="", basis="", title={},
    status=None, start=None, due=None, zone="", mode="", explain="",
)  # fmt: skip
_STEP = replace(_CASE, at=DUE, status="breached", previous="breached", step="breach")

SAID: Mapping[str, str] = {
    "clock.started": "a deadline began to run",
    "clock.paused": "it stands still, for a reason that its rule names",
    "clock.resumed": "it runs on, with a new due",
    "clock.warned": "an alert that a rule set before the due",
    "clock.breached": "the due passed without the act",
    "clock.storm": "many breaches of one rule at once, told as one; their penalties wait for a person",
    "clock.met": "the act came in time",
    "clock.met_late": "the act came after the due",
    "clock.voided": "the duty fell away before its due",
    "clock.due_changed": "the due moved: a platform or a fact said so",
    "clock.withdrawn": "what was said of this clock was wrong: close the incident as withdrawn",
    "step.taken": "a step of the rule came up",
    "step.withdrawn": "late facts show that it was not due; what it did is being taken back",
    "action.done": "something was done on the shop",
    "action.refused": "the shop, or the lack of a lever, said no",
    "action.unknown": "nobody can tell whether it was done: a person must look",
    "penalty.proposed": "a penalty waits for a person",
    "penalty.imposed": "an entry against a seller stands",
    "penalty.appealed": "the seller appealed",
    "penalty.upheld": "the appeal failed",
    "penalty.reversed": "the penalty is undone, on the platform and in the ledger",
    "penalty.expired": "its points count no more",
    "source.silent": "a shop has not been heard of for too long",
    "source.recovered": "it is heard again",
    "source.unreadable": "a delivery lies in quarantine until its reading is mended and it is replayed",
    "policy.activated": "a version of a policy came into force",
    "policy.rolled_back": "an older version is in force again",
}


def sample(kind: str) -> Escalation:
    """A plausible event of a type (without the prefix). Raises KeyError for a type that is not one."""
    TEMPLATES[kind]
    group = kind.partition(".")[0]
    if group == "source":
        return replace(_STORE, type=kind, reason="[0].occurred_at" if kind == "source.unreadable" else "")
    if group == "policy":
        return replace(_STORE, type=kind, subject="policy/demo", version="demo@3", case="", incident="policy|demo")
    if group == "penalty":
        return replace(_STEP, type=kind, step="fine", key="ship-by|fine|0|0", action="penalise")
    if group == "step":
        return replace(_STEP, type=kind)
    if group == "action":
        reason = "no_lever" if kind == "action.refused" else ""
        return replace(_STEP, type=kind, key="ship-by|breach|0|1", action="tag", reason=reason)
    if kind == "clock.storm":
        storm = replace(_STORE, type=kind, at=DUE, rule="ship-by", clock="ship-by", title=_TITLE, reason="storm")
        return replace(storm, incident="shop-1:connection/shop-1|storm|ship-by")
    status, stop = _ENDS.get(kind, ("running", None))
    at = DUE if kind in ("clock.breached", "clock.withdrawn") else stop or START + timedelta(hours=30)
    previous = _BEFORE.get(kind, "running")
    at = START if kind == "clock.started" else at
    # Nobody knows the due of a clock that stands still; when it runs on, it has moved by as much.
    due = None if kind == "clock.paused" else DUE + timedelta(hours=6) if kind == "clock.resumed" else DUE
    return replace(_CASE, type=kind, at=at, status=status, previous=previous, stop=stop, due=due)


_BEFORE: Mapping[str, str | None] = {
    "clock.started": None, "clock.resumed": "paused", "clock.withdrawn": "breached", "clock.met_late": "breached",
}  # fmt: skip
_ENDS: Mapping[str, tuple[str, datetime | None]] = {
    "clock.paused": ("paused", None),
    "clock.breached": ("breached", None),
    "clock.met": ("met", START + timedelta(hours=20)),
    "clock.met_late": ("met_late", DUE + timedelta(hours=5)),
    "clock.voided": ("void", None),
    "clock.withdrawn": ("met", START + timedelta(hours=20)),
}


def page() -> str:
    """`docs/events.md`."""
    parts = [_HEAD]
    for kind in TEMPLATES:
        shown = json.dumps(cloud_event(sample(kind)), ensure_ascii=False, indent=2)
        parts.append(f"## `{PREFIX}{kind}`\n\n{SAID[kind].capitalize()}.\n\n```json\n{shown}\n```\n")
    return "\n".join(parts)


_HEAD = """# What goes out

Every event is a CloudEvents 1.0 object, on the EventBridge bus and as a POST to each subscriber, signed as
[Standard Webhooks](https://www.standardwebhooks.com) v1 (`webhook-id` is the event's `id`, the same on every
repetition). The schema is [escalation.schema.json](schemas/escalation.schema.json). This page is written by
`python -m chalicelib.channels.samples`.

Four rules for consumers:

- **At least once.** Take an `id` that you have seen as seen.
- **`incident` opens and closes.** It is equal for everything about one clock. `redress.clock.breached` opens it;
  `met`, `met_late`, `voided` and `withdrawn` close it.
- **`sequence` orders.** It grows per case, with gaps. Drop what is older than what you have of the same incident.
- **Any answer but 2xx is tried again**, 34 times in about a day, not before its `Retry-After` (up to two hours); a
  redirect is not followed, and after 410 nothing more is sent.

`explain` is an address of the ops API, to be asked with a key: how the deadline was counted, interval by interval.
"""

if __name__ == "__main__":
    print(page(), end="")
