"""Which proxy serves an address, from the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.

Both cases of the names count, lower case first. This is done here because CIDR ranges in `NO_PROXY`, which many
administrators write, are not understood by common libraries.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from robocoders.client.addresses import is_host, is_loopback
from robocoders.errors import ConfigurationError

__all__ = ["checked_proxy", "proxy_from_environment", "shown_proxy"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_from_environment(url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for an address; None for a direct connection.

    This machine's loopback is always reached directly: a proxy elsewhere cannot reach it.

    Raises:
        ConfigurationError: The variable names something that is no HTTP proxy.
    """
    parts = urlsplit(url)
    if is_loopback(url) or _is_excluded(parts, _value(environment, "no_proxy") or ""):
        return None
    name = f"{parts.scheme}_proxy"
    if name == "http_proxy" and "REQUEST_METHOD" in environment:
        # In a CGI process HTTP_PROXY is the `Proxy` header of whoever called (CVE-2016-1000110).
        proxy = environment.get(name)
    else:
        proxy = _value(environment, name)
    if not proxy:
        name, proxy = "all_proxy", _value(environment, "all_proxy")
    return checked_proxy(proxy, name.upper()) if proxy else None


def checked_proxy(proxy: str, place: str) -> str:
    """A proxy's address with its scheme.

    Args:
        proxy: `http://[user:password@]host:port`; without a scheme it is an HTTP proxy.
        place: Where it was named, for the error.

    Raises:
        ConfigurationError: It is no HTTP proxy. The message does not repeat it: it may hold a password.
    """
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _DEFAULT_PORTS and is_host(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"The proxy named by {place} cannot be used: it must look like http://host:port. "
            "SOCKS proxies are not supported; exclude the server with NO_PROXY to reach it directly."
        )
    return address


def shown_proxy(proxy: str) -> str:
    """The proxy's host and port, without user name and password."""
    return urlsplit(proxy).netloc.rpartition("@")[2]


def _value(environment: Mapping[str, str], name: str) -> str | None:
    lower = environment.get(name)
    return lower if lower is not None else environment.get(name.upper())


def _is_excluded(parts: SplitResult, no_proxy: str) -> bool:
    host = (parts.hostname or "").rstrip(".").lower()
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return any(_matches(entry, host, port) for entry in no_proxy.replace(",", " ").lower().split())


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    if _in_network(entry, host):
        return True
    name, wanted_port = _split_port(entry)
    if wanted_port is not None and wanted_port != port:
        return False
    name = name.removeprefix("*").strip("[]").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _in_network(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, int | None]:
    name, separator, port = entry.rpartition(":")
    if not separator or not port.isdecimal() or (":" in name and not name.endswith("]")):
        return entry, None
    return name, int(port)
