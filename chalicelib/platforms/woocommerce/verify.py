"""Is this request from the shop? The signature over the raw bytes, the shop it claims to come from, and the ping.
Runs on every request of a stranger, so it parses nothing, raises nothing and imports little. Facts: the WooCommerce
sheet, section 1 (key un-escaped, no timestamp, form-encoded ping without signature).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from chalicelib.platforms.base import Answer, Refusal, Shop

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_ENTITY = re.compile(r"&(?:(quot|lt|gt|amp)|#0*(34|38|39|60|62)|#[xX]0*(22|26|27));")
_NAMED = {"quot": '"', "lt": "<", "gt": ">", "amp": "&"}
_FORM = "application/x-www-form-urlencoded"


def greet(raw: bytes, headers: Mapping[str, str]) -> Answer | None:
    """200 to the ping that a shop sends when a webhook is made: `webhook_id=N`, unsigned. It carries no data."""
    told = _lower(headers)
    if "x-wc-webhook-signature" in told or len(raw) > 40 or not _PING.fullmatch(raw):
        return None
    return Answer() if _is_form(told) else None


def verify(raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop) -> Refusal | None:
    """None where one of the secrets signed these bytes for this shop; all secrets are tried, in constant time.

    `X-WC-Webhook-Source` is not signed, yet it tells a staging copy apart: a copied shop keeps the secret. A proxy may
    have taken it away; whoever could leave it out could as well write what we want to read, so nothing is lost then.
    """
    told = _lower(headers)
    if _is_form(told):
        return Refusal("a form body that is no ping")
    given = told.get("x-wc-webhook-signature", "")
    if not given:
        return Refusal("no signature")
    found = given.strip().encode("utf-8", "replace")
    match = False
    for secret in secrets:
        digest = hmac.new(signing_key(secret).encode("utf-8", "replace"), raw, hashlib.sha256).digest()
        match |= hmac.compare_digest(base64.b64encode(digest), found)
    if not match:
        return Refusal("bad signature")
    wanted = host(shop.address)
    if not wanted:
        return Refusal("the connection has no address to compare with")
    source = told.get("x-wc-webhook-source")
    # `www.` names the same site: nobody keeps a staging copy there, and people type the address either way.
    if source is not None and host(source).removeprefix("www.") != wanted.removeprefix("www."):
        return Refusal("signed, but sent by another host: a staging copy, or a shop that moved")
    return None


def signing_key(secret: str) -> str:
    """The key that WordPress signs with: the stored secret with `&`, `<`, `>` and both quotes un-escaped, once."""
    return _ENTITY.sub(_character, secret)


def _character(found: re.Match[str]) -> str:
    if found[1]:
        return _NAMED[found[1]]
    return chr(int(found[2])) if found[2] else chr(int(found[3], 16))


def host(address: str) -> str:
    """Host and, unless it is the usual one, port of an address, in lower case; empty where there is none."""
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        port = parts.port
    except ValueError:
        return ""
    name = (parts.hostname or "").rstrip(".")
    return name if port in (None, 80, 443) else f"{name}:{port}"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _is_form(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").split(";")[0].strip().lower() == _FORM
