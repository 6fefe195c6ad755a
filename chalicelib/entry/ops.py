"""The REST API that ops, reviewers, auditors and admins use: each route of chalicelib.ops.routes, behind one gate.

Chalice checks no content type here and decodes no path parameter: the gate does both, so every error has one form.
"""

import json
from collections.abc import Callable

from chalice.app import Blueprint, Request, Response

from chalicelib.ops.desk import Desk
from chalicelib.ops.gate import Ask, Route, answer
from chalicelib.ops.routes import ROUTES


def build(desk: Callable[[], Desk]) -> Blueprint:
    """A blueprint with every route; `desk` is asked when a request comes."""
    made = Blueprint(__name__)
    for route in ROUTES:
        made.route(route.path, methods=[route.method], content_types=["*/*"])(_view(made, desk, route))
    return made


def _view(on: Blueprint, desk: Callable[[], Desk], route: Route) -> Callable[..., Response]:
    def view(**parts: str) -> Response:
        told = answer(desk, route, _ask(on.current_request, parts))
        # As text: Chalice's own writer would not know a decimal, and must not be what decides.
        headers: dict[str, str | list[str]] = {"content-type": "application/json", "cache-control": "no-store"}
        if told.kind:
            return Response(told.body, {**headers, "content-type": told.kind, **told.headers}, told.status)
        return Response(json.dumps(told.body, ensure_ascii=False), headers, told.status)

    view.__name__ = route.view.__name__
    return view


def _ask(request: Request, parts: dict[str, str]) -> Ask:
    raw = request.raw_body
    return Ask(
        {str(name).lower(): str(value) for name, value in (request.headers or {}).items()},
        parts,
        {str(name): str(value) for name, value in (request.query_params or {}).items()},
        raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw,
    )


def _desk() -> Desk:
    from chalicelib import bootstrap

    return bootstrap.ops()


blueprint = build(_desk)
