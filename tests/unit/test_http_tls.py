"""The hardened client over TLS: the certificate is held against the name, whatever address was dialled."""

import ipaddress
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.aws.dial import outer_context
from chalicelib.aws.http import HardenedHttp
from chalicelib.core.calls import Call
from chalicelib.ports.http import Uncertain, Unsent
from tests.unit.loopback import Loopback, answer, says, waits

SHOP = "shop.example"
ANCIENT = datetime(2020, 1, 1, tzinfo=UTC)


class Authority:
    """A certificate authority of our own making."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        made = self._build(self.name, self.key, ANCIENT, ANCIENT + timedelta(days=36500))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(usage, critical=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
    ) -> x509.CertificateBuilder:
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        return built.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)

    def server(self, *names: x509.GeneralName, common: str = "leaf", days: int = 36000) -> ssl.SSLContext:
        """A server's context with a certificate for `names`, valid for `days` from 2020-01-02."""
        key = ec.generate_private_key(ec.SECP256R1())
        start = ANCIENT + timedelta(days=1)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        made = self._build(subject, key, start, start + timedelta(days=days))
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        file = self.folder / f"leaf-{time.monotonic_ns()}.pem"
        file.write_bytes(
            made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    yield Authority(tmp_path_factory.mktemp("trusted"), "trusted")


def client(authority: Authority, *allow: str) -> HardenedHttp:
    return HardenedHttp(
        frozenset(allow or (SHOP,)), resolve=lambda host: ["127.0.0.1"], context=outer_context(str(authority.file))
    )


def call(port: int, host: str = SHOP) -> Call:
    return Call("POST", f"https://{host}:{port}/hooks", {"X-Key": "k"}, b"body", timeout=5.0)


def test_the_name_is_asked_for_by_sni_held_against_the_certificate_and_kept_as_host(authority: Authority) -> None:
    with Loopback(answer(b"ok"), context=authority.server(x509.DNSName(SHOP))) as server:
        reply = client(authority).send(call(server.port))
    assert (reply.status, reply.body) == (200, b"ok")
    assert server.names == [SHOP]
    assert f"host: {SHOP}:{server.port}\r\n".encode() in server.requests[0].lower()


def test_an_international_name_is_asked_for_in_its_ascii_form(authority: Authority) -> None:
    with Loopback(answer(), context=authority.server(x509.DNSName("xn--bcher-kva.example"))) as server:
        client(authority, "xn--bcher-kva.example").send(call(server.port, "Bücher.example."))
    assert server.names == ["xn--bcher-kva.example"]


def test_an_address_is_held_against_the_addresses_of_the_certificate(authority: Authority) -> None:
    with Loopback(answer(), context=authority.server(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))) as server:
        assert client(authority, "127.0.0.1").send(call(server.port, "127.0.0.1")).status == 200


WRONG = [
    ((x509.DNSName("other.example"),), 36000, "another name"),
    ((x509.IPAddress(ipaddress.ip_address("127.0.0.1")),), 36000, "the address that was dialled"),
    ((x509.DNSName("*.shop.example"),), 36000, "names below it"),
    ((), 36000, "only a common name"),
    ((x509.DNSName(SHOP),), 30, "expired"),
]


@pytest.mark.parametrize(("names", "days", "why"), WRONG, ids=[row[2] for row in WRONG])
def test_a_certificate_that_is_not_for_this_name_now_ends_before_anything_is_sent(
    authority: Authority, names: tuple[x509.GeneralName, ...], days: int, why: str
) -> None:
    context = authority.server(*names, common=SHOP, days=days)
    with Loopback(answer(), context=context) as server, pytest.raises(Unsent, match="certificate is not valid"):
        client(authority).send(call(server.port))
    assert server.requests == []


def test_another_authority_is_not_trusted_even_for_an_allowed_host(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    with (
        Loopback(answer(), context=stranger.server(x509.DNSName(SHOP))) as server,
        pytest.raises(Unsent, match="certificate is not valid"),
    ):
        client(authority).send(call(server.port))
    assert server.requests == []


def test_by_default_only_public_authorities_are_trusted(authority: Authority) -> None:
    http = HardenedHttp(frozenset({SHOP}), resolve=lambda host: ["127.0.0.1"])
    with (
        Loopback(answer(), context=authority.server(x509.DNSName(SHOP))) as server,
        pytest.raises(Unsent, match="certificate is not valid"),
    ):
        http.send(call(server.port))


def test_the_environment_names_no_authority(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.file))
    http = HardenedHttp(frozenset({SHOP}), resolve=lambda host: ["127.0.0.1"])
    with Loopback(answer(), context=authority.server(x509.DNSName(SHOP))) as server, pytest.raises(Unsent):
        http.send(call(server.port))


def test_nor_does_it_take_the_keys(authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    with Loopback(answer(), context=authority.server(x509.DNSName(SHOP))) as server:
        client(authority).send(call(server.port))
    assert not keys.exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_below_1_2_is_refused(authority: Authority) -> None:
    old = authority.server(x509.DNSName(SHOP))
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with Loopback(answer(), context=old) as server, pytest.raises(Unsent, match="TLS failed"):
        client(authority).send(call(server.port))
    assert server.requests == []


def test_tls_1_2_is_enough(authority: Authority) -> None:
    context = authority.server(x509.DNSName(SHOP))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Loopback(answer(), context=context) as server:
        assert client(authority).send(call(server.port)).status == 200


def test_a_server_that_speaks_no_tls_is_unsent(authority: Authority) -> None:
    with Loopback(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), deaf=True) as server, pytest.raises(Unsent, match="TLS"):
        client(authority).send(call(server.port))


def test_a_handshake_that_never_comes_ends_at_the_deadline(authority: Authority) -> None:
    with Loopback(lambda connection: time.sleep(1), deaf=True) as server, pytest.raises(Unsent, match="time-out"):
        client(authority).send(Call("GET", f"https://{SHOP}:{server.port}/", timeout=0.3))


def test_after_the_handshake_a_lost_connection_is_uncertain(authority: Authority) -> None:
    with Loopback(says(), context=authority.server(x509.DNSName(SHOP))) as server, pytest.raises(Uncertain):
        client(authority).send(call(server.port))
    assert len(server.requests) == 1


def test_an_answer_that_does_not_come_is_uncertain(authority: Authority) -> None:
    context = authority.server(x509.DNSName(SHOP))
    with (
        Loopback(waits, context=context) as server,
        pytest.raises(Uncertain, match="time-out"),
    ):
        client(authority).send(Call("GET", f"https://{SHOP}:{server.port}/", timeout=1.5))
