"""Douyin shop's two signatures: MD5 over what it pushes, HMAC-SHA256 over what it is asked. Runs on every request of a
stranger, so it raises nothing. Facts: the Douyin shop sheet, sections 1, 3 and 6.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping

from chalicelib.platforms.base import Refusal

_MD5 = re.compile(r"[0-9a-f]{32}")


def event_sign(app_key: str, raw: bytes, app_secret: str) -> str:
    """`event-sign` of a push: hexadecimal MD5 of app key, raw body, app secret, with nothing between."""
    message = app_key.encode("utf-8", "surrogatepass") + raw + app_secret.encode("utf-8", "surrogatepass")
    return hashlib.md5(message, usedforsecurity=False).hexdigest()


def verify(raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], app_key: str) -> Refusal | None:
    """None where one of the secrets signed these bytes for this app.

    The app key is the connection's, never the header's: nothing stands between it and the body in what is signed, so a
    key that a sender may choose could borrow from the body.
    """
    told = {name.lower(): value for name, value in headers.items()}
    given = told.get("event-sign", "").strip().lower()
    if not raw:
        return Refusal("empty body")
    if not _MD5.fullmatch(given):
        return Refusal("signature missing or malformed")
    if not app_key:
        return Refusal("the connection has no app_key")
    live = [event_sign(app_key, raw, secret) for secret in secrets if secret]
    matches = [hmac.compare_digest(one.encode(), given.encode()) for one in live]
    if not any(matches):
        return Refusal("signature under none of the live secrets")
    if told.get("app-id", app_key).strip() != app_key:
        return Refusal("signed, but for another app")
    return None


def api_sign(app_key: str, app_secret: str, method: str, param_json: str, timestamp: str) -> str:
    """`sign` of a call, version 2: hexadecimal HMAC-SHA256 keyed by the secret, over the sorted parameters between two
    secrets. `timestamp` is wall time of Beijing."""
    params = f"app_key{app_key}method{method}param_json{param_json}timestamp{timestamp}v2"
    message = f"{app_secret}{params}{app_secret}".encode()
    return hmac.new(app_secret.encode(), message, hashlib.sha256).hexdigest()
