"""Standard Webhooks v1, both ways: the known vector, rotation, and every way a stranger can get it wrong."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.signing import Refusal, format_secret, parse_secret, sign, signed_headers, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = format_secret(b"o" * 32)
OTHER_SECRET = format_secret(b"x" * 24)
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(STAMP, UTC)


def headers(**changed: str | None) -> dict[str, str]:
    given = {"webhook-id": ID, "webhook-timestamp": str(STAMP), "webhook-signature": SIGNATURE}
    for name, value in changed.items():
        given.pop(f"webhook-{name}")
        if value is not None:
            given[f"webhook-{name}"] = value
    return given


def test_signs_the_vector_of_the_specification() -> None:
    assert sign(ID, STAMP, BODY, SECRET) == SIGNATURE


def test_verifies_the_vector_of_the_specification() -> None:
    assert verify(headers(), BODY, [SECRET], NOW) is None


def test_header_names_are_taken_in_any_case() -> None:
    assert verify({name.title(): value for name, value in headers().items()}, BODY, [SECRET], NOW) is None


def test_signs_with_each_live_secret_in_order() -> None:
    assert sign(ID, STAMP, BODY, [OLD_SECRET, SECRET]) == f"{sign(ID, STAMP, BODY, OLD_SECRET)} {SIGNATURE}"


@pytest.mark.parametrize("live", [[SECRET], [SECRET, OLD_SECRET], [OLD_SECRET]])
def test_a_rotation_is_verified_with_either_secret(live: list[str]) -> None:
    both = sign(ID, STAMP, BODY, [OLD_SECRET, SECRET])
    assert verify(headers(signature=both), BODY, live, NOW) is None


def test_a_receiver_with_both_secrets_takes_either_signature() -> None:
    for secret in (SECRET, OLD_SECRET):
        given = headers(signature=sign(ID, STAMP, BODY, secret))
        assert verify(given, BODY, [OTHER_SECRET, OLD_SECRET, SECRET], NOW) is None


@pytest.mark.parametrize(
    "signature",
    [
        f"v1a,{'A' * 86}== {SIGNATURE}",
        f"{SIGNATURE} v2,whatever",
        f"v1,%%% {SIGNATURE}",
        f"v1 {SIGNATURE}",
        f" {SIGNATURE} ",
    ],
)
def test_other_entries_beside_a_good_one_do_no_harm(signature: str) -> None:
    assert verify(headers(signature=signature), BODY, [SECRET], NOW) is None


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_the_window_is_five_minutes_each_way_inclusive(seconds: int) -> None:
    assert verify(headers(), BODY, [SECRET], NOW + timedelta(seconds=seconds)) is None


def test_the_window_can_be_set() -> None:
    late = NOW + timedelta(seconds=11)
    assert verify(headers(), BODY, [SECRET], late, tolerance=timedelta(seconds=11)) is None
    assert verify(headers(), BODY, [SECRET], late, tolerance=timedelta(seconds=10)) is not None


HEX = hmac.digest(parse_secret(SECRET), f"{ID}.{STAMP}.".encode() + BODY, "sha256").hex()
REFUSED = [
    (headers(id=None), "no webhook-id", "no id"),
    (headers(id=""), "no webhook-id", "an empty id"),
    (headers(timestamp=None), "no webhook-timestamp", "no timestamp"),
    (headers(signature=None), "no webhook-signature", "no signature"),
    ({}, "no webhook-id", "no headers at all"),
    (headers(id="msg_1.1614265330"), "full stop", "a full stop could move the border between id and time"),
    (headers(id="msg 1"), "printable", "a space in the id"),
    (headers(id="msg_é"), "printable", "an id beyond ASCII"),
    (headers(id="msg_1\n"), "printable", "a line feed at the end of the id"),
    (headers(id="m" * 2049), "2048", "an id without end"),
    (headers(timestamp="now"), "whole seconds", "no number"),
    (headers(timestamp="1614265330.0"), "whole seconds", "a fraction"),
    (headers(timestamp="-1614265330"), "whole seconds", "below zero"),
    (headers(timestamp="+1614265330"), "whole seconds", "a plus sign"),
    (headers(timestamp=" 1614265330"), "whole seconds", "a space before"),
    (headers(timestamp="1614265330\n"), "whole seconds", "a line feed after"),
    (headers(timestamp="01614265330"), "whole seconds", "a leading zero"),
    (headers(timestamp="1_614_265_330"), "whole seconds", "what int() would take"),
    (headers(timestamp="１６１４２６５３３０"), "whole seconds", "full-width digits"),
    (headers(timestamp="1614265330000"), "whole seconds", "milliseconds"),
    (headers(timestamp="9" * 5000), "whole seconds", "more digits than int() takes"),
    (headers(timestamp="999999999999"), "future", "a time that no datetime can hold"),
    (headers(timestamp="0"), "too old", "the epoch"),
    (headers(timestamp=str(STAMP - 301)), "too old", "a second too old"),
    (headers(timestamp=str(STAMP + 301)), "future", "a second too new"),
    (headers(signature="v1"), "no v1", "no comma"),
    (headers(signature="v1,"), "no v1", "an empty signature"),
    (headers(signature="v1,%%%%"), "no v1", "no base64"),
    (headers(signature="v1,abc"), "no v1", "base64 without its padding"),
    (headers(signature="v1,é"), "no v1", "beyond ASCII"),
    (headers(signature=SIGNATURE[:20]), "no v1", "cut short"),
    (headers(signature=f"v1,{HEX}"), "no v1", "hexadecimal"),
    (headers(signature="v2" + SIGNATURE[2:]), "no v1", "another scheme"),
    (headers(signature="V1" + SIGNATURE[2:]), "no v1", "another spelling of the scheme"),
    (headers(signature=SIGNATURE.replace(" ", ",") + "," + SIGNATURE), "no v1", "two headers joined by a comma"),
    (headers(signature=" ".join([SIGNATURE] * 33)), "more than 32", "too many entries"),
    (headers(signature="v1," + base64.b64encode(b"\0" * 32).decode()), "matches", "another signature"),
    (headers(id="msg_2"), "matches", "another id"),
    (headers(timestamp=str(STAMP + 1)), "matches", "another time within the window"),
]


@pytest.mark.parametrize(("given_headers", "reason", "why"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refuses(given_headers: dict[str, str], reason: str, why: str) -> None:
    refusal = verify(given_headers, BODY, [SECRET], NOW)
    assert refusal is not None
    assert reason in refusal.reason


def test_refuses_another_body() -> None:
    assert verify(headers(), BODY + b" ", [SECRET], NOW) == Refusal("no signature matches")


def test_refuses_another_secret() -> None:
    assert verify(headers(), BODY, [OLD_SECRET, OTHER_SECRET], NOW) == Refusal("no signature matches")


BROKEN_SECRETS = [
    ("", "nothing"),
    ("whsec_", "the empty key, with which anybody could sign"),
    ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no prefix"),
    ("whsec_%%%", "no base64"),
    ("whsec_é", "beyond ASCII"),
    ("whsec_" + base64.b64encode(b"x" * 23).decode(), "too short"),
    ("whsec_" + base64.b64encode(b"x" * 65).decode(), "too long"),
]


@pytest.mark.parametrize(("secret", "why"), BROKEN_SECRETS, ids=[row[1] for row in BROKEN_SECRETS])
def test_a_broken_secret_verifies_nothing_and_stands_in_no_ones_way(secret: str, why: str) -> None:
    signed_with_nothing = base64.b64encode(hmac.digest(b"", f"{ID}.{STAMP}.".encode() + BODY, "sha256")).decode()
    assert verify(headers(signature=f"v1,{signed_with_nothing}"), BODY, [secret], NOW) is not None
    assert verify(headers(), BODY, [secret, SECRET], NOW) is None
    with pytest.raises(ValueError) as caught:
        sign(ID, STAMP, BODY, secret)
    assert secret.removeprefix("whsec_") in ("", "é") or secret not in str(caught.value)


def test_without_secrets_nothing_is_authentic() -> None:
    assert verify(headers(), BODY, [], NOW) == Refusal("no usable secret is stored")
    with pytest.raises(ValueError, match="no secret"):
        sign(ID, STAMP, BODY, [])


@pytest.mark.parametrize("msg_id", ["", "a.b", "a b", "订单", "a\r\nb", "x" * 2049])
def test_an_id_that_could_be_read_in_two_ways_is_not_signed(msg_id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        sign(msg_id, STAMP, BODY, SECRET)


@pytest.mark.parametrize("stamp", [-1, 10**12])
def test_a_timestamp_that_would_not_be_verified_is_not_signed(stamp: int) -> None:
    with pytest.raises(ValueError, match="timestamp"):
        sign(ID, stamp, BODY, SECRET)


def test_signed_headers_are_those_that_verify_takes() -> None:
    made = signed_headers(ID, NOW + timedelta(milliseconds=999), BODY, [OLD_SECRET, SECRET])
    assert made["webhook-timestamp"] == str(STAMP)
    assert verify(made, BODY, [SECRET], NOW) is None


_TEXT = st.text(max_size=40) | st.sampled_from([ID, str(STAMP), SIGNATURE, "v1,", " ", ","])


@given(st.dictionaries(st.sampled_from(list(headers())), _TEXT), st.binary(max_size=40), st.lists(_TEXT, max_size=3))
def test_whatever_a_stranger_sends_is_a_refusal_and_never_an_error(
    given_headers: dict[str, str], raw: bytes, secrets: list[str]
) -> None:
    assert isinstance(verify(given_headers, raw, secrets, NOW), Refusal)


@given(st.binary(max_size=100), st.binary(min_size=24, max_size=64))
def test_what_is_signed_is_verified(raw: bytes, key: bytes) -> None:
    secret = format_secret(key)
    made = signed_headers(ID, NOW, raw, secret)
    mac = hmac.new(key, f"{ID}.{STAMP}.".encode() + raw, hashlib.sha256).digest()
    assert made["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    assert verify(made, raw, [secret], NOW) is None
