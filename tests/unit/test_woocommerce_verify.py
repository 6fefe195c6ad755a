"""Which requests are from the shop: the vectors of the WooCommerce and the Dokan sheet, the ping, staging copies."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platforms.base import Refusal, Shop
from chalicelib.platforms.dokan import Dokan
from chalicelib.platforms.woocommerce import WooCommerce
from chalicelib.platforms.woocommerce.verify import host, signing_key

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SHOP = Shop("shop-1", "woocommerce", "https://shop.example")
ADAPTER = WooCommerce()


def headers(signature: str, source: str = "https://shop.example/", kind: str = "application/json") -> dict[str, str]:
    return {"content-type": kind, "x-wc-webhook-signature": signature, "x-wc-webhook-source": source}


def sign(secret: str, raw: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


VENDOR = b'{"action":"dokan_vendor_disabled","arg":57}'
VECTORS = [
    (
        "secret",
        b'{"id":727,"number":"727","status":"processing","total":"29.35"}',
        "BG/SZSmLhrRxatM7DQwu95IsT7BHF1FPcklgHj8ZKFY=",
        True,
        "a plain order",
    ),
    (
        "secret",
        b'{"id":727,"note":"caf\\u00e9 \\/ 5"}',
        "PLQYhRppMQQA9ZxMK42hMBt5rrjSvotw62BdQXSwdnY=",
        True,
        "escapes are signed as they stand",
    ),
    (
        "secret",
        '{"id":727,"note":"café / 5"}'.encode(),
        "MgZqiNdk8QWRJtDCb/1D/+GYNFiJ2/+i/iaTprsPYPQ=",
        True,
        "the same data written otherwise has a signature of its own",
    ),
    (
        "secret",
        '{"id":727,"note":"café / 5"}'.encode(),
        "PLQYhRppMQQA9ZxMK42hMBt5rrjSvotw62BdQXSwdnY=",
        False,
        "a re-serialised body does not fit the old signature",
    ),
    ("a&amp;b", b'{"id":727}', "fvvfKrQTDGAWM83fuFQAeFPz+Xaj5zHi22J9mwwzwd8=", True, "the stored secret is un-escaped"),
    ("a&b", b'{"id":727}', "fvvfKrQTDGAWM83fuFQAeFPz+Xaj5zHi22J9mwwzwd8=", True, "as it was typed"),
    ("x&amp;y", b'{"id":12}', "eoHS8/vX44ZNASgG5+5JPM/YCQ1bSuRj4HvBKI6vbCk=", True, "captured from a running shop"),
    ("a&amp;b", b'{"id":727}', "9FsWGonsa1kRMf7uhaTMZwgOQuEw+sGK3HsQhjHO3Rw=", False, "the escaped key is never used"),
    (
        "whsec_test_123",
        b'{"id":1042,"status":"processing","date_modified_gmt":"2026-01-05T09:30:00"}',
        "mbma8N7PhOriEhwW08GvlPERBjXE7kUE46A9aFBqcrA=",
        True,
        "Dokan: an order",
    ),
    ("whsec_test_123", VENDOR, "DV8fWy2RyMtMnP7Slse9H/c5HBsiVyZf0TkBK0qjcbw=", True, "Dokan: a shop's own plug-in"),
    ('a&b"c', VENDOR, "2/S17SpfLXb902WkLnD7Ax+VDNm0LSyJ2tNNx1qWSGs=", True, "Dokan: the typed key"),
    ("a&amp;b&quot;c", VENDOR, "2/S17SpfLXb902WkLnD7Ax+VDNm0LSyJ2tNNx1qWSGs=", True, "Dokan: the same, stored"),
    ("a&amp;b&quot;c", VENDOR, "Yo8FJ/EAKBlxNQnVFOF7OnQ7x1QsEptwTRQrLXsmDRw=", False, "Dokan: the escaped key"),
]


@pytest.mark.parametrize("adapter", [WooCommerce(), Dokan()], ids=["woocommerce", "dokan"])
@pytest.mark.parametrize(("secret", "raw", "signature", "good", "why"), VECTORS, ids=[row[-1] for row in VECTORS])
def test_the_vectors_of_the_sheets(
    adapter: WooCommerce, secret: str, raw: bytes, signature: str, good: bool, why: str
) -> None:
    assert (adapter.verify(raw, headers(signature), (secret,), SHOP, NOW) is None) is good, why


ENTITIES = [
    ("&amp;lt;", "&lt;", "one pass only"),
    ("&#039;&#39;&#x27;", "'''", "the single quote in each spelling"),
    ("&quot;&#034;&#x22;", '"""', "the double quote in each spelling"),
    ("&lt;&gt;&#060;&#62;&#38;&#X26;", "<><>&&", "the others"),
    ("&eacute;&nbsp;&amp", "&eacute;&nbsp;&amp", "no other entity is known"),
    ("Ab9", "Ab9", "nothing to do"),
]


@pytest.mark.parametrize(("stored", "key", "why"), ENTITIES)
def test_the_secret_is_unescaped_as_wordpress_does(stored: str, key: str, why: str) -> None:
    assert signing_key(stored) == key, why


def test_any_of_several_live_secrets_will_do() -> None:
    raw = b'{"id":1}'
    assert ADAPTER.verify(raw, headers(sign("new", raw)), ("old", "new", "older"), SHOP, NOW) is None
    assert isinstance(ADAPTER.verify(raw, headers(sign("gone", raw)), ("old", "new"), SHOP, NOW), Refusal)
    assert isinstance(ADAPTER.verify(raw, headers(sign("gone", raw)), (), SHOP, NOW), Refusal)


SOURCES = [
    ("https://shop.example/", True, "as WooCommerce sends it"),
    ("http://SHOP.example", True, "another scheme, capitals"),
    ("https://shop.example:443/", True, "the usual port"),
    ("https://www.shop.example/", True, "with the www that people leave out"),
    ("https://staging.shop.example/", False, "a staging copy signs with the same secret"),
    ("https://shop.example:8443/", False, "another port is another shop"),
    ("https://shop.example.evil.test/", False, "a longer host"),
    ("", False, "an empty source"),
    ("https://[broken", False, "not an address"),
    ("https://shop.example:99999/", False, "not a port"),
]


@pytest.mark.parametrize(("source", "good", "why"), SOURCES, ids=[row[-1] for row in SOURCES])
def test_the_source_must_be_the_connections_host(source: str, good: bool, why: str) -> None:
    raw = b'{"id":1}'
    assert (ADAPTER.verify(raw, headers(sign("s", raw), source), ("s",), SHOP, NOW) is None) is good, why


def test_without_a_source_the_signature_alone_counts() -> None:
    raw = b'{"id":1}'
    good = {"content-type": "application/json", "x-wc-webhook-signature": sign("s", raw)}
    assert ADAPTER.verify(raw, good, ("s",), SHOP, NOW) is None
    assert isinstance(ADAPTER.verify(raw, good, ("other",), SHOP, NOW), Refusal)


def test_header_names_are_compared_without_case() -> None:
    raw = b'{"id":1}'
    written = {
        "Content-Type": "application/json", "X-WC-Webhook-Signature": sign("s", raw),
        "X-WC-Webhook-Source": "https://shop.example/",
    }  # fmt: skip
    assert ADAPTER.verify(raw, written, ("s",), SHOP, NOW) is None
    assert ADAPTER.verify(raw, {**written, "X-WC-Webhook-Source": "https://b.example/"}, ("s",), SHOP, NOW) is not None
    assert ADAPTER.greet(b"webhook_id=1", {"Content-Type": FORM}) is not None
    assert ADAPTER.greet(b"webhook_id=1", {"Content-Type": FORM, "X-WC-Webhook-Signature": "x"}) is None


def test_a_connection_without_an_address_takes_nothing() -> None:
    raw = b'{"id":1}'
    nowhere = Shop("shop-1", "woocommerce")
    assert isinstance(ADAPTER.verify(raw, headers(sign("s", raw), ""), ("s",), nowhere, NOW), Refusal)


def test_a_shop_on_a_port_of_its_own() -> None:
    raw = b'{"id":1}'
    local = Shop("shop-1", "woocommerce", "http://127.0.0.1:8081")
    assert ADAPTER.verify(raw, headers(sign("s", raw), "http://127.0.0.1:8081/"), ("s",), local, NOW) is None
    assert host("shop.example") == "shop.example"


FORM = "application/x-www-form-urlencoded"
PINGS = [
    (b"webhook_id=1", FORM, True, "as seen on the wire"),
    (b"webhook_id=1", f"{FORM}; charset=UTF-8", True, "with a charset"),
    (b"webhook_id=12345678901234567890", FORM, True, "a long id"),
    (b"webhook_id=1&x=2", FORM, False, "more than an id"),
    (b"webhook_id=", FORM, False, "no id"),
    (b"webhook_id=abc", FORM, False, "no number"),
    (b"webhook_id=1\n", FORM, False, "a line more"),
    (b"webhook_id=123456789012345678901234567890", FORM, False, "too long"),
    (b"webhook_id=1", "application/json", False, "not as a form"),
    (b'{"webhook_id":1}', FORM, False, "JSON"),
    (b"", FORM, False, "empty"),
]


@pytest.mark.parametrize(("raw", "kind", "good", "why"), PINGS, ids=[row[-1] for row in PINGS])
def test_only_the_ping_is_greeted(raw: bytes, kind: str, good: bool, why: str) -> None:
    answer = ADAPTER.greet(raw, {"content-type": kind})
    assert (answer is not None) is good, why
    if answer is not None:
        assert answer.status == 200


def test_a_signed_request_is_never_taken_for_a_ping() -> None:
    assert ADAPTER.greet(b"webhook_id=1", headers("x", kind=FORM)) is None


def test_a_form_body_is_refused_even_when_signed() -> None:
    raw = b"webhook_id=1&status=completed"
    assert isinstance(ADAPTER.verify(raw, headers(sign("s", raw), kind=FORM), ("s",), SHOP, NOW), Refusal)


@given(st.text(), st.binary(), st.text(), st.text())
def test_strangers_are_refused_and_never_crash_the_door(signature: str, raw: bytes, source: str, secret: str) -> None:
    assert isinstance(ADAPTER.verify(raw, headers(signature, source), (secret,), SHOP, NOW), Refusal)


def test_what_the_hook_imports_is_light() -> None:
    import subprocess
    import sys

    code = (
        "import sys, chalicelib.platforms.woocommerce, chalicelib.platforms.dokan;"
        "heavy = {'requests', 'pydantic', 'yaml', 'boto3'} & set(sys.modules);"
        "own = [name for name in sys.modules if name.endswith(('.levers', '.looks', '.api', '.read'))];"
        "sys.exit(f'{heavy} {own}' if heavy or own else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""
