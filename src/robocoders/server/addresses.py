"""Names and addresses of the server's own machine."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["bare_name", "bracketed", "is_loopback", "is_wildcard", "split_host"]

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,}\]|[^\[\]:/@?#\\\s]+)(?::(?P<port>[0-9]{1,5}))?")


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reachable from this machine only. Names other than `localhost` are not."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_wildcard(host: str) -> bool:
    """Whether the host stands for every address of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """The host as it stands in a URL: IPv6 addresses in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def split_host(value: str) -> tuple[str, int | None] | None:
    """The bare name and the port, where there is one, of a `Host` header; None where it is not of that form."""
    found = _HOST.fullmatch(value)
    if found is None:
        return None
    port = found["port"]
    return bare_name(found["name"]), None if port is None else int(port)


def bare_name(name: str) -> str:
    """One spelling for a host: lower case, no brackets, no dot at the end, IP addresses in their shortest form.

    An IPv4 address that is mapped into IPv6 is that IPv4 address (RFC 4291, 2.5.5.2): a socket that takes both kinds
    tells of IPv4 callers in this way.
    """
    bare = name.strip("[]").lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
