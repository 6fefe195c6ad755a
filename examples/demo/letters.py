"""Webhooks as the platforms sign and send them. The signing is written here a second time, from the platforms' own
documents, so that the demo and `redress simulate` test what a shop really does.
"""

import base64
import hashlib
import hmac
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import IO
from urllib.parse import urlsplit

from chalicelib.core.signing import format_secret, signed_headers
from examples.demo.scenes import How

TIMEOUT = 20.0
UNANSWERED = 0
ACCEPTED = {"standard": 202, "shopify": 200, "woocommerce": 200, "dokan": 200}
REFUSED = 401


@dataclass(frozen=True, slots=True)
class Letter:
    """What a webhook says: the platform's topic and the body's bytes."""

    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """Where a shop's webhooks go and how they are signed. `shop`: the shop's own address, which two platforms name."""

    platform: str
    url: str
    shop: str
    secret: str

    def __repr__(self) -> str:
        return f"Address({self.platform}, {self.shop})"


def expected(platform: str, how: How) -> int:
    """The status that a rightful receiver answers."""
    return REFUSED if how in (How.FORGED, How.STALE) else ACCEPTED[platform]


def headers(letter: Letter, to: Address, how: How, now: datetime) -> dict[str, str]:
    """The headers of one delivery."""
    signer = replace(to, secret=_forged(to)) if how is How.FORGED else to
    match to.platform:
        case "standard":
            when = now - timedelta(hours=1) if how is How.STALE else now
            ident = "msg_" + hashlib.sha256(letter.body).hexdigest()[:24]
            return {"content-type": "application/json", **signed_headers(ident, when, letter.body, signer.secret)}
        case "shopify":
            return _shopify(letter, signer, now)
        case _:
            return _woocommerce(letter, signer, now)


def _forged(to: Address) -> str:
    guess = hashlib.sha256(b"somebody else's secret").digest()
    return format_secret(guess) if to.platform == "standard" else guess.hex()


def _mac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def _shopify(letter: Letter, to: Address, now: datetime) -> dict[str, str]:
    place = urlsplit(to.shop if "://" in to.shop else f"https://{to.shop}")
    return {
        "content-type": "application/json",
        "x-shopify-topic": letter.topic,
        "x-shopify-shop-domain": place.netloc,
        "x-shopify-api-version": "2026-07",
        "x-shopify-webhook-id": str(uuid.uuid4()),
        "x-shopify-triggered-at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "x-shopify-hmac-sha256": _mac(to.secret, letter.body),
    }


def _woocommerce(letter: Letter, to: Address, now: datetime) -> dict[str, str]:
    resource, _, happening = letter.topic.partition(".")
    second = int(now.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
        "x-wc-webhook-source": to.shop.rstrip("/") + "/",
        "x-wc-webhook-topic": letter.topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": happening,
        "x-wc-webhook-signature": _mac(to.secret, letter.body),
        "x-wc-webhook-id": "1",
        # As the shop does: made of the webhook's id and the second, so two of one second have the same.
        "x-wc-webhook-delivery-id": hashlib.sha256(f"1{second}".encode()).hexdigest()[:32],
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


class Post:
    """Sends webhooks. `local`: no proxy, however the environment is set."""

    def __init__(self, local: bool) -> None:
        proxies = [urllib.request.ProxyHandler({})] if local else []
        self._opener = urllib.request.build_opener(_NoRedirect, *proxies)

    def send(self, letter: Letter, to: Address, how: How, now: datetime) -> int:
        """The status of the answer; UNANSWERED where there was none."""
        request = urllib.request.Request(to.url, letter.body, headers(letter, to, how, now), method="POST")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return _status(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except (OSError, HTTPException):
            return UNANSWERED


def _status(answer: IO[bytes]) -> int:
    answer.read()
    status: int = getattr(answer, "status", UNANSWERED)
    return status
