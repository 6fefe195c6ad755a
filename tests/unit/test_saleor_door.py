"""Whom the door lets in from Saleor, and whose keys it goes by."""

import base64
import json
from datetime import UTC, datetime

import pytest

from chalicelib.platforms.base import Collects, HasKeys, Later, Refusal, Refused, Session, Shop
from chalicelib.platforms.saleor import Saleor
from chalicelib.platforms.saleor.keys import check, written
from tests.fakes.driving import drive
from tests.fakes.saleor import DOWN, FakeSaleor, jwk

ADAPTER = Saleor()
NOW = datetime(2026, 11, 20, tzinfo=UTC)
BODY = b'{"__typename": "OrderCreated"}'
SIGNATURE = (
    "eyJhbGciOiJSUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il0sImlzcyI6Imh0dHBzOi8vaGFja2F0aG9uLXNoaXBwaW5nLmV1LnNhbGVv"
    "ci5jbG91ZC9ncmFwaHFsLyIsImtpZCI6InlLdzlYeUVmOHgyYnd5SkdCWVlTckhzeXpHaHhKaktLdlpkb2tOZTlGSWMiLCJ0eXAiOiJKV1QifQ.."
    "ShPbfvYc_A5Aq3hiT6sisDclKikDkhxOvGXT2ZWgdsGRjZpg9ukiHRZym0kbfMfDqU5C3Pfo6n7am0ExwbnFWBfOil3pfe3uJOcOn_UGRj76Fy-5"
    "9TB0JdS_WuTgNQcYM8Yjvlq2sNK4jdAfJVRTTx8FVgEpFrHBKmcMPfD7zuDozswIDMZOkklYqBcyQ76DJYIRVhl3QsktYPPrxDoqf-GJ--e9FuNq"
    "tqNDksP1weiDSraqXCF4-Ie7UWZsMIFxkPF8jdKjF_s1UmNS8Xel8soFQQ9L6Gps-NEv7xcHicGt5lgohH4mqhz1YIxCR7v_NTQgWImu_GQ6ELBi"
    "BSIZ2Q"
)
KID = "yKw9XyEf8x2bwyJGBYYSrHsyzGhxJjKKvZdokNe9FIc"
MODULUS = (
    "uDhbbpspufsQiqHsmC4kvmFQ5l2mGZsGcWhKVSQKQubSdXMedPpLnPD3Z3DsY76DILTm6WfOtSp5rr4KzF5wjurlOEhuFsB1HUfK9ZZB2nEDCQbw"
    "eoIv3SOdclaNB__pYvQ0nmQHwsAeqH1QUuFUIvOL3t31rhjvzX6wvS49fGNb7rDlqQjufCvaX_n-ADJTgEAg6y1Mzn5NhgoTV1KTBeviyZqCdwvD"
    "6bk1ghN2XXWpNcARTzu3WHrmzIzkTwQeIMG8efwIddjfCaMGiOzAfzdQlqHlHPL1Xb5kV9AVX3kiSy-9shaQY23HdWwwiodrb4k2w34Z9ZZN-MHp"
    "8i6JdQ"
)
JWKS = json.dumps({"keys": [{"kty": "RSA", "e": "AQAB", "kid": KID, "n": MODULUS}]})
CLOUD = Shop("s", "saleor", "https://hackathon-shipping.eu.saleor.cloud/graphql/")
HEADERS = {"saleor-event": "order_created", "saleor-api-url": CLOUD.address, "saleor-signature": SIGNATURE}


def verify(
    headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (JWKS,), shop: Shop = CLOUD
) -> Refusal | None:
    return ADAPTER.verify(body, headers, secrets, shop, NOW)


def test_the_official_vector_of_the_detached_signature() -> None:
    assert verify(HEADERS) is None
    old = {f"X-{name.title()}": value for name, value in HEADERS.items()}
    assert verify(old) is None, "the copies of before 4.0"


def test_the_control_of_the_vector_a_body_in_base64url_is_not_what_was_signed() -> None:
    assert verify(HEADERS, base64.urlsafe_b64encode(BODY).rstrip(b"=")) is not None


HMACS = [
    ("secret", BODY, "fd66aa57752c2d89b605629462a28ffad0837597016755d731d41c89be6cb05f", "computed"),
    ("plainsecret123", b'{"order": {"number": "15"}}',
     "922397f39acf9dcc0657377a0a39749da49b06814e5d782be70f57e812a7e774", "captured from a running shop"),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "body", "signature", "why"), HMACS, ids=[row[-1] for row in HMACS])
def test_the_vectors_of_the_secret_key(secret: str, body: bytes, signature: str, why: str) -> None:
    headers = {**HEADERS, "saleor-signature": signature}
    assert verify(headers, body, (secret,)) is None
    assert verify(headers, body, (JWKS, "other", secret)) is None, "one of each is live while one replaces the other"
    assert verify(headers, body + b" ", (secret,)) is not None
    assert verify(headers, body, ("other", "")) is not None
    assert verify({**headers, "saleor-signature": signature.upper()}, body, (secret,)) is not None


OTHER = "https://other.example/graphql/"
STRANGERS = [
    ({**HEADERS, "saleor-signature": SIGNATURE[:-4] + "AAAA"}, BODY, "another signature"),
    ({**HEADERS, "saleor-signature": SIGNATURE.replace("..", ".")}, BODY, "not detached"),
    ({**HEADERS, "saleor-signature": ""}, BODY, "none"),
    ({**HEADERS, "saleor-signature": "\N{SNOWMAN}" * 400}, BODY, "made of snow"),
    ({**HEADERS, "saleor-signature": "A" * 40 + ".." + "A" * 342}, BODY, "a header that is no JSON"),
    (HEADERS, BODY[:-1], "cut short"),
    (HEADERS, BODY.replace(b": ", b":"), "one space less"),
    (HEADERS, b"", "no body"),
    ({**HEADERS, "saleor-api-url": OTHER}, BODY, "another shop's name"),
    ({name: value for name, value in HEADERS.items() if name != "saleor-api-url"}, BODY, "no shop's name"),
    ({}, BODY, "nothing"),
]


@pytest.mark.parametrize(("headers", "body", "why"), STRANGERS, ids=[row[-1] for row in STRANGERS])
def test_strangers_are_refused_for_good(headers: dict[str, str], body: bytes, why: str) -> None:
    refusal = verify(headers, body)
    assert refusal is not None and not refusal.again


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "none"}, "no algorithm"),
        ({"alg": "HS256"}, "a public key taken for a secret"),
        ({"b64": True}, "the body in base64"),
        ({"crit": []}, "not said to be critical"),
        ({"crit": ["b64", "exp"]}, "something critical that we do not know"),
        ({"iss": OTHER}, "another shop's issuer"),
        ({"iss": 5}, "an issuer that is none"),
        ({"kid": None}, "no key named"),
        ({"kid": ["first"]}, "a key named by a list"),
    ],
)
def test_a_signature_of_another_kind_is_refused(header: dict, why: str) -> None:
    fake = FakeSaleor()
    shop = Shop("s", "saleor", fake.address)
    assert verify(fake.signed(BODY), secrets=(fake.jwks(),), shop=shop) is None
    assert verify(fake.signed(BODY, iss=fake.address), secrets=(fake.jwks(),), shop=shop) is None
    refusal = verify(fake.signed(BODY, **header), secrets=(fake.jwks(),), shop=shop)
    assert refusal is not None and not refusal.again, why


def test_a_key_that_we_do_not_know_yet_makes_the_shop_come_again() -> None:
    fake = FakeSaleor()
    shop, known = Shop("s", "saleor", fake.address), fake.jwks()
    fake.kid = "second"
    refusal = verify(fake.signed(BODY), secrets=(known,), shop=shop)
    assert refusal is not None and refusal.again
    assert verify(fake.signed(BODY), secrets=(fake.jwks(), known), shop=shop) is None
    only_secret = verify(fake.signed(BODY), secrets=("a-secret-key",), shop=shop)
    assert only_secret is not None and not only_secret.again, "this connection has no key set to renew"


def test_a_name_of_a_key_under_another_s_signature_is_refused() -> None:
    fake = FakeSaleor(kid="mallory")
    shop, honest = Shop("s", "saleor", fake.address), json.dumps({"keys": [jwk("first")]})
    assert verify(fake.signed(BODY, kid="first"), secrets=(honest,), shop=shop) is not None


@pytest.mark.parametrize("broken", ["{", "{}", '{"keys": 5}', '{"keys": [5, {}]}',
                                    '{"keys": [{"kty": "RSA", "kid": "first", "n": "AA", "e": "AQAB"}]}',
                                    '{"keys": [{"kty": "RSA", "kid": "first", "n": 5}]}'])  # fmt: skip
def test_a_broken_key_set_of_ours_lets_nobody_in_and_raises_nothing(broken: str) -> None:
    fake = FakeSaleor()
    assert verify(fake.signed(BODY), secrets=(broken,), shop=Shop("s", "saleor", fake.address)) is not None


def session(fake: FakeSaleor) -> Session:
    return Session(Shop("s", "saleor", fake.address), {"access_token": fake.token}, fake.now)


def test_the_key_set_is_fetched_from_the_shop_s_own_origin_and_cut_to_what_is_needed() -> None:
    fake = FakeSaleor()
    assert isinstance(ADAPTER, HasKeys) and isinstance(ADAPTER, Collects)
    found = drive(ADAPTER.keys(session(fake)), fake.send)
    assert isinstance(found, str) and check(found) == ""
    (key,) = json.loads(found)["keys"]
    assert set(key) == {"kty", "kid", "n", "e"}
    assert verify(fake.signed(BODY), secrets=(found,), shop=Shop("s", "saleor", fake.address)) is None
    fake.faults = [("jwks", DOWN)]
    assert isinstance(drive(ADAPTER.keys(session(fake)), fake.send), Later)


def test_a_shop_without_a_usable_key_is_refused() -> None:
    fake = FakeSaleor()
    fake.jwks = lambda: '{"keys": [{"kty": "EC"}]}'  # type: ignore[method-assign]
    assert drive(ADAPTER.keys(session(fake)), fake.send) == Refused("no-usable-key")


def test_what_may_be_stored_as_a_secret() -> None:
    assert check("a-secret-key") == "" and check(JWKS) == ""
    assert check("short") and check("{}") and check("tail ") and check('{"keys":[]}')
    many = written({"keys": [jwk("first")] * 20})
    assert check(many), "what is sealed has 4 KB at most"
