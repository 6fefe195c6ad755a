"""Standard Webhooks v1: one signature scheme for what comes in on `standard` connections and for what we post.

Verifying must never raise, whatever a stranger sends, and must never tell a stranger which check failed: the reason in
a Refusal is for the account's own log and holds no value from the request.
Facts: the Standard Webhooks specification 1.0.0, traps 20 and 22 (a broken header raises, text does not compare).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.instants import EPOCH

PREFIX = "whsec_"
MIN_SECRET = 24
MAX_SECRET = 64
"""Bytes of a secret: the specification's 192 and 512 bits."""
MAX_SIGNATURES = 32
"""Entries of one signature header that are looked at: ten live secrets, in more than one scheme."""
TOLERANCE = timedelta(minutes=5)

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

# Id, timestamp and body are joined by full stops, so an id that holds one could say two things.
_ID = re.compile(r"[!-\-/-~]{1,2048}")
_SECONDS = re.compile(r"0|[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a delivery is not authentic, in words for the account's log."""

    reason: str


def format_secret(raw: bytes) -> str:
    """24 to 64 random bytes -> `whsec_BASE64`. Raises ValueError for another length."""
    if not MIN_SECRET <= len(raw) <= MAX_SECRET:
        raise ValueError(f"a secret of {len(raw)} bytes, wanted {MIN_SECRET} to {MAX_SECRET}")
    return PREFIX + base64.b64encode(raw).decode()


def parse_secret(secret: str) -> bytes:
    """`whsec_BASE64` -> its bytes. Raises ValueError, which does not show the secret."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret that does not begin with {PREFIX}")
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX).encode("ascii"), validate=True)
    except ValueError:
        raw = b""
    if not MIN_SECRET <= len(raw) <= MAX_SECRET:
        raise ValueError(f"a secret that is not {MIN_SECRET} to {MAX_SECRET} bytes in base64 after {PREFIX}")
    return raw


def sign(msg_id: str, timestamp: int, body: bytes, secrets: str | Sequence[str]) -> str:
    """The signature header for a body: one `v1,BASE64` for each secret, separated by spaces, in the order given.

    `timestamp` is in seconds since 1970. Raises ValueError for an id that is empty, longer than 2048 or holds a full
    stop, a space or anything but printable ASCII; for a timestamp below 0 or of 13 digits; for no secret or a broken
    one.
    """
    if not _ID.fullmatch(msg_id):
        raise ValueError(
            "an id that cannot be signed: wanted 1 to 2048 printable ASCII characters, no full stop or space"
        )
    if not _SECONDS.fullmatch(str(timestamp)):
        raise ValueError("a timestamp that cannot be signed: wanted whole seconds since 1970")
    keys = [parse_secret(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("no secret to sign with")
    message = _message(msg_id, str(timestamp), body)
    return " ".join("v1," + base64.b64encode(_mac(key, message)).decode() for key in keys)


def signed_headers(msg_id: str, now: datetime, body: bytes, secrets: str | Sequence[str]) -> dict[str, str]:
    """The three headers that a signed request carries; `now` is the instant of this attempt. Raises as `sign` does."""
    seconds = (now - EPOCH) // timedelta(seconds=1)
    return {ID: msg_id, TIMESTAMP: str(seconds), SIGNATURE: sign(msg_id, seconds, body, secrets)}


def verify(
    headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime, tolerance: timedelta = TOLERANCE
) -> Refusal | None:
    """None where one of the live `secrets` signed exactly these bytes within `tolerance` of `now`; else the Refusal.

    Header names are taken in any case. Never raises for anything in `headers` or `raw`; a stored secret that is broken
    is passed over, and with no usable secret everything is refused.
    """
    return verify_keys(headers, raw, _usable(secrets), now, tolerance)


def verify_keys(
    headers: Mapping[str, str], raw: bytes, keys: Sequence[bytes], now: datetime, tolerance: timedelta = TOLERANCE
) -> Refusal | None:
    """`verify` for senders whose key is not written as `whsec_BASE64`: the bytes themselves. An empty key is none."""
    named = {name.lower(): value for name, value in headers.items()}
    msg_id, stamp, signatures = named.get(ID, ""), named.get(TIMESTAMP, ""), named.get(SIGNATURE, "")
    for name, value in ((ID, msg_id), (TIMESTAMP, stamp), (SIGNATURE, signatures)):
        if not value:
            return Refusal(f"no {name} header")
    if not _ID.fullmatch(msg_id):
        return Refusal(f"{ID} is not 1 to 2048 printable ASCII characters without a full stop")
    if not _SECONDS.fullmatch(stamp):
        return Refusal(f"{TIMESTAMP} is not whole seconds since 1970")
    age = now - EPOCH - timedelta(seconds=int(stamp))
    if age > tolerance:
        return Refusal(f"{TIMESTAMP} is too old")
    if age < -tolerance:
        return Refusal(f"{TIMESTAMP} is in the future")
    given = _signatures(signatures)
    if isinstance(given, Refusal):
        return given
    usable = [key for key in keys if key]
    if not usable:
        return Refusal("no usable secret is stored")
    message = _message(msg_id, stamp, raw)
    matched = False
    for key in usable:
        expected = _mac(key, message)
        for signature in given:
            # All are compared, so that the time taken does not tell which secret or which entry it was.
            matched |= hmac.compare_digest(expected, signature)
    return None if matched else Refusal("no signature matches")


def _signatures(header: str) -> list[bytes] | Refusal:
    entries = header.split(" ", MAX_SIGNATURES)
    if len(entries) > MAX_SIGNATURES:
        return Refusal(f"{SIGNATURE} has more than {MAX_SIGNATURES} entries")
    found: list[bytes] = []
    for entry in entries:
        scheme, _, encoded = entry.partition(",")
        if scheme != "v1":
            continue
        try:
            signature = base64.b64decode(encoded.encode("ascii"), validate=True)
        except ValueError:
            continue
        if len(signature) == hashlib.sha256().digest_size:
            found.append(signature)
    return found or Refusal(f"{SIGNATURE} holds no v1 signature")


def _usable(secrets: Sequence[str]) -> list[bytes]:
    keys: list[bytes] = []
    for secret in secrets:
        try:
            keys.append(parse_secret(secret))
        except ValueError:
            continue
    return keys


def _message(msg_id: str, stamp: str, body: bytes) -> bytes:
    return f"{msg_id}.{stamp}.".encode() + body


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
