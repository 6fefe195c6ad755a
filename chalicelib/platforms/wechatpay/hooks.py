"""The one address that WeChat Pay tells of complaints, per merchant: asked for, set, moved, removed. An address of
somebody else's is never overwritten, because it would hear of nothing any more.

Facts: the sheet of WeChat Pay complaints, section 1, and the pages of complaint-notifications.
"""

from collections.abc import Generator, Mapping

from chalicelib.core.calls import Call, Reply
from chalicelib.platforms.base import Done, Later, Refused, Session, Steps
from chalicelib.platforms.keeping import Asking, Subscription
from chalicelib.platforms.rest import Murky, No
from chalicelib.platforms.rights import grant
from chalicelib.platforms.wechatpay.api import Api, Ok, no_answer

PATH = "/v3/merchant-service/complaint-notifications"
TOPICS = ("COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE")
GONE = frozenset({"resource_not_exists", "not_found", "http_404"})
THERE = frozenset({"resource_already_exists"})
DENIED = frozenset({"no_auth", "http_403"})
RIGHT = "the complaints product to the merchant number"
TAKEN = "another address hears of the complaints of this merchant: remove it there first"
_ONE = "complaint-notifications"
_LONGEST = 255


def subscriptions(session: Session) -> Asking[tuple[Subscription, ...]]:
    url = yield from _held(Api(session))
    if isinstance(url, Refused | Later):
        return url
    return (Subscription(_ONE, url, TOPICS),) if url else ()


def subscribe(session: Session, url: str, topics: tuple[str, ...]) -> Steps:
    """All topics go to the one address. An older one of this very connection gives way."""
    if not url.startswith("https://") or len(url) > _LONGEST or "?" in url:
        return Refused("WeChat Pay wants an https address of at most 255 characters without a query")
    api = Api(session)
    held = yield from _held(api)
    if isinstance(held, Refused | Later):
        return held
    if held == url:
        return Done(_ONE)
    if held and not _ours_before(held, url):
        return Refused(TAKEN)
    done = yield from (api.put(PATH, {"url": url}) if held else api.post(PATH, {"url": url}))
    if isinstance(done, Murky) or (isinstance(done, No) and done.code in THERE):
        held = yield from _held(api)
        if isinstance(held, str):
            return Done(_ONE) if held == url else Later(60.0, "unsettled")
        return held
    return Done(_ONE) if isinstance(done, Ok) else _denied(done)


def resume(session: Session, one: Subscription) -> Steps:
    """Nothing is ever stopped here: an address that is set is told of all."""
    yield from ()
    return Done(one.id)


def unsubscribe(session: Session, one: Subscription) -> Steps:
    """Nothing is removed that took its place meanwhile."""
    api = Api(session)
    held = yield from _held(api)
    if isinstance(held, Refused | Later):
        return held
    if held != one.url:
        return Done()
    done = yield from api.delete(PATH)
    gone = isinstance(done, No) and done.code in GONE
    return Done() if isinstance(done, Ok) or gone else _denied(done)


def _held(api: Api) -> Generator[Call, Reply, str | Refused | Later]:
    """The address that is set; nothing where there is none."""
    found = yield from api.get(PATH)
    if isinstance(found, No) and found.code in GONE:
        return ""
    if not isinstance(found, Ok):
        return _denied(found)
    return _url(found.body)


def _url(body: Mapping[str, object]) -> str:
    url = body.get("url")
    return url if isinstance(url, str) else ""


def _ours_before(held: str, url: str) -> bool:
    """Whether it is this connection's address from before its token was made anew."""
    place = url.rpartition(".")[0]
    return "/hooks/" in place and held.rpartition(".")[0] == place


def _denied(answer: object) -> Refused | Later:
    found = no_answer(answer)
    return grant(found, DENIED, RIGHT) if isinstance(found, Refused) else found
