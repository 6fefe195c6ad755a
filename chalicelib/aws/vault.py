"""The vault on KMS: small secrets, each bound to its place by an encryption context. No key ever leaves KMS.

It must never log or keep what it decrypts. KMS takes at most 4 KB; that is enough for what a platform issues, so there
is no envelope, and what is larger is refused.
"""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from chalicelib.aws.clients import client, code
from chalicelib.ports.keys import check_secret

# A context that is not the one it was sealed with is answered as an invalid ciphertext.
_FOREIGN = frozenset(["InvalidCiphertextException", "IncorrectKeyException"])


class KmsVault:
    """Seals under one key. `encrypt` and `decrypt` are separate permissions; few functions have the second."""

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        self._key = key

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        answer = client("kms").encrypt(KeyId=self._key, Plaintext=check_secret(plain), EncryptionContext=dict(context))
        sealed: bytes = answer["CiphertextBlob"]
        return sealed

    def decrypt(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        try:
            answer = client("kms").decrypt(KeyId=self._key, CiphertextBlob=sealed, EncryptionContext=dict(context))
        except ClientError as error:
            if code(error) in _FOREIGN:
                raise ValueError("the secret was not sealed for this place") from None
            raise
        plain: bytes = answer["Plaintext"]
        return plain
