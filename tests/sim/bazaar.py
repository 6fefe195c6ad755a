"""A shop to simulate against: a platform whose levers are safe, keyed, findable and never, and which counts what its
levers really did. It speaks `standard`, so the adapter's code that runs is the product's own.

What it knows of a subject is set by the scenario; a look gets that. Versions count changes, not time, so that two runs
which differ in nothing but delays leave equal evidence.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms import registry
from chalicelib.platforms.base import Absent, Command, Done, Finding, Lever, Session
from chalicelib.platforms.standard import LEVERS, Standard

ACTIONS_URL, LOOK_URL, FIND_URL = (f"https://bazaar.example/{what}" for what in ("actions", "look", "find"))
OPTIONS = {"actions_url": ACTIONS_URL, "look_url": LOOK_URL}
Repeat: TypeAlias = Literal["safe", "keyed", "findable", "never"]
SAFE: Repeat = "safe"
KEYED: Repeat = "keyed"
FINDABLE: Repeat = "findable"
NEVER: Repeat = "never"
REPEAT: Mapping[str, Repeat] = {
    "tag": SAFE, "untag": SAFE, "delist": SAFE, "relist": SAFE,
    "suspend": KEYED, "restore": KEYED, "refund": KEYED, "warn_seller": KEYED,
    "hold": FINDABLE, "release": FINDABLE, "note": FINDABLE,
    "remind_seller": NEVER, "message_buyer": NEVER,
}  # fmt: skip
SWITCHES = {"tag": "untag", "hold": "release", "suspend": "restore", "delist": "relist"}


def _find(session: Session, command: Command) -> Finding:
    reply = yield Call("POST", FIND_URL, {}, json.dumps({"key": command.key}).encode())
    found = json.loads(reply.body)
    return Done(found["handle"]) if found["handle"] else Absent()


class Bazaar(Standard):
    """The adapter."""

    name = "bazaar"
    levers: Mapping[str, Lever] = {
        name: replace(LEVERS[name], repeat=repeat, find=_find if repeat == FINDABLE else None)
        for name, repeat in REPEAT.items()
    }


registry.add(Bazaar())


class Shop:
    """The far end of every call. `effects`: how often each key took effect; for safe levers once is as often as twice.

    `state`: what is switched on now. `looks` counts questions.
    """

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        self.state: set[tuple[str, str]] = set()
        self.truth: dict[str, dict[str, Any]] = {}
        self.kinds: dict[str, str] = {}
        self.looks = 0
        self._done: dict[str, str] = {}

    def send(self, call: Call) -> Reply:
        data = json.loads(call.body)
        if call.url == FIND_URL:
            answer: Any = {"handle": self._done.get(data["key"], "")}
        elif call.url == LOOK_URL:
            self.looks += 1
            answer = list(self._known(f"{data['subject']['kind']}/{data['subject']['id']}"))
        else:
            answer = {"state": "done", "handle": self._act(data)}
        return Reply(200, {}, json.dumps(answer).encode())

    def learn(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The shop comes to know something; the webhook that says so, with the next version of its subject."""
        subject = f"{event['subject']['kind']}/{event['subject']['id']}"
        known = self.truth.setdefault(subject, {"marks": {}, "facts": {}, "version": 0})
        known["version"] += 1
        known["marks"] |= {(one["name"], one.get("of", "")): one for one in event.get("marks", ())}
        known["facts"] |= event.get("facts", {})
        known["event"] = dict(event)
        return {**event, "version": known["version"]}

    def whole(self, subject: str) -> dict[str, Any]:
        """Everything that the shop knows of a subject, as one event of its newest version."""
        known = self.truth[subject]
        whole = {**known["event"], "version": known["version"], "id": f"whole-{subject}-{known['version']}"}
        return {**whole, "marks": list(known["marks"].values()), "facts": known["facts"]}

    def _known(self, subject: str) -> Iterator[dict[str, Any]]:
        if subject in self.truth:
            yield self.whole(subject)

    def _act(self, data: Mapping[str, Any]) -> str:
        key, action = data["key"], data["action"]
        repeat = REPEAT[action]
        self.kinds[key] = repeat
        if repeat == KEYED and key in self._done:
            return self._done[key]
        self._done[key] = handle = f"h:{key}"
        self.effects[key] = 1 if repeat == SAFE else self.effects[key] + 1
        subject = f"{data['subject']['kind']}/{data['subject']['id']}"
        for on, off in SWITCHES.items():
            if action == on:
                self.state.add((subject, on))
            elif action == off:
                self.state.discard((subject, on))
        return handle

    def doubled(self) -> list[str]:
        """Keys that took effect more than once."""
        return sorted(key for key, count in self.effects.items() if count > 1)
