"""Certificates are verified, whatever the environment says."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agents.errors import ProviderError
from agents.providers import http_connection
from tests.agents.providers.endpoint import Endpoint, ask

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def certificate(folder: Path, address: str = "127.0.0.1", until: datetime.datetime = NOW + DAY) -> Path:
    """A certificate that trusts itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "endpoint")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), NOW - 9 * DAY, until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def serving(path: Path) -> Endpoint:
    """An endpoint with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Endpoint(tls=context)


@pytest.fixture
def _trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of the certificate counts as one of the system's."""
    monkeypatch.setattr(http_connection, "tls", lambda: ssl.create_default_context(cafile=tmp_path / "certificate.pem"))


def refused(endpoint: Endpoint, url: str) -> ProviderError:
    """The error of a call, before which nothing was sent."""
    with pytest.raises(ProviderError) as caught:
        ask(url)
    assert endpoint.talks == []
    endpoint.close()
    return caught.value


@pytest.mark.usefixtures("_trusting")
def test_a_valid_certificate_is_taken(tmp_path: Path) -> None:
    endpoint = serving(certificate(tmp_path))
    assert ask(endpoint.url).text == "Hello"
    endpoint.close()


def test_a_certificate_of_its_own_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    http_connection.tls.cache_clear()
    endpoint = serving(path)
    error = refused(endpoint, endpoint.url)
    assert (error.kind, error.retry) == ("network", False)
    assert "certificate" in str(error)


@pytest.mark.usefixtures("_trusting")
@pytest.mark.parametrize(("address", "until"), [("127.0.0.2", NOW + DAY), ("127.0.0.1", NOW - DAY)])
def test_a_certificate_for_another_host_or_of_last_week_is_not(
    tmp_path: Path, address: str, until: datetime.datetime
) -> None:
    endpoint = serving(certificate(tmp_path, address, until))
    error = refused(endpoint, endpoint.url)
    assert (error.kind, error.retry) == ("network", False)
    assert "certificate" in str(error)


def test_tls_where_there_is_none(endpoint: Endpoint) -> None:
    plain = Endpoint(reads=False)
    plain.script = lambda talk: talk.send("HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ProviderError, match="TLS") as caught:
        ask(plain.url.replace("http:", "https:"))
    assert (caught.value.kind, caught.value.retry) == ("network", False)
    plain.close()


def test_a_hang_up_instead_of_tls() -> None:
    plain = Endpoint(reads=False)
    plain.script = lambda talk: talk.sock.recv(4096) and None
    with pytest.raises(ProviderError, match="could not be reached") as caught:
        ask(plain.url.replace("http:", "https:"))
    assert (caught.value.kind, caught.value.retry) == ("network", True)
    plain.close()


def test_the_system_verifies() -> None:
    context = http_connection.tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
