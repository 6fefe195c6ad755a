"""The routes about the life of versions: previews, what a recall left over, shadows, calendars, re-evaluation, and the
journal that histories are read from."""

from dataclasses import asdict
from typing import Any

from chalicelib.core.instants import show
from chalicelib.ops import calendars, models, policies_preview, policies_shadow, reevaluate
from chalicelib.ops.gate import EVERYBODY, OPS, Answer, Call, Route
from chalicelib.ops.keys import Role

READS = OPS | {Role.AUDITOR}
"""Who may read a whole history: who must try policies on it, and who must check it."""


def preview_file(call: Call) -> Any:
    said: models.FilePreview = call.said
    return policies_preview.of_file(call.ports, call.account, said.yaml, said.cursor)


def preview_rollback(call: Call) -> Any:
    said: models.RollbackPreview = call.said
    name = call.parts["name"]
    return policies_preview.of_rollback(call.ports, call.account, name, said.to, said.scope, said.cursor)


def left(call: Call) -> Any:
    name, number = call.parts["name"], call.number("number")
    return policies_preview.left(call.ports, call.account, name, number, call.query.get("cursor", ""))


def list_shadows(call: Call) -> Any:
    return {"shadows": policies_shadow.listed(call.ports, call.account)}


def start_shadow(call: Call) -> Any:
    return Answer(201, policies_shadow.start(call.ports, call.account, call.said.yaml, call.actor.name))


def stop_shadow(call: Call) -> Any:
    return policies_shadow.stop(call.ports, call.account, call.parts["name"], call.actor.name)


def report_shadow(call: Call) -> Any:
    return policies_shadow.report(call.ports, call.account, call.parts["name"], call.number("number"))


def list_calendars(call: Call) -> Any:
    return {"calendars": calendars.listed(call.ports, call.account)}


def activate_calendar(call: Call) -> Any:
    said: models.NewCalendar = call.said
    done = calendars.activate(
        call.ports, call.account, said.calendar, said.overlay, said.at, call.actor.name, said.shipped
    )
    return Answer(200 if done.unchanged else 201, {**asdict(done), "at": show(done.at) if done.at else None})


def look_again(call: Call) -> Any:
    said: models.Reevaluation = call.said
    return reevaluate.reevaluate(
        call.desk, call.account, call.actor.name, said.rule, said.connection, said.rate, said.cursor, said.begin
    )


def journal(call: Call) -> Any:
    query = call.query
    prefix, connection, cursor = query.get("prefix", ""), query.get("connection", ""), query.get("cursor", "")
    return reevaluate.journal(call.desk, call.account, prefix, connection, cursor)


VERSIONS: tuple[Route, ...] = (
    Route("POST", "/previews", OPS, preview_file, models.FilePreview),
    Route("POST", "/policies/{name}/rollback/preview", OPS, preview_rollback, models.RollbackPreview),
    Route("GET", "/policies/{name}/{number}/left", EVERYBODY, left),
    Route("GET", "/shadows", EVERYBODY, list_shadows),
    Route("POST", "/shadows", OPS, start_shadow, models.NewShadow),
    Route("DELETE", "/shadows/{name}", OPS, stop_shadow),
    Route("GET", "/shadows/{name}/{number}", EVERYBODY, report_shadow),
    Route("GET", "/calendars", EVERYBODY, list_calendars),
    Route("POST", "/calendars", OPS, activate_calendar, models.NewCalendar),
    Route("POST", "/reevaluate", OPS, look_again, models.Reevaluation),
    Route("GET", "/journal", READS, journal),
)
