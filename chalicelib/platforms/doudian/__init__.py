"""Douyin shop (抖店): pushed messages in arrays, levers and looks by its signed gateway. Light to import, because the
hook pays for it on each cold start. Facts: the Douyin shop sheet.

Address of a connection: the shop's number (empty: all shops that the app serves). The hook's secret is the app's.
Options: `app_key`; `sandbox` (`true`: the gateway for tests); `reply_text`, what the platform's service tickets are
answered; `flag` (0 to 5: a remark also sets this flag); `agree_types` (`1:CODE,2:CODE`: by type of after-sale, the
`type` of afterSale/operate that agrees to it, as the app's API page names it; without it no refund is agreed to).
Credentials: `app_secret`, and for an app that serves other people's shops `access_token`, `refresh_token` and
`expires_at` (an instant), which are renewed by themselves; an app of one's own shop gets its token by itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.platforms.base import Adapter, Answer, Lever, Paces, Refusal, Shop, held_by
from chalicelib.platforms.doudian import sign
from chalicelib.platforms.keeping import Probes, Refreshes, Samples, Tries
from chalicelib.platforms.lazy import Lazy, lazily


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.doudian.levers import LEVERS

    return held_by("approved", LEVERS)


class Doudian:
    """See `chalicelib.platforms.base.Adapter`."""

    name = "doudian"
    api = "gateway calls of version 2, which has no end"
    reading = 1
    content_types = frozenset({"application/json"})
    keep: frozenset[str] = frozenset()
    success = Answer(200, b'{"code":0,"msg":"success"}')
    mapping: Mapping[str, tuple[str, ...]] = {}
    levers: Mapping[str, Lever] = Lazy(_levers)
    looks = frozenset({"order", "refund", "complaint", "listing", "connection"})
    every = timedelta(minutes=15)
    """How often it is asked what changed: service tickets are never pushed, and how often a push is repeated is not
    known. Which messages are pushed, and where to, is set in the console alone."""

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """The handshake, a message with the tag 0, is signed like any other."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        """No time is signed, so nothing is stale; repetition does no harm to evidence, and money looks first."""
        return sign.verify(raw, headers, secrets, shop.options.get("app_key", ""))

    def refuse(self, raw: bytes) -> Answer | None:
        return None

    read = lazily(Adapter.read, "doudian.read")
    look = lazily(Adapter.look, "doudian.looks")
    probe = lazily(Probes.probe, "doudian.probe")
    recent = lazily(Samples.recent, "doudian.probe")
    trial = lazily(Tries.trial, "doudian.probe")
    expires = lazily(Refreshes.expires, "doudian.tokens")
    ended = lazily(Refreshes.ended, "doudian.tokens")
    refresh = lazily(Refreshes.refresh, "doudian.tokens")
    pause = lazily(Paces.pause, "doudian.api")
