"""Addresses of servers, in one form, so that two spellings of one address compare equal."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from robocoders.errors import ConfigurationError

__all__ = ["HOSTED_ADDRESS", "is_host", "is_loopback", "normal_address"]

HOSTED_ADDRESS = "https://api.robocoders.ai:443"
"""The address of the original, hosted service, which has gone dark. Never contacted unless it is named."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normal_address(url: str) -> str:
    """The address as `scheme://host:port[/path]`: lower case, always with a port, no slash at the end.

    Host names are not resolved: `localhost` and `127.0.0.1` stay two addresses.

    Raises:
        ConfigurationError: It is no `http` or `https` address, or it carries a user name, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{_without_userinfo(url)!r} is no address of a server: {error}") from None
    if parts.scheme not in _DEFAULT_PORTS or not is_host(parts.hostname):
        raise ConfigurationError(
            f"{_without_userinfo(url)!r} is no address of a server; it should look like http://127.0.0.1:8760"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            "The address of a server carries neither a user name nor a query nor a fragment; give a token apart"
        )
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    return f"{parts.scheme}://{_bracketed(parts)}:{port}{parts.path.rstrip('/')}"


def is_host(name: str | None) -> bool:
    """Whether it can be the name or number of a host: what cannot fails deep inside of the socket library."""
    if not name or any(character.isspace() or not character.isprintable() for character in name):
        return False
    if ":" in name:
        return True
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def is_loopback(url: str) -> bool:
    """Whether the address is one of this machine's loopback: `localhost`, `127.0.0.0/8` or `::1`."""
    from ipaddress import ip_address  # noqa: PLC0415 - only needed here

    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _without_userinfo(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
