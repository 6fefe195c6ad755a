"""Mirakl, as its operator: Cloud Events in (by queue, or over HTTP), looks and the whole ladder of penalties out.

Importing this must stay cheap, because the hook does. Facts: the Mirakl sheet. No signature of its webhooks is
published, so what an event says is never believed: it only names what to look at.

Address: the instance, `https://NAME.mirakl.net`. Secret: a text that the operator puts into the header
`x-redress-secret` (or `Authorization: Bearer`) of its webhooks; for an instance that can send no header the option
`webhooks` = `path` lets the hook's own address, which nobody else knows, be enough. Messages in a queue of ours need
neither. Credentials: `api_key`, or `client_id` and `client_secret`, to which a token of an hour is added and renewed by
itself. Options: `auth_url`, `refund_reason` and `incident_reason` (reasons that only Redress uses: by them what it did
itself is known when it comes back), `close_reason`, `note_field`, `tag_field` (custom fields of orders),
`immunity_days` (how long a restored shop is spared by Mirakl's own suspensions), `state_change_path` (of API S09).

A listing is an offer, by its number: it is taken off sale by its stock alone (`listings` says why). A shop that must
not sell at all is closed or suspended.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.platforms.base import Adapter, Answer, Lever, Paces, Refusal, Shop, held_by
from chalicelib.platforms.keeping import Probes, Refreshes, Samples, Tries
from chalicelib.platforms.lazy import Lazy, lazily


def _levers() -> Mapping[str, Lever]:
    from chalicelib.platforms.mirakl import levers, listings, messages, penalties, refunding

    parts = (levers, listings, messages, penalties, refunding)
    return held_by("operator", {name: lever for one in parts for name, lever in one.LEVERS.items()})


class Mirakl:
    """See `base.Adapter`, `base.Collects` and `base.Polled`, and of `keeping` what needs no webhooks of ours."""

    name = "mirakl"
    api = "REST API, undated: delivered continuously, kept compatible"
    reading = 1
    content_types = frozenset(["application/json", "application/cloudevents+json"])
    keep: frozenset[str] = frozenset()
    success = Answer(202)
    mapping: Mapping[str, tuple[str, ...]] = {}
    levers: Mapping[str, Lever] = Lazy(_levers)
    looks = frozenset(["order", "refund", "complaint", "seller", "listing", "connection"])
    attributes: Mapping[str, str] = {}
    every = timedelta(minutes=5)
    """How often its changes are to be polled: as Mirakl advises, because no retries of its events are known."""

    def greet(self, raw: bytes, headers: Mapping[str, str]) -> Answer | None:
        """No handshake is known."""
        return None

    def verify(
        self, raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
    ) -> Refusal | None:
        """None where the shared secret came along. Nothing is signed, and nothing of the body is believed."""
        told = {name.lower(): value for name, value in headers.items()}
        given = told.get("x-redress-secret") or told.get("authorization", "").removeprefix("Bearer ")
        if not given:
            return None if shop.options.get("webhooks") == "path" else Refusal("no secret in a header")
        found = given.encode("utf-8", "surrogatepass")
        # Every secret is tried, so that the time taken does not tell which is live.
        matches = [hmac.compare_digest(found, one.encode("utf-8", "surrogatepass")) for one in secrets if one]
        return None if any(matches) else Refusal("another secret")

    def collected(self, attributes: Mapping[str, str], shop: Shop) -> Refusal | None:
        """Who may send to the queue says its policy; a message names no instance."""
        return None

    def refuse(self, raw: bytes) -> Answer | None:
        """Authentic content is always accepted."""
        return None

    read = lazily(Adapter.read, "mirakl.read")
    look = lazily(Adapter.look, "mirakl.looks")
    probe = lazily(Probes.probe, "mirakl.probing")
    recent = lazily(Samples.recent, "mirakl.probing")
    trial = lazily(Tries.trial, "mirakl.probing")
    expires = lazily(Refreshes.expires, "mirakl.tokens")
    ended = lazily(Refreshes.ended, "mirakl.tokens")
    refresh = lazily(Refreshes.refresh, "mirakl.tokens")
    pause = lazily(Paces.pause, "mirakl.api")
