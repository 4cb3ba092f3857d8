from __future__ import annotations

import http.client
import socket
from contextlib import closing
from pathlib import Path

import pytest

from robocoders.server.hosts import HostRule
from robocoders.server.settings import Settings
from tests.support.service import BOUND_SECONDS, RunningService, running_service


def test_names_of_this_machine_are_answered(service: RunningService) -> None:
    """Promise: SECURITY, Host (localhost and the loopback addresses, with any port)."""
    for name in ("localhost", "LocalHost", "localhost.", "127.0.0.1", "[::1]"):
        for port in ("", ":8760", ":1"):
            assert service.send("GET", "/docs", headers={"Host": name + port}).status == 200, name + port


def test_foreign_hosts_are_refused_with_the_flag_that_mends_it(service: RunningService) -> None:
    """Promise: SECURITY, Host (DNS rebinding ends in 403)."""
    foreign = [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost:8760.evil.example",
        "0.0.0.0",
        "",
        "a/b",
        "[::1",
        "x:y",
    ]
    for host in foreign:
        answer = service.send("GET", "/auth", headers={"Host": host})
        assert answer.status == 403, host
        assert answer.json["code"] == "foreign_request"
        assert "--allow-host" in answer.json["detail"]
        assert answer.headers["x-request-id"] == answer.json["request_id"]


def test_health_is_told_under_any_name(service: RunningService) -> None:
    """Promise: SECURITY, Host (those who watch a server call it by its address)."""
    headers = {"Host": "10.1.2.3:80", "Origin": "http://evil.example"}
    assert service.send("GET", "/healthz", headers=headers).json == {"status": "ok"}
    assert service.send("GET", "/readyz", headers=headers).json == {"status": "ready"}


def test_pages_of_other_sites_may_not_call(service: RunningService, token: str) -> None:
    """Promise: SECURITY, Origin (a page of another site or port is refused, with a token too)."""
    for name, value in (
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:3000"),
        ("Origin", f"https://127.0.0.1:{service.port}"),
        ("Origin", f"http://localhost:{service.port}"),
        ("Origin", "file://"),
        ("Origin", f"http://user@127.0.0.1:{service.port}"),
        ("Sec-Fetch-Site", "cross-site"),
    ):
        answer = service.send("GET", "/sessions", token=token, headers={name: value})
        assert (answer.status, answer.json["code"]) == (403, "foreign_request"), value


def test_pages_of_this_server_may_call(service: RunningService, token: str) -> None:
    """Promise: SECURITY, Origin (the same origin is no stranger)."""
    for site in ("same-origin", "none", "same-site"):
        headers = {"Origin": f"http://127.0.0.1:{service.port}", "Sec-Fetch-Site": site}
        assert service.send("GET", "/sessions", token=token, headers=headers).status == 200


def test_allowed_names_are_answered_and_may_call(tmp_path: Path) -> None:
    """Promise: README, --allow-host (a name, or a name with its port, in Host and Origin)."""
    with running_service(tmp_path / "data", allow_hosts=("My.Name.example", "other.example:8443")) as service:
        for host, status in (
            ("my.name.example", 200),
            ("my.name.example.:99", 200),
            ("other.example:8443", 200),
            ("other.example", 403),
            ("name.example", 403),
        ):
            assert service.send("GET", "/docs", headers={"Host": host}).status == status, host
        page = {"Host": "my.name.example", "Origin": "https://other.example:8443", "Sec-Fetch-Site": "cross-site"}
        assert service.send("GET", "/docs", headers=page).status == 200


@pytest.mark.parametrize(
    ("bound", "host", "local", "answered"),
    [
        ("0.0.0.0", "192.168.1.5:8760", "192.168.1.5", True),
        ("0.0.0.0", "192.168.1.6:8760", "192.168.1.5", False),
        ("0.0.0.0", "127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "box.example", None, False),
        ("::", "[fe80::1]", "fe80:0:0:0:0:0:0:1", True),
        ("::", "192.168.1.5:8760", "::ffff:192.168.1.5", True),
        ("::", "192.168.1.6:8760", "::ffff:192.168.1.5", False),
        ("192.168.1.5", "192.168.1.5", "192.168.1.5", True),
        ("192.168.1.5", "localhost", "192.168.1.5", True),
        ("192.168.1.5", "127.0.0.1", "192.168.1.5", False),
        ("box.example", "BOX.example:1", "192.168.1.5", True),
    ],
)
def test_the_bound_address_is_a_name_of_the_server(bound: str, host: str, local: str | None, *, answered: bool) -> None:
    """Promise: SECURITY, Host (the bound address; with all addresses bound, the one that was called)."""
    refusal = HostRule(Settings(host=bound)).refusal({"host": host}, "http", local)
    assert (refusal is None) is answered


def test_callers_by_ipv4_are_answered_where_all_addresses_are_bound(tmp_path: Path) -> None:
    """Promise: SECURITY, Host (with all addresses bound, the one that was called; IPv4 arrives mapped, RFC 4291)."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with (
        running_service(tmp_path / "data", host="::") as service,
        closing(http.client.HTTPConnection("127.0.0.2", service.port, timeout=BOUND_SECONDS)) as connection,
    ):
        connection.request("GET", "/docs")
        answer = connection.getresponse()
        assert (answer.status, b"/chat" in answer.read()) == (200, True)


@pytest.mark.parametrize(
    ("host", "origin", "scheme"),
    [
        ("localhost", "http://localhost:80", "http"),
        ("localhost:80", "http://localhost", "http"),
        ("localhost", "https://localhost", "https"),
        ("[::1]:8443", "https://[0:0:0:0:0:0:0:1]:8443", "https"),
    ],
)
def test_default_ports_need_not_be_spelled_out(host: str, origin: str, scheme: str) -> None:
    """Promise: SECURITY, Origin (RFC 6454: one origin, however it is spelled)."""
    assert HostRule(Settings()).refusal({"host": host, "origin": origin}, scheme, None) is None
