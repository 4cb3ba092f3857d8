"""Which server a client talks to when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from robocoders.client.addresses import normal_address
from robocoders.client.configuration import resolve
from robocoders.client.discovery import find_server, read_servers
from robocoders.errors import ConfigurationError

__all__ = ["Destination", "choose_destination", "find_destination"]


@dataclass(frozen=True, slots=True)
class Destination:
    """A server.

    Args:
        address: Its address in the one form.
        sign_in_key: What it wants to see at sign-in, where it is a running server of this user's own at exactly this
            address; None otherwise.
    """

    address: str
    sign_in_key: str | None = field(default=None, repr=False)


def find_destination(base_url: str | None) -> Destination | None:
    """The argument; else `ROBOCODERS_BASE_URL`; else the user file; else this user's newest running server; else None.

    The hosted service of old is never chosen by itself. A running server that speaks TLS may show a certificate for
    another name than its own (that is what old scripts need), so it is the second choice.

    Raises:
        ConfigurationError: What one of them names is no address.
    """
    named = resolve("base_url", base_url).value
    if named:
        address = normal_address(named)
        own = find_server(address)
        return Destination(address, None if own is None else own.sign_in_key)
    running = sorted(read_servers(), key=lambda server: normal_address(server.url).startswith("https:"))
    return Destination(normal_address(running[0].url), running[0].sign_in_key) if running else None


def choose_destination(base_url: str | None) -> Destination:
    """The server that `find_destination` finds.

    Raises:
        ConfigurationError: None is named and none runs, or what is named is no address.
    """
    found = find_destination(base_url)
    if found is None:
        raise ConfigurationError(
            "No server is named and none of yours is running. Start one with: robocoders serve. "
            "Or name one with base_url or ROBOCODERS_BASE_URL."
        )
    return found
