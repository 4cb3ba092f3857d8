from __future__ import annotations

import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.compat.hosting import AS_HOSTED, HOST, run_as_hosted

pytestmark = [pytest.mark.needs_openssl, pytest.mark.unmeasured]

_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody who took the limits over")])


def _handshake(authority: bytes, chain: Path, key: Path, name: str) -> None:
    """Shake hands as a client that trusts the authority and a server with the chain; raise what the client raises."""
    trusting = ssl.create_default_context(cadata=authority.decode())
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain, key)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    done: set[str] = set()
    for _ in range(10):
        for role, end in (("client", client), ("server", server)):
            if role not in done:
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                done.add(role)
    assert done == {"client", "server"}


def _signed(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(authority_id, critical=False)
    )


def test_the_authority_is_limited_to_one_host(authority: Path) -> None:
    """Promise: docs/old-scripts.md, what it does (RFC 5280: critical limits on names, addresses and depth)."""
    certificate = x509.load_pem_x509_certificate((authority / "authority.pem").read_bytes())
    limits = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees == [x509.DNSName(HOST)]
    assert [str(limit.value) for limit in limits.value.excluded_subtrees or []] == ["0.0.0.0/0", "::/0"]
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


def test_the_certificates_are_valid_for_a_month(authority: Path) -> None:
    """Promise: docs/old-scripts.md, the recipe (what is forgotten runs out by itself)."""
    for name in ("authority.pem", "server.pem"):
        certificate = x509.load_pem_x509_certificate((authority / name).read_bytes())
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=30)


def test_the_key_of_the_authority_is_gone(authority: Path) -> None:
    """Promise: docs/old-scripts.md, what it does (nothing more can be signed); what is left is for its owner alone."""
    assert {path.name for path in authority.iterdir()} == {"authority.pem", "server.pem", "server-key.pem"}
    assert stat.S_IMODE(authority.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in authority.iterdir()} == {0o600}
    assert "PRIVATE" not in (authority / "authority.pem").read_text(encoding="ascii")


def test_the_hosted_name_is_accepted(authority: Path) -> None:
    """Promise: docs/old-scripts.md, what it does (the trust)."""
    trusted = (authority / "authority.pem").read_bytes()
    _handshake(trusted, authority / "server.pem", authority / "server-key.pem", HOST)


@pytest.mark.parametrize("name", ["example.org", "robocoders.ai", f"{HOST}.example.org", "127.0.0.1"])
def test_no_other_host_can_be_vouched_for(authority: Path, tmp_path: Path, name: str) -> None:
    """Promise: docs/old-scripts.md, what it does: with the authority's key one could still sign for no other host."""
    real = x509.load_pem_x509_certificate((authority / "authority.pem").read_bytes())
    top_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    top = _signed(_NAME, _NAME, top_key, top_key)
    own_id = x509.SubjectKeyIdentifier.from_public_key(top_key.public_key())
    for extension in real.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier):
            top = top.add_extension(extension.value, extension.critical)
    trusted = top.add_extension(own_id, critical=False).sign(top_key, hashes.SHA256()).public_bytes(Encoding.PEM)
    claimed = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    leaf = _signed(subject, _NAME, key, top_key).add_extension(x509.SubjectAlternativeName([claimed]), critical=False)
    chain, key_file = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(leaf.sign(top_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"(permitted|excluded) subtree violation"):
        _handshake(trusted, chain, key_file, name)


def test_only_the_command_sees_the_other_names(authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md (per process; the rest of the machine notices nothing)."""
    look_up = (
        "import socket, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        print(name, *sorted({found[4][0] for found in socket.getaddrinfo(name, 443)}))\n"
        "    except OSError:\n"
        "        print(name, 'unknown')\n"
    )
    before = Path("/etc/hosts").read_bytes()
    command = [sys.executable, "-c", look_up, HOST, "localhost", "example.org"]
    ended = run_as_hosted(authority, command, cwd=tmp_path)
    assert ended.stdout.splitlines() == [f"{HOST} 127.0.0.1", "localhost 127.0.0.1", "example.org unknown"], (
        ended.stderr
    )
    assert Path("/etc/hosts").read_bytes() == before


def test_the_command_reaches_nothing_else(authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md, what it does (no other server of this machine, no internet)."""
    connect = (
        "import errno, socket, sys\n"
        "with socket.socket() as one:\n"
        "    print(errno.errorcode[one.connect_ex((sys.argv[1], int(sys.argv[2])))])\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as other:
        places = [("127.0.0.1", str(other.getsockname()[1])), ("192.0.2.1", "443")]
        said = [
            run_as_hosted(authority, [sys.executable, "-c", connect, *place], cwd=tmp_path).stdout.strip()
            for place in places
        ]
    assert said == ["ECONNREFUSED", "ENETUNREACH"]


def test_the_command_trusts_the_authority_and_uses_no_proxy(authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md, what it does (the variables of OpenSSL, requests, curl and Node.js)."""
    names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]
    proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "all_proxy"]
    show = "import os, sys; print([os.environ.get(name) for name in sys.argv[1:]])"
    ended = run_as_hosted(
        authority,
        [sys.executable, "-c", show, *names, *proxies],
        cwd=tmp_path,
        variables=dict.fromkeys([*names, *proxies], "http://127.0.0.1:1"),
    )
    assert ended.stdout.strip() == repr([str(authority / "authority.pem")] * 4 + [None] * 4)


def test_the_command_runs_as_its_user(authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md, what it does (as you, in the same place, with your files)."""
    show = "import os, pathlib; pathlib.Path('made').touch(); print(os.getuid(), os.getgid(), os.getcwd())"
    ended = run_as_hosted(authority, [sys.executable, "-c", show], cwd=tmp_path)
    assert ended.stdout.strip() == f"{os.getuid()} {os.getgid()} {tmp_path}"
    made = (tmp_path / "made").stat()
    assert (made.st_uid, made.st_gid) == (os.getuid(), os.getgid())


def test_no_right_of_root_is_needed(authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md, what it needs (no root): somebody who may but read the files of this test."""
    before: list[str] = []
    if os.geteuid() == 0:
        before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        before += ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    command = ["sh", "-c", f"id -u; grep -c {HOST} /etc/hosts; grep CapEff /proc/self/status"]
    ended = run_as_hosted(authority, command, cwd=tmp_path, before=before)
    user = "65534" if before else str(os.getuid())
    assert ended.stdout.split() == [user, "1", "CapEff:", "0000000000000000"], ended.stderr


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        (["sh", "-c", "exit 7"], 7, ""),
        (["sh", "-c", "kill -KILL $$"], 137, ""),
        (["there-is-no-such-command"], 126, "there-is-no-such-command: No such file or directory"),
    ],
)
def test_the_exit_status_is_that_of_the_command(
    authority: Path, tmp_path: Path, command: list[str], status: int, says: str
) -> None:
    """Promise: docs/old-scripts.md, what it does (its own exit status); a command that cannot be started is named."""
    ended = run_as_hosted(authority, command, cwd=tmp_path)
    assert ended.returncode == status
    assert says in ended.stderr


@pytest.mark.parametrize("whole_group", [False, True], ids=["SIGTERM", "Ctrl-C"])
def test_the_command_decides_what_a_signal_does(authority: Path, tmp_path: Path, whole_group: bool) -> None:  # noqa: FBT001 - a parameter
    """Promise: docs/old-scripts.md, what it does (your terminal): Ctrl-C reaches all of a terminal's processes."""
    waiting = (
        "import signal, sys\n"
        "for one in (signal.SIGTERM, signal.SIGINT):\n"
        "    signal.signal(one, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, str(AS_HOSTED), str(authority), "--", sys.executable, "-c", waiting]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        assert process.wait(30) == 5


@pytest.mark.needs_curl
def test_a_server_that_does_not_run_is_named(authority: Path, tmp_path: Path) -> None:
    """Promise: docs/old-scripts.md (the recipe says what is missing, not the script)."""
    ended = run_as_hosted(authority, ["curl", "-sS", f"https://{HOST}/auth"], cwd=tmp_path)
    assert ended.returncode != 0
    assert "as_hosted: no server answers at 127.0.0.1:9\n" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing", "--", "true"], "make it with make_authority.sh"),
        ([".", "--server", "localhost", "--", "true"], "'localhost' is no ADDRESS:PORT"),
        (["."], "COMMAND"),
    ],
    ids=["no authority", "no port", "no command"],
)
def test_wrong_arguments_are_explained(authority: Path, arguments: list[str], says: str) -> None:
    """Promise: docs/old-scripts.md (usage errors end with status 2 and say what to do)."""
    command = [sys.executable, str(AS_HOSTED), *arguments]
    ended = subprocess.run(command, cwd=authority, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert says in ended.stderr
