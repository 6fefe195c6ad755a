"""What one secret of a hook holds: the merchant's APIv3 key, which opens contents, and the platform's public keys,
which verify. They live and are rotated together, so each secret is whole, in the form of `WANTED`. During WeChat Pay's
move from certificates to public keys both stand side by side. An error never shows a key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chalicelib.core.strictjson import BadJson, loads

WANTED = '{"apiv3_key": "32 characters", "platform_keys": {"SERIAL": "PEM of the certificate or public key"}}'
MOST_KEYS = 10


@dataclass(frozen=True, slots=True)
class Ring:
    """One secret, parsed."""

    apiv3_key: bytes = field(repr=False)
    platform_keys: Mapping[str, str]


def parse_ring(secret: str) -> Ring:
    """Raises ValueError. Other lengths of the APIv3 key are refused: the algorithm's name says AES-256."""
    try:
        value = loads(secret.encode("utf-8", "surrogatepass"))
    except BadJson:
        raise ValueError("a secret that is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("a secret that is not an object")
    key, keys = value.get("apiv3_key"), value.get("platform_keys")
    if not isinstance(key, str) or len(key) != 32 or not key.isascii():
        raise ValueError("an apiv3_key that is not 32 ASCII characters")
    if not isinstance(keys, dict) or not 1 <= len(keys) <= MOST_KEYS:
        raise ValueError(f"platform_keys that are not 1 to {MOST_KEYS} keys by serial")
    if not all(isinstance(one, str) and one for one in keys.values()):
        raise ValueError("a platform key that is not text")
    return Ring(key.encode(), {serial.upper(): one for serial, one in keys.items()})


def rings(secrets: Iterable[str]) -> list[Ring]:
    """The live secrets that can be used."""
    found = []
    for secret in secrets:
        try:
            found.append(parse_ring(secret))
        except ValueError:
            continue
    return found


def check(secret: str) -> str:
    """What is wrong with a secret, as what was wanted; nothing where it will do."""
    from chalicelib.platforms.crypto import rsa_check

    try:
        for key in parse_ring(secret).platform_keys.values():
            rsa_check(key)
    except ValueError as error:
        return f"{WANTED} (found {error})"
    return ""
