"""The shop's published key set: fetched from its own origin, cut down to what verifying needs, kept as one of the
hook's secrets. Facts: the sheet, section 1; RFC 7517.
"""

import json
from urllib.parse import urlsplit

from chalicelib.core.calls import Call
from chalicelib.platforms.base import Fetching, Later, Refused, Session
from chalicelib.platforms.rest import DOWN, json_of, wait_of
from chalicelib.platforms.saleor.verify import decode, keys_of
from chalicelib.platforms.shapes import Body, is_body, rows

LONGEST = 3900
"""Bytes: what is sealed as one secret may have 4 KB."""


def keys(session: Session) -> Fetching:
    """The key set as JSON text, ready to be stored."""
    parts = urlsplit(session.shop.address)
    reply = yield Call("GET", f"{parts.scheme}://{parts.netloc}/.well-known/jwks.json", {"accept": "application/json"})
    if reply.status == 429 or reply.status >= 500:
        return Later(wait_of(reply.headers, "retry-after", default=DOWN), f"http-{reply.status}")
    value = json_of(reply.body)
    if reply.status != 200 or not is_body(value):
        return Refused("no-key-set")
    text = written(value)
    return text if not check(text) else Refused("no-usable-key")


def written(value: Body) -> str:
    """A key set with its RSA keys for signing and nothing else of them."""
    kept = [{name: key[name] for name in ("kty", "kid", "n", "e") if name in key} for key in rows(value, "keys")]
    return json.dumps({"keys": [key for key in kept if key.get("kty") == "RSA"]}, separators=(",", ":"))


def check(text: str) -> str:
    """What is wrong with a secret of the hook: what was wanted, or nothing."""
    if not text.startswith("{"):
        fine = 8 <= len(text) <= 512 and text.isascii() and text.isprintable() and text == text.strip()
        return "" if fine else "the shop's key set as JSON text, or the webhook's secretKey of 8 characters at least"
    found = list(keys_of(text))
    if not found or len(text) > LONGEST:
        return f"a key set with at least one RSA key, in at most {LONGEST} characters"
    for key in found:
        modulus = decode(key.get("n"))
        if not isinstance(key.get("kid"), str) or modulus is None or len(modulus) < 256 or decode(key.get("e")) is None:
            return "keys with kid, n (2048 bits at least) and e"
    return ""
