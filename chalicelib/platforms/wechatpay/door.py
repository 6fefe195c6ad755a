"""Is this request from WeChat Pay, and what does it say? RSA-SHA256 over three lines of raw text, a window of five
minutes, and the content sealed with AES-256-GCM. Runs on every request of a stranger, so it raises nothing, and parses
nothing before it is verified. Facts: the sheet of WeChat Pay complaints, section 1.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.core.instants import EPOCH
from chalicelib.core.strictjson import BadJson, loads
from chalicelib.platforms.base import Refusal
from chalicelib.platforms.crypto import aes_gcm_open, decode64, rsa_verify
from chalicelib.platforms.shapes import child, is_body, text
from chalicelib.platforms.wechatpay.keys import Ring, rings

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
"""WeChat Pay now and then sends a signature that is wrong on purpose; who answers it with success is cut off."""
TOLERANCE = timedelta(minutes=5)
ALGORITHM = "AEAD_AES_256_GCM"

_SECONDS = re.compile(r"[1-9][0-9]{0,11}")
_NONCE = re.compile(r"[!-~]{1,128}")


def verify(raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], now: datetime) -> Refusal | None:
    """None where the platform key that the request names signed exactly these bytes within five minutes of `now`."""
    told = {name.lower(): value for name, value in headers.items()}
    stamp, nonce, serial, signature, scheme = (
        told.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "serial", "signature", "signature-type")
    )
    if signature.startswith(PROBE):
        return Refusal("a probe: signed wrongly on purpose")
    if scheme and scheme != SCHEME:
        return Refusal("a scheme of signature that is not known")
    if not _SECONDS.fullmatch(stamp) or not _NONCE.fullmatch(nonce):
        return Refusal("timestamp or nonce missing or malformed")
    age = now - EPOCH - timedelta(seconds=int(stamp))
    if abs(age) > TOLERANCE:
        return Refusal("timestamp too old" if age > TOLERANCE else "timestamp in the future")
    given = decode64(signature)
    if not given:
        return Refusal("signature missing or malformed")
    live = rings(secrets)
    if not live:
        return Refusal("no usable secret is stored")
    keys = {ring.platform_keys[serial.upper()] for ring in live if serial.upper() in ring.platform_keys}
    if not keys:
        return Refusal("signed under a serial whose key is not stored")
    message = f"{stamp}\n{nonce}\n".encode() + raw + b"\n"
    matches = [_fits(key, message, given) for key in keys]
    return None if any(matches) else Refusal("bad signature")


def _fits(key: str, message: bytes, signature: bytes) -> bool:
    try:
        return rsa_verify(key, message, signature)
    except ValueError:
        return False


def open_sealed(raw: bytes, secrets: tuple[str, ...]) -> bytes:
    """The same notice with its content in plain text, under the first live secret that opens it; else the raw bytes."""
    try:
        value = loads(raw)
    except BadJson:
        return raw
    if not is_body(value):
        return raw
    sealed = child(value, "resource")
    ciphertext = decode64(text(sealed, "ciphertext"))
    if sealed.get("algorithm") != ALGORITHM or not ciphertext:
        return raw
    for ring in rings(secrets):
        plain = _plain(ring, ciphertext, text(sealed, "nonce"), text(sealed, "associated_data"))
        if plain is not None:
            kept = {name: text(value, name) for name in ("id", "create_time", "event_type", "resource_type")}
            resource = {"original_type": text(sealed, "original_type"), "plaintext": plain}
            return json.dumps({**kept, "resource": resource}, ensure_ascii=False).encode()
    return raw


def _plain(ring: Ring, ciphertext: bytes, nonce: str, associated: str) -> str | None:
    opened = aes_gcm_open(ring.apiv3_key, nonce.encode(), ciphertext, associated.encode())
    if opened is None:
        return None
    try:
        return opened.decode()
    except UnicodeDecodeError:
        return None
