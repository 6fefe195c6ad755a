"""Offline access tokens that end after an hour, with a refresh token that changes with each renewal. Tokens that never
end need none of this.

Facts: the Shopify sheet, section 4, and the platform's pages on expiring offline tokens: the old refresh token may be
used again until the new one is used, so a lost answer is made good by asking once more. The app is known by its
`client_id`; its client secret is the hook's own.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import parse_instant, show
from chalicelib.platforms.base import Later, Refused, Session
from chalicelib.platforms.keeping import LOST, Asking
from chalicelib.platforms.rest import DOWN, NOT_JSON, json_of, wait_of
from chalicelib.platforms.shapes import answered_at, code, is_body, text
from chalicelib.platforms.shopify.graphql import endpoint

_LONGEST = 400 * 86_400


def expires(credentials: Mapping[str, str]) -> datetime | None:
    """`expires_at` of the credentials; None for a token that does not end, or whose end nobody told."""
    if not credentials.get("refresh_token"):
        return None
    try:
        return parse_instant(credentials.get("expires_at", ""))
    except ValueError:
        return None


def ended(credentials: Mapping[str, str], reply: Reply) -> bool:
    return bool(credentials.get("refresh_token")) and reply.status == 401


def refresh(session: Session) -> Asking[Mapping[str, str]]:
    held = session.credentials
    token, client = held.get("refresh_token", ""), held.get("client_id", "")
    if not token or not client or not session.secrets:
        return Refused("no_refresh_token" if not token else "no_client_id")
    form = {
        "client_id": client, "client_secret": session.secrets[0], "grant_type": "refresh_token", "refresh_token": token
    }  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    url = endpoint(session.shop).partition("/admin/api/")[0] + "/admin/oauth/access_token"
    reply = yield Call("POST", url, headers, urlencode(form).encode(), timeout=15.0)
    if reply.status == 429:
        return Later(wait_of(reply.headers, "retry-after", default=2.0))
    if reply.status >= 500:
        return Later(DOWN, LOST)
    value = json_of(reply.body)
    if reply.status != 200:
        why = code(value.get("error")) if is_body(value) else None
        return Refused(why or f"http-{reply.status}")
    if value is NOT_JSON or not is_body(value) or not text(value, "access_token"):
        return Later(DOWN, LOST)
    fresh = {**held, "access_token": text(value, "access_token")}
    fresh["refresh_token"] = text(value, "refresh_token") or token
    fresh.pop("expires_at", None)
    seconds = value.get("expires_in")
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < _LONGEST:
        fresh["expires_at"] = show((answered_at(reply.headers) or session.now) + timedelta(seconds=seconds))
    return fresh
