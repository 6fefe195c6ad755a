"""RSA and AES-GCM for the platforms that sign or seal with them. `cryptography` is imported inside the functions, so
that the hook pays for it only on a delivery that needs it. Nothing here raises on what a stranger sends: a key of our
own that is unfit is a ValueError, which never shows the key. Facts: RFC 8017 (PKCS#1 v1.5), NIST SP 800-38D.
"""

import base64
import binascii
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

MIN_RSA_BITS = 2048
AES_KEY = 32
GCM_TAG = 16
GCM_NONCE = 12


def rsa_verify(public_key: str, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is RSASSA-PKCS1-v1_5 with SHA-256 over `message` under `public_key` (see `rsa_public_key`).

    Raises ValueError for a key that is none of ours to use; never for a message or a signature.
    """
    return _matches(_public(public_key), message, signature)


def rsa_verify_numbers(modulus: bytes, exponent: bytes, message: bytes, signature: bytes) -> bool:
    """The same under a key given by its numbers, big-endian, as a JWK has them. Raises ValueError for an unfit key."""
    return _matches(_of_numbers(modulus, exponent), message, signature)


def rsa_check(public_key: str) -> None:
    """Raises ValueError where `public_key` is no RSA key of at least 2048 bits in PEM or base64 DER."""
    _public(public_key)


def rsa_sign(private_key: str, message: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 over `message`. `private_key`: PEM (PKCS#8 or PKCS#1), or base64 of PKCS#8 DER.

    Raises ValueError, which does not show the key.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return _private(private_key).sign(message, padding.PKCS1v15(), hashes.SHA256())


def aes_gcm_open(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes | None:
    """The plain text of AES-256-GCM whose 16-byte tag stands at the end; None where it does not open.

    Raises ValueError for a key that is not 32 bytes.
    """
    if len(key) != AES_KEY:
        raise ValueError(f"an AES-256 key of {len(key)} bytes, wanted {AES_KEY}")
    if len(nonce) != GCM_NONCE or len(sealed) < GCM_TAG:
        return None
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        return None


def decode64(text: str) -> bytes | None:
    """Strict base64 with padding -> bytes; None for anything else."""
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def encode64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _matches(key: "RSAPublicKey", message: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _public(text: str) -> "RSAPublicKey":
    """A public key or a certificate, in PEM or in base64 of its DER."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    raw = _der(text)
    if raw is None:
        raise ValueError("a public key that is neither PEM nor base64 DER")
    try:
        key = load_der_public_key(raw)
    except Exception:
        key = None
    if key is None:
        from cryptography.x509 import load_der_x509_certificate

        try:
            key = load_der_x509_certificate(raw).public_key()
        except Exception:
            raise ValueError("neither a public key nor a certificate") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a public key that is not RSA")
    return _long_enough(key)


def _der(text: str) -> bytes | None:
    """The bytes of the first PEM block, or of plain base64; line breaks within it do not matter."""
    text = text.strip()
    if text.startswith("-----BEGIN "):
        text = text.partition("\n")[2].partition("-----END ")[0]
    return decode64("".join(text.split()))


@lru_cache(maxsize=64)
def _of_numbers(modulus: bytes, exponent: bytes) -> "RSAPublicKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    try:
        key = RSAPublicNumbers(int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")).public_key()
    except Exception:
        raise ValueError("numbers that are no RSA key") from None
    return _long_enough(key)


def _long_enough(key: "RSAPublicKey") -> "RSAPublicKey":
    if key.key_size < MIN_RSA_BITS:
        raise ValueError(f"an RSA key of {key.key_size} bits, wanted {MIN_RSA_BITS} at least")
    return key


def _private(text: str) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    try:
        if text.strip().startswith("-----BEGIN "):
            key = load_pem_private_key(text.strip().encode(), None)
        else:
            key = load_der_private_key(_der(text) or b"", None)
    except Exception:
        raise ValueError("not a private key in PEM, or in base64 of PKCS#8") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("a private key that is not RSA")
    return key
