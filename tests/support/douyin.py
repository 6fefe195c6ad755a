"""A Douyin shop as tests connect it: what is looked up there, and what is done."""

from datetime import UTC, datetime, timedelta

from chalicelib.core.calls import Call
from chalicelib.core.events import Event, Subject
from chalicelib.platforms.base import Adapter, Command, Read, Session, Shop
from chalicelib.platforms.doudian import Doudian
from tests.fakes.doudian import APP_KEY, APP_SECRET, ORDER, PRODUCT, SHOP, FakeDoudian
from tests.fakes.driving import act as driven
from tests.fakes.driving import drive

DOUDIAN: Adapter = Doudian()
KEY = "main:dd:order/1|ship|half|0|0"
OPTIONS = {"app_key": APP_KEY, "reply_text": "已处理", "agree_types": "1:201, 2:201,x,3:"}


def session(dd: FakeDoudian, token: str = "", **options: str) -> Session:
    shop = Shop("dd", "doudian", SHOP, options={**OPTIONS, **options})
    credentials = {"app_secret": APP_SECRET, **({"access_token": token} if token else {})}
    return Session(shop, credentials, dd.now)


def act(dd: FakeDoudian, action: str, tries: int = 8, token: str = "", **more: object) -> object:
    """Each attempt some seconds after the one before."""
    given: dict = {"key": KEY, "action": action, "subject": Subject("order", ORDER), "product": PRODUCT,
                   "note": "Redress: ship (demo@1), step half on order/1", **more}  # fmt: skip

    def anew() -> Session:
        dd.now += timedelta(seconds=5)
        return session(dd, token)

    return driven(DOUDIAN.levers[action], anew, Command(**given), dd, tries)


def look(dd: FakeDoudian, kind: str, ident: str) -> tuple[Event, ...]:
    found = drive(DOUDIAN.look(Subject(kind, ident), session(dd)), dd.send)
    assert isinstance(found, Read), found
    assert "CANARY" not in repr(found)
    return found.events


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def method_of(call: Call) -> str:
    return call.url.split("?")[0].removeprefix("https://openapi-fxg.jinritemai.com/").replace("/", ".")
