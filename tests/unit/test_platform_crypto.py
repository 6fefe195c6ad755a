"""RSA and AES-GCM as platforms use them: good, forged, of another key, malformed; and what it costs to import."""

import datetime
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.platforms.crypto import (
    aes_gcm_open,
    decode64,
    encode64,
    rsa_check,
    rsa_sign,
    rsa_verify,
    rsa_verify_numbers,
)

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PKCS8 = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PKCS1 = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()


def public_of(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, encoding: serialization.Encoding) -> bytes:
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + datetime.timedelta(days=9))
    return builder.sign(key, hashes.SHA256())


PEM = public_of(PRIVATE.public_key(), serialization.Encoding.PEM).decode()
DER = encode64(public_of(PRIVATE.public_key(), serialization.Encoding.DER))
FORMS = [
    pytest.param(PEM, id="PEM"),
    pytest.param(PEM.replace("\n", "\r\n") + "\n", id="PEM from Windows"),
    pytest.param(DER, id="base64 of DER"),
    pytest.param("\n".join(DER[at : at + 64] for at in range(0, len(DER), 64)), id="base64 of DER in lines"),
    pytest.param(certificate(PRIVATE).public_bytes(serialization.Encoding.PEM).decode(), id="a certificate"),
]


@pytest.mark.parametrize("key", FORMS)
def test_a_signature_is_known_under_every_form_of_its_key(key: str) -> None:
    signature = rsa_sign(PKCS8, b"message")
    rsa_check(key)
    assert rsa_verify(key, b"message", signature)
    assert not rsa_verify(key, b"messagE", signature)
    assert not rsa_verify(key, b"message", signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not rsa_verify(key, b"message", rsa_sign(OTHER_PEM, b"message")), "another key's"


OTHER_PEM = OTHER.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


@pytest.mark.parametrize("private", [PKCS8, PKCS1, "".join(PKCS8.split("\n")[1:-2])], ids=["PKCS8", "PKCS1", "bare"])
def test_a_private_key_signs_in_every_form(private: str) -> None:
    assert rsa_verify(PEM, b"x", rsa_sign(private, b"x"))


def test_a_key_given_by_its_numbers() -> None:
    numbers = PRIVATE.public_key().public_numbers()
    modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
    signature = rsa_sign(PKCS8, b"x")
    assert rsa_verify_numbers(modulus, exponent, b"x", signature)
    assert not rsa_verify_numbers(modulus, exponent, b"y", signature)
    for wrong in ((b"", exponent), (modulus[:128], exponent), (modulus, b"\x02"), (modulus, b"")):
        with pytest.raises(ValueError):
            rsa_verify_numbers(*wrong, b"x", signature)


@pytest.mark.parametrize("signature", [b"", b"x", b"\0" * 256, b"\xff" * 256, b"x" * 4096])
def test_a_signature_that_is_none_is_no_match_and_no_error(signature: bytes) -> None:
    assert not rsa_verify(PEM, b"x", signature)


SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
CURVE = ec.generate_private_key(ec.SECP256R1()).public_key()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "not a key",
        "\N{SNOWMAN}",
        encode64(b"not a key"),
        "-----BEGIN PUBLIC KEY-----",
        pytest.param(public_of(SHORT, serialization.Encoding.PEM).decode(), id="1024 bits"),
        pytest.param(public_of(CURVE, serialization.Encoding.PEM).decode(), id="a curve"),
        pytest.param(PKCS8, id="the private one"),
    ],
)
def test_an_unfit_key_is_an_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(ValueError) as error:
        rsa_verify(key, b"x", b"y")
    assert not key or key not in str(error.value)
    if key != PKCS8:
        with pytest.raises(ValueError) as error:
            rsa_sign(key, b"x")
        assert not key or key not in str(error.value)


KEY, NONCE = b"0123456789abcdef0123456789abcdef", b"Kj7QIyUiYx1q"


def test_what_was_sealed_opens_and_nothing_else_does() -> None:
    sealed = AESGCM(KEY).encrypt(NONCE, b"plain", b"complaint")
    assert aes_gcm_open(KEY, NONCE, sealed, b"complaint") == b"plain"
    for key, nonce, given, associated in [
        (KEY[::-1], NONCE, sealed, b"complaint"),
        (KEY, NONCE[::-1], sealed, b"complaint"),
        (KEY, NONCE, sealed[:-1] + b"\0", b"complaint"),
        (KEY, NONCE, sealed, b""),
        (KEY, b"", sealed, b"complaint"),
        (KEY, NONCE * 2, sealed, b"complaint"),
        (KEY, NONCE, b"", b"complaint"),
    ]:
        assert aes_gcm_open(key, nonce, given, associated) is None


@pytest.mark.parametrize("key", [b"", KEY[:16], KEY + b"x"])
def test_only_a_key_of_32_bytes_is_a_key(key: bytes) -> None:
    with pytest.raises(ValueError, match="wanted 32"):
        aes_gcm_open(key, NONCE, b"x" * 20, b"")


@pytest.mark.parametrize("text", ["a", "YQ", "YQ==\n", "Y Q==", "\N{SNOWMAN}", "YQ==YQ=="])
def test_base64_is_strict(text: str) -> None:
    assert decode64(text) is None


def test_base64_there_and_back() -> None:
    assert decode64(encode64(b"\0\xff")) == b"\0\xff"


def test_importing_this_does_not_import_the_library() -> None:
    code = "import sys, chalicelib.platforms.crypto; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
