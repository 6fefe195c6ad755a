"""Which requests are Shopify's: published vectors, rotation, both header families, junk."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from chalicelib.platforms.base import Refusal, Shop
from chalicelib.platforms.shopify import Shopify

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SHOP = Shop("shop-1", "shopify", "demo.myshopify.com")
VECTORS = (
    ("secret", b"foo=anything", "yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI="),
    ("old_secret", b"foo=anything", "XqRcjrSv57VACn6apEO9znyu/wkN1VC7QxdSPwK3Hzs="),
    ("test_secret_key", b'{"foo": "bar"}', "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g="),
)


def sign(secret: str, raw: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def verdict(raw: bytes, signature: str | None, *secrets: str, shop: Shop = SHOP, **more: str) -> Refusal | None:
    headers = {"x-shopify-shop-domain": "demo.myshopify.com"} | {k.replace("_", "-"): v for k, v in more.items()}
    if signature is not None:
        headers["x-shopify-hmac-sha256"] = signature
    return Shopify().verify(raw, headers, secrets, shop, NOW)


@pytest.mark.parametrize(("secret", "raw", "signature"), VECTORS)
def test_published_vectors_are_authentic(secret: str, raw: bytes, signature: str) -> None:
    assert verdict(raw, signature, secret) is None
    assert verdict(raw + b" ", signature, secret) is not None
    assert verdict(raw, signature, secret + "x") is not None


def test_any_live_secret_signs_during_rotation() -> None:
    raw = b'{"id":1}'
    assert verdict(raw, sign("old", raw), "new", "old") is None
    assert verdict(raw, sign("new", raw), "new", "old") is None
    assert verdict(raw, sign("older", raw), "new", "old") is not None


def test_the_bytes_are_signed_and_not_what_they_mean() -> None:
    raw = '{"name":"Köln","url":"a\\/b","n":1.0}'.encode()
    assert verdict(raw, sign("s", raw), "s") is None
    assert verdict('{"name": "Köln", "url": "a/b", "n": 1.0}'.encode(), sign("s", raw), "s") is not None


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (None, "missing"),
        ("", "empty"),
        ("yCGX", "too short"),
        ("yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI", "padding cut off"),
        ("yCGX_RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI=", "the URL alphabet"),
        (" yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI=", "a space before"),
        ("yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI=,yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI=", "two, joined"),
        ("c82197fd1acae1f72e36daf7ced939b501ac3818dc0331e918b74c52b6d5f322", "hex, as OAuth signs"),
        ("sígnature", "not ASCII"),
        ("\udc80", "half of a surrogate pair"),
        ("=" * 44, "padding alone"),
    ],
)
def test_malformed_signatures_are_refused_and_never_raise(signature: str | None, why: str) -> None:
    assert verdict(b"foo=anything", signature, "secret") == Refusal("signature missing or malformed"), why


def test_an_empty_body_is_refused_even_when_signed() -> None:
    assert verdict(b"", sign("secret", b""), "secret") == Refusal("empty body")


def test_without_a_secret_nobody_is_authentic() -> None:
    raw = b"{}"
    assert verdict(raw, sign("", raw)) is not None
    assert verdict(raw, sign("", raw), "") is not None


def test_a_delivery_for_another_shop_is_refused() -> None:
    raw = b"{}"
    good = sign("s", raw)
    assert verdict(raw, good, "s", x_shopify_shop_domain="other.myshopify.com") == Refusal("another shop's domain")
    assert verdict(raw, good, "s", x_shopify_shop_domain="") is None, "nothing to compare"
    assert verdict(raw, good, "s", x_shopify_shop_domain="DEMO.myshopify.com") is None
    written = Shop("shop-1", "shopify", "https://Demo.myshopify.com/")
    assert verdict(raw, good, "s", shop=written) is None


def test_the_events_family_counts_where_both_are_present() -> None:
    raw = b"{}"
    good, bad = sign("s", raw), sign("other", raw)
    assert verdict(raw, bad, "s", shopify_hmac_sha256=good) is None
    assert verdict(raw, good, "s", shopify_hmac_sha256=bad) is not None
    assert verdict(raw, good, "s", shopify_shop_domain="other.myshopify.com") is not None


def test_header_names_are_compared_without_case() -> None:
    raw = b"{}"
    headers = {"X-Shopify-Hmac-SHA256": sign("s", raw), "X-Shopify-Shop-Domain": "demo.myshopify.com"}
    assert Shopify().verify(raw, headers, ("s",), SHOP, NOW) is None


def test_the_hook_needs_little_to_verify() -> None:
    import subprocess
    import sys

    script = (
        "import sys; from chalicelib.platforms.shopify import Shopify; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'requests', 'pydantic', 'yaml', 'boto3'}), "
        "'chalicelib.platforms.shopify.read' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[] False"


def test_it_is_an_adapter_and_keeps_only_the_headers_that_it_reads() -> None:
    from chalicelib.platforms.base import Adapter

    adapter: Adapter = Shopify()
    assert adapter.greet(b"webhook_id=1", {}) is None
    assert adapter.refuse(b"junk") is None
    assert adapter.success.status == 200
    assert "x-shopify-topic" in adapter.keep and "shopify-topic" in adapter.keep
    assert not any("hmac" in name or "triggered" in name for name in adapter.keep)
