"""Is this request from the shop? A detached JWS (RS256, RFC 7797) over the raw bytes under a key of the shop's own set,
or, where the webhook still has a secretKey, a hexadecimal HMAC-SHA256.

Runs on every request of a stranger: raises nothing, parses nothing but the JWS header, which is small. The keys come
from the connection, never from an address that the request names, or anybody could sign for himself. Facts: the sheet,
section 1; RFC 7515, 7517, 7797.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping

from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Refusal, Shop

_JWS = re.compile(r"([A-Za-z0-9_-]{16,2000})\.\.([A-Za-z0-9_-]{300,1400})", re.ASCII)
_HMAC = re.compile(r"[0-9a-f]{64}")


def verify(raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop) -> Refusal | None:
    """None where a live key of the shop signed exactly these bytes.

    A key that we do not know may be a new one: then the sender is asked to come again, because Saleor never repeats
    what got a 4xx.
    """
    told = {name.lower(): value for name, value in headers.items()}
    elsewhere = tenant(_header(told, "api-url"), shop)
    if elsewhere is not None:
        return elsewhere
    signature = _header(told, "signature")
    if _HMAC.fullmatch(signature):
        return _by_secret(raw, signature, secrets)
    parts = _JWS.fullmatch(signature)
    return (
        Refusal("signature missing or malformed") if parts is None else _by_key(raw, parts[1], parts[2], secrets, shop)
    )


def tenant(address: str, shop: Shop) -> Refusal | None:
    """Whether a message names this shop; unsigned, so it only notices what went astray."""
    if not address:
        return Refusal("names no shop")
    return None if _plain(address) == _plain(shop.address) else Refusal("another shop's address")


def _plain(address: str) -> str:
    return address.strip().rstrip("/").lower()


def _header(told: Mapping[str, str], name: str) -> str:
    return told.get(f"saleor-{name}") or told.get(f"x-saleor-{name}") or ""


def _by_secret(raw: bytes, signature: str, secrets: tuple[str, ...]) -> Refusal | None:
    # Every secret is tried, so that the time taken does not tell which is live. An empty one would sign for anybody.
    matches = [
        hmac.compare_digest(hmac.new(_bytes(secret), raw, hashlib.sha256).hexdigest().encode(), signature.encode())
        for secret in secrets
        if secret and not secret.startswith("{")
    ]
    return None if any(matches) else Refusal("signed with none of the live secrets")


def _by_key(raw: bytes, header: str, signature: str, secrets: tuple[str, ...], shop: Shop) -> Refusal | None:
    from chalicelib.platforms.crypto import rsa_verify_numbers

    fields, signed = _object(header), decode(signature)
    if fields is None or signed is None:
        return Refusal("a JWS that is none")
    if fields.get("alg") != "RS256" or fields.get("b64") is not False or fields.get("crit") != ["b64"]:
        return Refusal("a JWS of another kind")
    issuer = fields.get("iss")
    if issuer is not None and not (isinstance(issuer, str) and _plain(issuer) == _plain(shop.address)):
        return Refusal("signed by another shop")
    kid = fields.get("kid")
    if not isinstance(kid, str) or not kid:
        return Refusal("a JWS that names no key")
    named = [key for secret in secrets for key in keys_of(secret) if key.get("kid") == kid]
    if not named:
        known = any(secret.startswith("{") for secret in secrets)
        return Refusal("a key that is not among those stored", again=known)
    matched = False
    for key in named:
        modulus, exponent = decode(key.get("n")), decode(key.get("e"))
        if modulus is None or exponent is None:
            continue
        try:
            matched |= rsa_verify_numbers(modulus, exponent, header.encode() + b"." + raw, signed)
        except ValueError:
            continue
    return None if matched else Refusal("no signature of the shop's key")


def keys_of(secret: str) -> Iterator[Mapping[str, object]]:
    """The RSA keys of a stored key set; none where the secret is of the other kind, or broken."""
    if not secret.startswith("{"):
        return
    try:
        value = loads(secret.encode("utf-8", "replace"))
    except BadJson:
        return
    keys = value.get("keys") if isinstance(value, dict) else None
    for key in keys if isinstance(keys, list) else []:
        if isinstance(key, dict) and key.get("kty") == "RSA" and key.get("use", "sig") == "sig":
            yield key


def decode(text: object) -> bytes | None:
    """Base64url without padding, in its one canonical spelling."""
    from chalicelib.platforms.crypto import decode64

    if not isinstance(text, str) or not text or "+" in text or "/" in text or "=" in text:
        return None
    return decode64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def _object(text: str) -> Mapping[str, object] | None:
    raw = decode(text)
    if raw is None:
        return None
    try:
        value = loads(raw, max_depth=4, max_keys=50)
    except BadJson:
        return None
    return value if isinstance(value, dict) else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
