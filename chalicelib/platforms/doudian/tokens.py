"""Access tokens: they live a week, and `token.refresh` gives new ones for the refresh token, which changes with each.
An app of one's own shop gets each of its tokens by itself (`token.create`), an app of other people's when it is
authorised.

Facts: the Douyin shop sheet, section 3, and its SDKs. Until an hour before its end the same token is given again; the
old pair is good for an hour after a renewal within that hour, and dead at once after a later one (both unverified).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.core.calls import Reply
from chalicelib.core.instants import EPOCH, parse_instant, show
from chalicelib.platforms.base import Later, Refused, Session
from chalicelib.platforms.cn import ident, whole
from chalicelib.platforms.doudian.api import Api, Stale, meaning, no_answer, own
from chalicelib.platforms.keeping import LOST, Asking
from chalicelib.platforms.rest import Murky, Ok
from chalicelib.platforms.shapes import text

_LONGEST = timedelta(days=400)
_LOST = 60.0


def expires(credentials: Mapping[str, str]) -> datetime | None:
    """`expires_at` of the credentials; long ago where an app of one's own has no token yet, None where there is none
    that could be renewed."""
    if not credentials.get("refresh_token") and not credentials.get("app_secret"):
        return None
    if not credentials.get("refresh_token") and not credentials.get("access_token"):
        return EPOCH
    try:
        return parse_instant(credentials.get("expires_at", ""))
    except ValueError:
        return None


def ended(credentials: Mapping[str, str], reply: Reply) -> bool:
    by_itself = credentials.get("app_secret") and credentials.get("access_token") and credentials.get("expires_at")
    return bool(credentials.get("refresh_token") or by_itself) and isinstance(meaning(reply), Stale)


def refresh(session: Session) -> Asking[Mapping[str, str]]:
    held = session.credentials
    token, api = held.get("refresh_token", ""), Api(session)
    if token:
        found = yield from api.bare("token.refresh", {"grant_type": "refresh_token", "refresh_token": token})
    elif not session.shop.address:
        return Refused("no_refresh_token")
    else:
        found = yield from api.bare("token.create", own(session.shop.address))
    if isinstance(found, Stale):
        return Refused("refresh_token_expired" if token else "no_access_token")
    if isinstance(found, Murky):
        return Later(_LOST, LOST)
    if not isinstance(found, Ok):
        return no_answer(found)
    access, again = text(found.body, "access_token"), text(found.body, "refresh_token")
    if not access:
        return Later(_LOST, LOST)
    shop, told = session.shop.address, ident(found.body.get("shop_id"))
    if shop and told and told != shop:
        return Refused("another_shop")
    fresh = {**held, "access_token": access}
    if token:
        fresh["refresh_token"] = again or token
    seconds = whole(found.body.get("expires_in"))
    fresh.pop("expires_at", None)
    if seconds is not None and timedelta(seconds=seconds) < _LONGEST:
        fresh["expires_at"] = show((found.at or session.now) + timedelta(seconds=seconds))
    return fresh
