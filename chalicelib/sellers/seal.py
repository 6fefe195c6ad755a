"""The signature on the public register: Ed25519 in the form of Standard Webhooks v1a. Whoever has the public key can
prove what stood in it and when; nobody can make a signature with it.

The private key is made when it is first asked for and stays in the account's records; it is never shown. A new key
takes the old one's place at once; the old public key is kept with the instant at which it ended.
"""

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib.core.instants import EPOCH, show
from chalicelib.core.signing import ID, SIGNATURE, TIMESTAMP, TOLERANCE
from chalicelib.ports.stores import Conflict, Record, Records

KIND, CURRENT = "register-seal", "current"
SCHEME, PREFIX = "v1a,", "whpk_"
MOST_FORMER = 20
_SECONDS = re.compile(r"0|[1-9][0-9]{0,11}")


def public_key(records: Records) -> str:
    """The key that readers check with, as `whpk_BASE64`."""
    return _public(_key(_held(records)))


def former_keys(records: Records) -> list[dict[str, str]]:
    """The public keys of before, newest first, each with the instant at which it ended."""
    return [dict(one) for one in _held(records).data["former"]]


def renew(records: Records, now: datetime) -> None:
    """Put a new key in place of the present one, as after a leak. Raises Conflict."""
    held = _held(records)
    former = [{"key": _public(_key(held)), "ended": show(now)}, *held.data["former"]][:MOST_FORMER]
    records.put(KIND, CURRENT, {"private": _made(), "former": former}, expected=held.version)


def sealed(records: Records, ident: str, payload: str, now: datetime) -> dict[str, str]:
    """Id, timestamp and signature of a payload under the names of Standard Webhooks, and the public key."""
    seconds, key = str((now - EPOCH) // timedelta(seconds=1)), _key(_held(records))
    signature = base64.b64encode(key.sign(_message(ident, seconds, payload))).decode()
    return {ID: ident, TIMESTAMP: seconds, SIGNATURE: SCHEME + signature, "key": _public(key)}


def genuine(answer: Mapping[str, Any], key: str, now: datetime, age: timedelta) -> bool:
    """Whether the holder of the key signed exactly this payload, no longer ago than `age`; clocks may differ by five
    minutes. Never raises."""
    ident, seconds, payload, signatures = (answer.get(name) for name in (ID, TIMESTAMP, "payload", SIGNATURE))
    if not (isinstance(ident, str) and isinstance(seconds, str) and isinstance(payload, str)):
        return False
    if not isinstance(signatures, str) or not _SECONDS.fullmatch(seconds):
        return False
    if not -TOLERANCE <= now - EPOCH - timedelta(seconds=int(seconds)) <= age:
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix(PREFIX), validate=True))
        message = _message(ident, seconds, payload)
    except ValueError:
        return False
    given = [one.removeprefix(SCHEME) for one in signatures.split() if one.startswith(SCHEME)]
    return any(_fits(public, one, message) for one in given)


def _fits(public: Ed25519PublicKey, signature: str, message: bytes) -> bool:
    try:
        public.verify(base64.b64decode(signature, validate=True), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _message(ident: str, seconds: str, payload: str) -> bytes:
    return f"{ident}.{seconds}.{payload}".encode()


def _made() -> str:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def _held(records: Records) -> Record:
    held = records.get(KIND, CURRENT)
    if held is None:
        with suppress(Conflict):
            records.put(KIND, CURRENT, {"private": _made(), "former": []}, expected=0)
        held = records.get(KIND, CURRENT)
    assert held is not None, "it was written here, or by somebody else"
    return held


def _key(held: Record) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(held.data["private"]))


def _public(key: Ed25519PrivateKey) -> str:
    return PREFIX + base64.b64encode(key.public_key().public_bytes_raw()).decode()
