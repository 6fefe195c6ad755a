"""An operator's OAuth token: got for the client's own id and secret, good for about an hour, kept with the connection's
credentials until shortly before its end. A lost answer loses nothing: another token is asked for.

Facts: the Mirakl sheet, section 3; RFC 6749, 4.4.
"""

from collections.abc import Generator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from chalicelib.core.calls import Call, Reply
from chalicelib.core.instants import EPOCH, parse_instant, show
from chalicelib.platforms.base import DEAD, Later, Session
from chalicelib.platforms.keeping import Asking
from chalicelib.platforms.mirakl.api import meaning
from chalicelib.platforms.rest import Murky, No, Ok, no_answer
from chalicelib.platforms.shapes import text, whole

AUTH = "https://auth.mirakl.net/oauth/token"
USUAL = 3000
"""Seconds for which a token is taken to be good that does not say so: less than the hour that is usual."""
_LONGEST = 86_400


def has_client(credentials: Mapping[str, str]) -> bool:
    """Whether tokens are to be got: an operator's key needs none."""
    return not credentials.get("api_key") and bool(credentials.get("client_id") and credentials.get("client_secret"))


def expires(credentials: Mapping[str, str]) -> datetime | None:
    """When the token ends; long ago where there is none yet, None where none is needed."""
    if not has_client(credentials):
        return None
    try:
        return parse_instant(credentials.get("expires_at", "")) if credentials.get("access_token") else EPOCH
    except ValueError:
        return EPOCH


def ended(credentials: Mapping[str, str], reply: Reply) -> bool:
    return has_client(credentials) and bool(credentials.get("access_token")) and reply.status == 401


def refresh(session: Session) -> Asking[Mapping[str, str]]:
    """The credentials with a new token."""
    found = yield from new_token(session)
    if not isinstance(found, Ok):
        return no_answer(found)
    seconds = whole(found.body.get("expires_in"))
    lasts = timedelta(seconds=seconds if seconds and seconds < _LONGEST else USUAL)
    ends = show((found.at or session.now) + lasts)
    return {**session.credentials, "access_token": text(found.body, "access_token"), "expires_at": ends}


def new_token(session: Session) -> "Generator[Call, Reply, Ok | No | Later | Murky]":
    """The answer with a token in it, or why there is none."""
    given = session.credentials
    if not has_client(given):
        return No(DEAD)
    form = {
        "grant_type": "client_credentials",
        "client_id": given["client_id"],
        "client_secret": given["client_secret"],
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    url = session.shop.options.get("auth_url", AUTH)
    answer = meaning((yield Call("POST", url, headers, urlencode(form).encode(), timeout=15.0)))
    if not isinstance(answer, Ok):
        return No(DEAD) if isinstance(answer, No) else answer
    token = text(answer.body, "access_token")
    return answer if token and token.isascii() and token.isprintable() else Murky("no_token")
