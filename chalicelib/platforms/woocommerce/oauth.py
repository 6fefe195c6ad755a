"""OAuth 1.0a, one-legged, HMAC-SHA256: how WooCommerce wants its keys over plain HTTP, where Basic would show them.
Pure: nonce and timestamp are given. Facts: RFC 5849 sections 3.4 and 3.6 (SHA-256 as in section 3.4.2's manner), the
WooCommerce sheet, section 4.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, urlsplit

Pairs = Sequence[tuple[str, str]]


def escape(text: str) -> str:
    """Percent-encoding of RFC 3986: all but letters, digits and `-._~`, in capitals."""
    return quote(text, safe="-._~")


def base_string(method: str, url: str, parameters: Pairs) -> str:
    """What is signed: method, address without query, and all parameters of query, form and OAuth, sorted."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    usual = {"http": 80, "https": 443}.get(parts.scheme.lower())
    if parts.port is not None and parts.port != usual:
        host = f"{host}:{parts.port}"
    address = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    query = parse_qsl(parts.query, keep_blank_values=True)
    pairs = sorted((escape(name), escape(value)) for name, value in [*query, *parameters])
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{method.upper()}&{escape(address)}&{escape(joined)}"


def signature(method: str, url: str, parameters: Pairs, consumer_secret: str) -> str:
    """HMAC-SHA256 in base64; the key ends in `&` because there is no token."""
    key = f"{escape(consumer_secret)}&".encode()
    text = base_string(method, url, parameters).encode()
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def signed_query(
    method: str, url: str, consumer_key: str, consumer_secret: str, timestamp: int, nonce: str
) -> tuple[tuple[str, str], ...]:
    """The parameters to add to the query of `url`. Used within the query because hosts strip the header."""
    own = (
        ("oauth_consumer_key", consumer_key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", str(timestamp)),
    )
    return (*own, ("oauth_signature", signature(method, url, own, consumer_secret)))
