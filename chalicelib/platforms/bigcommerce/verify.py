"""Does this request come from the app that made the hook? Standard Webhooks with the client secret's own bytes as the
key, and, where the connection has one, a second secret in a header of ours that the platform echoes.

Runs on every request of a stranger: parses nothing, raises nothing. The signed time is worth five minutes, as in the
standard; the store itself stands in the signed body and is compared when that is read. Facts: the sheet, section 1.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core import signing
from chalicelib.platforms.base import Refusal, Shop

SECOND = "x-redress-secret"


def verify(
    raw: bytes, headers: Mapping[str, str], secrets: tuple[str, ...], shop: Shop, now: datetime
) -> Refusal | None:
    """None where a live secret signed exactly these bytes, and its second part, where it has one, came along."""
    told = {name.lower(): value for name, value in headers.items()}
    if signing.SIGNATURE not in told:
        return _unsigned(told, secrets, shop)
    refusals = [_signed(raw, told, secret, now) for secret in secrets]
    if not refusals:
        return Refusal("no usable secret is stored")
    # Every secret is tried, so that the time taken does not tell which is live.
    return None if None in refusals else refusals[0]


def _signed(raw: bytes, told: Mapping[str, str], secret: str, now: datetime) -> Refusal | None:
    key, _, second = secret.partition(" ")
    refusal = signing.verify_keys(told, raw, [_bytes(key)], now)
    if second and not _same(told.get(SECOND, ""), second):
        return Refusal(f"signed, but without the secret in {SECOND}") if refusal is None else Refusal(refusal.reason)
    return Refusal(refusal.reason) if refusal is not None else None


def _unsigned(told: Mapping[str, str], secrets: tuple[str, ...], shop: Shop) -> Refusal | None:
    """A store of before the signatures, let in by the header alone where its connection says so."""
    if shop.options.get("unsigned") != "header":
        return Refusal("not signed")
    given = told.get(SECOND, "")
    matches = [_same(given, second) for secret in secrets if (second := secret.partition(" ")[2])]
    return None if given and any(matches) else Refusal(f"not signed, and not the secret in {SECOND}")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(_bytes(given), _bytes(wanted))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
