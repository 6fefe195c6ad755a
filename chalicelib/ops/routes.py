"""Every route of the ops API: who may, what the body says, and the one call that does the work."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from chalicelib.core.instants import show
from chalicelib.core.versions import Policies
from chalicelib.flow import quarantine, switches
from chalicelib.ops import audit, cases, doctor, held, keys, letters, models, policies, stores, subscribers
from chalicelib.ops.audit import journalled
from chalicelib.ops.checkups import ROUTES as CHECKUPS
from chalicelib.ops.files import ROUTES as FILES
from chalicelib.ops.gate import ADMIN, AUDIT, EVERYBODY, OPS, REVIEW, Answer, Call, Route
from chalicelib.ops.penalties import ROUTES as PENALTIES
from chalicelib.ops.policies import Activated
from chalicelib.ops.policies_preview import Sure
from chalicelib.ops.policies_routes import VERSIONS
from chalicelib.ops.proofs import PROOFS
from chalicelib.ops.public import ROUTES as PUBLIC
from chalicelib.ops.scores import ROUTES as SCORES
from chalicelib.ops.wrong import wrong


def health(call: Call) -> Any:
    return {"ok": True}


def list_policies(call: Call) -> Any:
    return {"policies": policies.listed(call.ports, call.account)}


def show_policy(call: Call) -> Any:
    return policies.show_version(call.ports, call.account, call.parts["name"], call.number("number"))


def activate(call: Call) -> Any:
    said: models.NewPolicy = call.said
    sure = Sure(said.yes, said.confirmed)
    done = policies.activate(call.ports, call.account, said.yaml, said.at, said.retroactive, call.actor.name, sure)
    return Answer(200 if done.unchanged else 201, _activated(done))


def rollback(call: Call) -> Any:
    said: models.Rollback = call.said
    name, sure = call.parts["name"], Sure(said.yes, said.confirmed)
    return _activated(policies.rollback(call.ports, call.account, name, said.to, call.actor.name, said.scope, sure))


def _activated(done: Activated) -> dict[str, Any]:
    return {**asdict(done), "at": show(done.at) if done.at else None, "warnings": list(done.warnings)}


def list_connections(call: Call) -> Any:
    return {"connections": stores.listed(call.desk, call.account)}


def show_connection(call: Call) -> Any:
    found = stores.get(call.desk, call.account, call.parts["name"])
    offers, checks = stores.levers(found), doctor.examine(call.ports, found)
    return {**stores.describe(found), "offers": offers, "checks": checks}


def create_connection(call: Call) -> Any:
    return Answer(201, stores.create(call.desk, call.actor, call.parts["name"], call.said))


def change_connection(call: Call) -> Any:
    return stores.amend(call.desk, call.actor, call.parts["name"], call.said)


def rotate_connection(call: Call) -> Any:
    return stores.rotate(call.desk, call.actor, call.parts["name"], call.said)


def close_connection(call: Call) -> Any:
    return stores.close(call.desk, call.actor, call.parts["name"])


def show_case(call: Call) -> Any:
    return cases.describe(call.desk, _case(call))


def explain(call: Call) -> Any:
    return cases.explain(call.desk, _case(call), call.part("clock"), call.query.get("lang", "en"))


def decide(call: Call) -> Any:
    said: models.Decision = call.said
    return held.decide(call.desk, call.actor, _case(call), said.key, said.decision, said.reason)


def _case(call: Call) -> Any:
    return cases.find(call.desk, call.account, call.parts["connection"], call.parts["kind"], call.part("id"))


def list_held(call: Call) -> Any:
    found, more = held.entries(call.desk, call.account, call.limit())
    return {"held": found, "more": more}


def list_stopped(call: Call) -> Any:
    return {"stopped": sorted(switches.stopped(call.ports, call.account))}


def stop(call: Call) -> Any:
    what = _known(call, call.said.what)
    with journalled(call.ports, call.account, call.actor.name, "stop", what):
        return {"stopped": sorted(switches.switch(call.ports, call.account, what, True))}


def go(call: Call) -> Any:
    what: str = call.said.what
    if what != switches.ALL and what not in switches.stopped(call.ports, call.account):
        _known(call, what)
    with journalled(call.ports, call.account, call.actor.name, "go", what):
        return {"stopped": sorted(switches.switch(call.ports, call.account, what, False))}


def _known(call: Call, what: str) -> str:
    """A stop with a slip in its name would hold nothing, unnoticed."""
    kind, _, name = what.partition(":")
    if what == switches.ALL:
        return what
    if kind == "connection":
        stores.get(call.desk, call.account, name)
        return what
    book: Policies = call.desk.book(call.account).policies
    rules = {rule.id for one in book.activations for rule in one.policy.rules}
    if kind != "rule" or name not in rules:
        raise wrong("what", what, "*, connection:NAME, or rule:ID of a policy that was ever in force")
    return what


def list_quarantine(call: Call) -> Any:
    most, name = call.limit(), call.query.get("connection", "")
    if name:
        stores.get(call.desk, call.account, name)
    found = [quarantine.describe(one) for one in islice(quarantine.entries(call.ports, call.account, name), most + 1)]
    return {"quarantine": found[:most], "more": len(found) > most}


def replay(call: Call) -> Any:
    name: str = call.said.connection or ""
    if name:
        stores.get(call.desk, call.account, name)
    with journalled(call.ports, call.account, call.actor.name, "quarantine.replay", name or "*") as learnt:
        count, after = quarantine.replay_part(call.ports, call.account, name, call.said.cursor)
        learnt["count"] = count
    return {"replayed": count, "cursor": after} if after else {"replayed": count}


def list_subscribers(call: Call) -> Any:
    return {"subscribers": subscribers.listed(call.ports, call.account)}


def add_subscriber(call: Call) -> Any:
    said: models.NewSubscriber = call.said
    made = subscribers.add(call.ports, call.account, said.name, said.url, said.types, said.secret, call.actor.name)
    return Answer(201, {**subscribers.describe(made.subscription), "secret": made.secret})


def remove_subscriber(call: Call) -> Any:
    subscribers.remove(call.ports, call.account, call.parts["name"], call.actor.name)
    return {"removed": call.parts["name"]}


def list_letters(call: Call) -> Any:
    counts = letters.counts(call.desk)
    return {"dlq": counts, "given_up": letters.given_up(call.desk) if counts.get("project") else []}


def redrive(call: Call) -> Any:
    return {"redriven": letters.redrive(call.desk, call.account, call.actor.name, call.parts["queue"])}


def list_changes(call: Call) -> Any:
    query = call.query
    return {
        "changes": audit.entries(call.ports, call.account, call.limit(), query.get("what", ""), query.get("on", ""))
    }


def list_keys(call: Call) -> Any:
    found = keys.entries(call.ports, call.account)
    return {"keys": [{"name": one.name, "role": one.role.value, "made_at": show(one.made_at)} for one in found]}


def create_key(call: Call) -> Any:
    said: models.NewKey = call.said
    with journalled(call.ports, call.account, call.actor.name, "key.create", said.name[:40], role=said.role[:40]):
        text = keys.create(call.ports, call.account, said.name, said.role)
    return Answer(201, {"name": said.name, "role": said.role, "key": text})


def remove_key(call: Call) -> Any:
    with journalled(call.ports, call.account, call.actor.name, "key.remove", call.parts["name"][:40]):
        keys.remove(call.ports, call.account, call.parts["name"])
    return {"removed": call.parts["name"]}


_CASE = "/cases/{connection}/{kind}/{id}"
ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", None, health),
    Route("GET", "/policies", EVERYBODY, list_policies),
    Route("POST", "/policies", OPS, activate, models.NewPolicy),
    Route("GET", "/policies/{name}/{number}", EVERYBODY, show_policy),
    Route("POST", "/policies/{name}/rollback", OPS, rollback, models.Rollback),
    *VERSIONS,
    *PROOFS,
    Route("GET", "/connections", EVERYBODY, list_connections),
    Route("GET", "/connections/{name}", EVERYBODY, show_connection),
    Route("POST", "/connections/{name}", OPS, create_connection, models.NewConnection),
    Route("PATCH", "/connections/{name}", OPS, change_connection, models.ChangedConnection),
    Route("DELETE", "/connections/{name}", OPS, close_connection),
    Route("POST", "/connections/{name}/rotate", OPS, rotate_connection, models.Rotation),
    *CHECKUPS,
    Route("GET", _CASE, EVERYBODY, show_case),
    Route("POST", f"{_CASE}/actions", REVIEW, decide, models.Decision),
    Route("GET", "/explain/{connection}/{kind}/{id}/{clock}", EVERYBODY, explain),
    Route("GET", "/held", EVERYBODY, list_held),
    Route("GET", "/stopped", EVERYBODY, list_stopped),
    Route("POST", "/stop", OPS, stop, models.Switch),
    Route("POST", "/go", OPS, go, models.Switch),
    Route("GET", "/quarantine", EVERYBODY, list_quarantine),
    Route("POST", "/quarantine/replay", OPS, replay, models.Replay),
    Route("GET", "/subscribers", EVERYBODY, list_subscribers),
    Route("POST", "/subscribers", OPS, add_subscriber, models.NewSubscriber),
    Route("DELETE", "/subscribers/{name}", OPS, remove_subscriber),
    Route("GET", "/dlq", EVERYBODY, list_letters),
    Route("POST", "/dlq/{queue}/redrive", OPS, redrive),
    *PENALTIES,
    *FILES,
    *SCORES,
    *PUBLIC,
    Route("GET", "/changes", AUDIT, list_changes),
    Route("GET", "/keys", ADMIN, list_keys),
    Route("POST", "/keys", ADMIN, create_key, models.NewKey),
    Route("DELETE", "/keys/{name}", ADMIN, remove_key),
)
