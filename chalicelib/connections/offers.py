"""What a platform wants to be told when one of its stores is connected: address, options, credentials, and who chooses
the hook's secret. Facts: the platform sheets and the docstrings of the adapters; a test holds the names to the sources.
"""

import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.core import signing
from chalicelib.core.instants import parse_instant

_LETTERS = string.ascii_letters + string.digits
_SHOPIFY = re.compile(r"(?:https://)?[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com/?", re.IGNORECASE | re.ASCII)
_VERSION = re.compile(r"20[0-9]{2}-(01|04|07|10)")
_STORE_HASH = re.compile(r"[a-z0-9]{4,20}")
_STORE_API = re.compile(r"https://api\.bigcommerce\.com/stores/[a-z0-9]{4,20}")
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}(/[!-~]*)?")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/[!-~]*)?")
MAX_SECRET = 512


def url_wanted(text: str) -> str:
    """What is wrong with a URL that we are to call: what was wanted, or nothing. The outgoing client has the last word
    when it connects; plain http it speaks only to a host that the deployment allows, such as a local engine's own."""
    if len(text) > 2000 or not ((text.startswith("https://") and _URL.fullmatch(text)) or _LOOPBACK.fullmatch(text)):
        return "an https URL without user-info, at most 2000 characters"
    return ""


def _whsec(text: str) -> str:
    try:
        signing.parse_secret(text)
    except ValueError:
        return "whsec_ and 24 to 64 bytes in base64"
    return ""


def _plain(text: str) -> str:
    fine = 8 <= len(text) <= MAX_SECRET and text.isascii() and text.isprintable() and text == text.strip()
    return "" if fine else f"8 to {MAX_SECRET} printable ASCII characters"


def _given(text: str) -> str:
    """A hook's secret that the shop already signs with: how long it is was the shop's to say."""
    fine = 6 <= len(text) <= MAX_SECRET and text.isascii() and text.isprintable() and text == text.strip()
    return "" if fine else f"6 to {MAX_SECRET} printable ASCII characters"


def _shopify_address(text: str) -> str:
    # A loopback address is a shop to test against.
    return "" if _SHOPIFY.fullmatch(text) or _LOOPBACK.fullmatch(text) else "the store's own host, NAME.myshopify.com"


def _site(text: str) -> str:
    return "" if len(text) <= 300 and _URL.fullmatch(text) else "the shop's address, https://HOST"


def _bigcommerce_address(text: str) -> str:
    fine = _STORE_HASH.fullmatch(text) or _STORE_API.fullmatch(text) or _LOOPBACK.fullmatch(text)
    return "" if fine else "the store's hash, or https://api.bigcommerce.com/stores/HASH"


def _instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError:
        return "an instant with its zone, such as 2026-11-28T10:00:00Z"
    return ""


def _optional_site(text: str) -> str:
    return _site(text) if text else ""


def _count(text: str) -> str:
    return (
        "" if text.isascii() and text.isdecimal() and int(text[:9]) > 0 and len(text) < 9 else "a whole number above 0"
    )


def _version(text: str) -> str:
    return "" if _VERSION.fullmatch(text) else "a version of the platform's API, such as 2026-07"


def _text(text: str) -> str:
    return "" if 0 < len(text) <= 2000 and text.isprintable() else "text of at most 2000 characters"


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda text: "" if text in words else f"one of {', '.join(words)}"


Check = Callable[[str], str]
"""Gives what was wanted where the text will not do, else nothing."""
COMMON: Mapping[str, Check] = {"storm_limit": _count, "language": _one_of("en", "zh")}
"""Options of every connection."""


def _shop_number(text: str) -> str:
    return "" if re.fullmatch(r"[0-9]{0,19}", text) else "digits, as the platform shows them"


def _graphql(text: str) -> str:
    # Saleor names itself by this address too, and answers under no other.
    fine = not _site(text) and text.endswith("/graphql/")
    return "" if fine else "the shop's GraphQL address, https://HOST/graphql/"


def _merchant_number(text: str) -> str:
    return "" if re.fullmatch(r"[0-9]{8,12}", text) else "the merchant number, 8 to 12 digits"


def _private_key(text: str) -> str:
    from chalicelib.platforms.crypto import rsa_sign

    try:
        rsa_sign(text, b"")
    except ValueError as error:
        return f"an RSA private key in PEM (found {error})"
    return ""


def _key_set(text: str) -> str:
    from chalicelib.platforms.saleor.keys import check

    return check(text)


def _ring(text: str) -> str:
    from chalicelib.platforms.wechatpay.keys import check

    return check(text)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a platform wants. `issue` makes a secret where we choose it; where it is None the platform gave one."""

    address: Check
    options: Mapping[str, Check]
    credentials: Mapping[str, Check]
    secret: Check = _given
    issue: Callable[[], str] | None = None
    hint: str = ""
    known: Mapping[str, Check] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", {**COMMON, **self.options})


def _standard_secret() -> str:
    return signing.format_secret(secrets.token_bytes(32))


def _woo_secret() -> str:
    # Letters and digits alone: WordPress escapes &, <, > and quotes before it signs with them.
    return "".join(secrets.choice(_LETTERS) for _ in range(50))


_WOO: Mapping[str, Check] = {
    "api_refund": _one_of("true", "false"),
    "recorded_refunds": _one_of("approved", "paid"),
    "status_names": _text,
    "order_actions": _text,
}
_WOO_KEYS: Mapping[str, Check] = {"consumer_key": _plain, "consumer_secret": _plain}

OFFERS: Mapping[str, Offer] = {
    "standard": Offer(
        address=_optional_site,
        options={"actions_url": url_wanted, "look_url": url_wanted},
        credentials={"secret": _whsec},
        secret=_whsec,
        issue=_standard_secret,
    ),
    "shopify": Offer(
        address=_shopify_address,
        options={"api_version": _version, "split": _one_of("vendor")},
        credentials={"access_token": _plain, "client_id": _plain, "refresh_token": _plain, "expires_at": _instant},
        hint="the client secret of the app, as the platform shows it",
    ),
    "woocommerce": Offer(address=_site, options=_WOO, credentials=_WOO_KEYS, issue=_woo_secret),
    "dokan": Offer(
        address=_site,
        options={**_WOO, "seller_mail": _one_of("pro", "lite"), "contact_name": _text, "contact_email": _text},
        credentials={**_WOO_KEYS, "wp_user": _text, "wp_app_password": _plain},
        issue=_woo_secret,
    ),
    "doudian": Offer(
        address=_shop_number,
        options={
            "app_key": _shop_number,
            "sandbox": _one_of("true", "false"),
            "reply_text": _text,
            "flag": _one_of(*"012345"),
            "agree_types": _text,
        },
        credentials={"app_secret": _plain, "access_token": _plain, "refresh_token": _plain, "expires_at": _instant},
        hint="the secret of the app, as the platform shows it",
    ),
    "wechatpay": Offer(
        address=_merchant_number,
        options={"reply_text": _text},
        credentials={"serial_no": _plain, "private_key": _private_key},
        secret=_ring,
        hint="the APIv3 key and the platform's public keys or certificates by serial, as one JSON text",
    ),
    "saleor": Offer(
        address=_graphql,
        options={},
        credentials={"access_token": _plain},
        secret=_key_set,
        hint="the shop's key set, the JSON at /.well-known/jwks.json of its address (or the webhook's own secretKey)",
    ),
    "mirakl": Offer(
        address=_site,
        options={
            "webhooks": _one_of("path"),
            "auth_url": url_wanted,
            "refund_reason": _text,
            "incident_reason": _text,
            "close_reason": _text,
            "note_field": _text,
            "tag_field": _text,
            "immunity_days": _count,
            "state_change_path": _text,
        },
        credentials={
            "api_key": _plain,
            "client_id": _plain,
            "client_secret": _plain,
            "access_token": _plain,
            "expires_at": _instant,
        },
        issue=_woo_secret,
    ),
    "bigcommerce": Offer(
        address=_bigcommerce_address,
        options={"unsigned": _one_of("header"), "recorded_refunds": _one_of("approved", "paid")},
        credentials={"access_token": _plain},
        hint="the client secret of the app; after a space, the secret that the hook's header x-redress-secret holds",
    ),
}
"""By name of platform, as in `platforms.registry`."""
