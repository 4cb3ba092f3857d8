from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from robocoders import APIConnectionError, ConfigurationError
from robocoders.client.certificates import tls_context
from tests.client.fronts import Front
from tests.standin.server import StandIn


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own choice of authorities would go before that of a test."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA, tmp_path: Path) -> Iterator[StandIn]:
    """A server whose certificate a private authority signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert("127.0.0.1")
    with issued.private_key_and_cert_chain_pem.tempfile(str(tmp_path)) as chain:
        context.load_cert_chain(chain)
    with StandIn(tls=context) as server:
        yield server


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def directory(ca_file: Path, tmp_path: Path) -> Path:
    """The authority in a directory as `openssl rehash` makes it: files are named by the hash of the subject."""
    directory = tmp_path / "authorities"
    directory.mkdir()
    (directory / f"{_subject_hash(ca_file)}.0").write_bytes(ca_file.read_bytes())
    return directory


async def test_a_private_authority_is_trusted_by_argument(front: Front, secure: StandIn, ca_file: Path) -> None:
    """Promise: README, private certificate authorities from argument and environment."""
    async with front.connect(secure.url, ca_file=ca_file) as client:
        assert (await client.ask("Hi")).text == "Hello."


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_a_private_authority_is_trusted_by_variable(
    front: Front, secure: StandIn, ca_file: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: README, environment (SSL_CERT_FILE, REQUESTS_CA_BUNDLE)."""
    monkeypatch.setenv(variable, str(ca_file))
    async with front.connect(secure.url) as client:
        assert (await client.ask("Hi")).text == "Hello."


@pytest.mark.parametrize("place", ["ca_file", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
async def test_a_directory_of_authorities_is_trusted(
    front: Front, secure: StandIn, directory: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: README, environment (SSL_CERT_DIR and directories elsewhere)."""
    if place != "ca_file":
        monkeypatch.setenv(place, str(directory))
    async with front.connect(secure.url, ca_file=directory if place == "ca_file" else None) as client:
        assert (await client.ask("Hi")).text == "Hello."


async def test_an_unknown_authority_is_not_trusted(front: Front, secure: StandIn) -> None:
    """Promise: errors, a certificate failure says what to do."""
    async with front.connect(secure.url, "given") as client:
        with pytest.raises(APIConnectionError, match=r"not trusted: .*SSL_CERT_FILE"):
            await client.create_session()
    assert secure.seen == []
    assert front.clock.slept == []


async def test_plain_http_instead_of_tls_is_named(front: Front, original: StandIn) -> None:
    """Promise: errors, a TLS failure says what to look at."""
    async with front.connect(original.url.replace("http:", "https:"), "given") as client:
        with pytest.raises(APIConnectionError, match="http instead of https"):
            await client.create_session()


@pytest.mark.parametrize("variable", [None, "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_named(tmp_path: Path, variable: str | None, content: str | None) -> None:
    """Promise: errors, ConfigurationError names the place."""
    path = tmp_path / "missing.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=variable or "ca_file"):
        tls_context(path if variable is None else None, {variable: str(path)} if variable else {})


async def test_trouble_with_authorities_ends_a_call(front: Front, secure: StandIn, tmp_path: Path) -> None:
    """Promise: errors, ConfigurationError names the place."""
    async with front.connect(secure.url, "given", ca_file=tmp_path / "missing.pem") as client:
        with pytest.raises(ConfigurationError, match="ca_file"):
            await client.create_session()


def _subject_hash(ca_file: Path) -> str:
    """The name that OpenSSL gives a certificate: four bytes of the SHA-1 of its subject in canonical form.

    Canonical: each name apart, in lower case, as UTF-8 strings (`X509_NAME_hash`).
    """
    canonical = b""
    for attribute in x509.load_pem_x509_certificate(ca_file.read_bytes()).subject:
        identifier = bytes([0x06, 3, 85, 4, int(attribute.oid.dotted_string.rpartition(".")[2])])
        value = " ".join(str(attribute.value).lower().split()).encode()
        pair = identifier + bytes([0x0C, len(value)]) + value
        sequence = bytes([0x30, len(pair)]) + pair
        canonical += bytes([0x31, len(sequence)]) + sequence
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"
