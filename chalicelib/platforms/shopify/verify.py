"""Is a request really from Shopify, for this shop? Base64 HMAC-SHA256 over the raw bytes under the app's client secret.

Must stay cheap to import (the hook does) and must never raise. Headers other than the signature are not signed: the
shop's domain is compared only so that a misrouted delivery is noticed. Facts: the Shopify sheet, section 1.
"""

import binascii
import hashlib
import hmac
from collections.abc import Mapping

from chalicelib.platforms.base import Refusal, Shop

CLASSIC = "x-shopify-"
EVENTS = "shopify-"
"""Prefix of the newer "Events" deliveries; where both families are present this one counts, as in Shopify's own SDK."""


def header(headers: Mapping[str, str], name: str) -> str:
    """A Shopify header by its bare name (`topic`), the Events family first; empty where absent."""
    return headers.get(EVENTS + name) or headers.get(CLASSIC + name) or ""


def host(address: str) -> str:
    """`https://Name.myshopify.com/` and `name.myshopify.com` -> `name.myshopify.com`."""
    return address.strip().lower().removeprefix("https://").removeprefix("http://").split("/", 1)[0]


def verify(raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop) -> Refusal | None:
    """None where any live secret signed exactly these bytes and the delivery names this shop."""
    told = {name.lower(): value for name, value in headers.items()}
    if not raw:
        return Refusal("empty body")
    signature = _signature(header(told, "hmac-sha256"))
    if signature is None:
        return Refusal("signature missing or malformed")
    if not _signed(raw, signature, secrets):
        return Refusal("signature under none of the live secrets")
    domain = header(told, "shop-domain")
    # Where a proxy took it away there is nothing to compare; it is not signed, so whoever forges could write ours.
    if domain and host(domain) != host(shop.address):
        return Refusal("another shop's domain")
    return None


def _signature(text: str) -> bytes | None:
    try:
        digest = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None


def _signed(raw: bytes, signature: bytes, secrets: tuple[str, ...]) -> bool:
    # Every secret is tried, so that the time taken does not tell which is live. An empty one would sign for anybody.
    matches = [
        hmac.compare_digest(hmac.digest(secret.encode("utf-8", "surrogatepass"), raw, "sha256"), signature)
        for secret in secrets
        if secret
    ]
    return any(matches)
