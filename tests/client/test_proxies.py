from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from robocoders import APIConnectionError, ConfigurationError, RobocodersError
from robocoders.client.proxies import proxy_from_environment, shown_proxy
from tests.client.fronts import Front
from tests.standin import faults
from tests.standin.server import StandIn

PROXY = "http://proxy.example.org:3128"


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://host", {}, None),
        ("http://host", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://host", {"http_proxy": "lower:1", "HTTP_PROXY": "upper:1"}, "http://lower:1"),
        ("http://host", {"http_proxy": "", "HTTP_PROXY": "upper:1"}, None),
        ("http://host", {"HTTPS_PROXY": PROXY}, None),
        ("https://host", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://host", {"ALL_PROXY": PROXY}, PROXY),
        ("https://host", {"https_proxy": "a:1", "all_proxy": "b:1"}, "http://a:1"),
        ("http://host", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, None),
        ("http://host", {"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, PROXY),
        ("http://127.0.0.1:8760", {"ALL_PROXY": PROXY}, None),
        ("http://localhost:8760", {"ALL_PROXY": PROXY}, None),
        ("http://[::1]:8760", {"ALL_PROXY": PROXY}, None),
    ],
)
def test_the_environment_names_the_proxy(url: str, environment: dict[str, str], proxy: str | None) -> None:
    """Promise: README, environment (HTTP(S)_PROXY, ALL_PROXY in both cases; loopback is reached directly)."""
    assert proxy_from_environment(url, environment) == proxy


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("http://a.example.org", "*", True),
        ("http://a.example.org", "example.org", True),
        ("http://a.example.org", ".example.org", True),
        ("http://a.example.org", "*.example.org", True),
        ("http://example.org.", ".EXAMPLE.org", True),
        ("http://badexample.org", "example.org", False),
        ("http://example.org.evil.net", "example.org", False),
        ("http://example.org:81", "example.org:81", True),
        ("http://example.org:80", "example.org:81", False),
        ("http://example.org", "example.org:80", True),
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("http://11.1.2.3", "10.0.0.0/8", False),
        ("http://10.1.2.3", "10.1.2.3", True),
        ("http://10.1.2.3:99", "10.1.2.3:99", True),
        ("http://[fd00::1]", "fd00::/8", True),
        ("http://[fd00::1]", "[fd00::1]", True),
        ("http://[fd00::1]:8", "[fd00::1]:8", True),
        ("http://[fd00::1]:8", "[fd00::1]:9", False),
        ("http://[fe80::1]", "fd00::/8", False),
        ("http://host", "other, , host", True),
        ("http://host", "other host", True),
        ("http://host", "", False),
        ("http://host", ".", False),
    ],
)
def test_exclusions_are_understood_in_every_form(url: str, no_proxy: str, *, direct: bool) -> None:
    """Promise: README, environment (NO_PROXY with names, ports, addresses, CIDR ranges and `*`)."""
    for name in ("NO_PROXY", "no_proxy"):
        assert (proxy_from_environment(url, {"ALL_PROXY": PROXY, name: no_proxy}) is None) is direct


@pytest.mark.parametrize(
    "proxy", ["socks5://secret@host:1", "http://", "http://secret@host:99999", "http://h:0", "http://a..b"]
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(proxy: str) -> None:
    """Promise: errors, ConfigurationError; SECURITY, no secret in an error."""
    with pytest.raises(ConfigurationError, match="ALL_PROXY") as caught:
        proxy_from_environment("http://host", {"ALL_PROXY": proxy})
    assert "secret" not in str(caught.value)


def test_a_proxy_is_shown_without_its_password() -> None:
    """Promise: SECURITY, no secret in an error."""
    assert shown_proxy("http://me:secret@host:1") == "host:1"


async def test_every_request_goes_through_the_given_proxy(front: Front, original: StandIn) -> None:
    """Repaired defect of the old provider: the proxy was used for the chat only."""
    async with front.connect("http://robocoders.invalid", proxy=original.url) as client:
        session = await client.create_session()
        await session.ask("Hi")
        await session.code("octocat")
    assert {request.headers["host"] for request in original.seen} == {"robocoders.invalid"}
    assert [request.route for request in original.seen] == [
        "GET /auth",
        "GET /create-session",
        "POST /chat",
        "POST /get-session-code",
    ]


async def test_every_request_goes_through_the_environments_proxy(
    front: Front, original: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: README, environment (proxies)."""
    monkeypatch.setenv("HTTP_PROXY", original.url)
    async with front.connect("http://robocoders.invalid") as client:
        assert (await client.ask("Hi")).text == "Hello."


async def test_loopback_is_reached_directly_unless_the_proxy_is_given(
    front: Front, original: StandIn, announcing: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: README, environment (loopback never goes through an environment's proxy)."""
    monkeypatch.setenv("HTTP_PROXY", announcing.url)
    async with front.connect(original.url) as client:
        await client.ask("Hi")
    assert announcing.seen == []
    async with front.connect(original.url, proxy=announcing.url) as client:
        await client.sign_out()
        await client.ask("Hi")
    assert len(announcing.runs) == 1


async def test_a_proxy_that_is_not_there_is_named(front: Front) -> None:
    """Promise: errors, APIConnectionError names what was tried, without a password."""
    async with front.connect("http://robocoders.invalid", "given", proxy="http://me:secret@127.0.0.1:1") as client:
        with pytest.raises(APIConnectionError, match=r"proxy 127\.0\.0\.1:1") as caught:
            await client.create_session()
    assert "secret" not in str(caught.value)


async def test_a_proxy_that_refuses_is_named(front: Front, original: StandIn) -> None:
    """Promise: errors, APIConnectionError names what was tried."""
    address = original.url.removeprefix("http://")
    async with front.connect("https://robocoders.invalid", "given", proxy=original.url) as client:
        with pytest.raises(APIConnectionError, match=f"proxy {address} refuses"):
            await client.create_session()


@pytest.mark.parametrize("answer", ["HTTP/1.1 407 Proxy Authentication Required", "no HTTP at all", None])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_private_is_in_the_causes_of_an_error(front: Front, scheme: str, answer: str | None) -> None:
    """Promise: SECURITY, no error holds a password, token or prompt, nor do the causes that it is shown with."""
    with ExitStack() as opened:
        port = 1 if answer is None else opened.enter_context(_answering(f"{answer}\r\nContent-Length: 0\r\n\r\n"))
        proxy = f"http://me:a-password@127.0.0.1:{port}"
        async with front.connect(f"{scheme}://robocoders.invalid", "a-token", proxy=proxy) as client:
            with pytest.raises(RobocodersError) as caught:
                await client.session("s").ask("A private prompt")
    told = "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        told += f"{error!r} {error} {error.args!r} {error.__context__!r}"
        error = error.__cause__ or error.__context__
    for secret in ("a-password", "a-token", "A private prompt"):
        assert secret not in told.replace('ask("A private prompt")', "")


@contextmanager
def _answering(answer: str) -> Generator[int]:
    """A port of loopback on which every connection gets this answer, and is closed."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(answer.encode())

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        # Wakes the thread, which closing alone would not.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


async def test_a_proxy_that_is_none_is_refused_at_once(front: Front) -> None:
    """Promise: errors, ConfigurationError."""
    with pytest.raises(ConfigurationError, match="named by proxy"):
        async with front.connect("http://robocoders.invalid", proxy="socks5://h:1"):
            pass


async def test_a_redirection_on_the_same_server_is_followed(front: Front, original: StandIn) -> None:
    """Promise: redirects are followed only where the token may go."""
    original.fail("GET /create-session", faults.Reply(307, b"", {"Location": "/create-session?again=1"}))
    async with front.connect(original.url) as client:
        await client.create_session()
    assert [request.query for request in original.asked("GET /create-session")] == [{}, {"again": "1"}]


async def test_a_redirection_that_leaves_the_usual_port_out_is_followed(front: Front, original: StandIn) -> None:
    """Standard: RFC 9110, 4.2.1: port 80 is what http means where none is given."""
    location = {"Location": "http://robocoders.invalid/create-session?again=1"}
    original.fail("GET /create-session", faults.Reply(307, b"", location))
    async with front.connect("http://robocoders.invalid:80", proxy=original.url) as client:
        await client.create_session()
    assert [request.query for request in original.asked("GET /create-session")] == [{}, {"again": "1"}]


@pytest.mark.parametrize("target", ["http://u:secret@evil.example.org:1/x", "https://127.0.0.1/", "/elsewhere", ""])
async def test_a_token_never_follows_a_redirection_elsewhere(front: Front, original: StandIn, target: str) -> None:
    """Promise: SECURITY, redirects are not followed with the token to another host; a prompt follows none."""
    original.fail("POST /chat", faults.Reply(308, b"", {"Location": target}))
    async with front.connect(original.url, "given") as client:
        with pytest.raises(Exception, match="HTTP 308: the server redirects") as caught:
            await client.session("s").ask("Hi")
    assert "secret" not in str(caught.value)
    assert ("evil.example.org:1" in str(caught.value)) is ("evil" in target)
    assert len(original.seen) == 1


async def test_redirections_in_circles_end(front: Front, original: StandIn) -> None:
    """Promise: no input makes the client hang."""
    original.fail("GET /create-session", *[faults.Reply(302, b"", {"Location": "/create-session"})] * 9)
    async with front.connect(original.url) as client:
        with pytest.raises(Exception, match="HTTP 302"):
            await client.create_session()
    assert len(original.asked("GET /create-session")) == 6
