"""Which server a client talks to when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from robocoders.client.addresses import normal_address
from robocoders.client.configuration import resolve
from robocoders.client.discovery import find_server, read_servers
from robocoders.errors import ConfigurationError

__all__ = ["Destination", "choose_destination"]


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


def choose_destination(base_url: str | None) -> Destination:
    """The argument; else `ROBOCODERS_BASE_URL`; else the user file; else this user's newest running server.

    The hosted service of old is never chosen by itself.

    Raises:
        ConfigurationError: None of them names a server, or what one names is no address.
    """
    named = resolve("base_url", base_url).value
    if named:
        address = normal_address(named)
        own = find_server(address)
        return Destination(address, None if own is None else own.sign_in_key)
    running = read_servers()
    if not running:
        raise ConfigurationError(
            "No server is named and none of yours is running. Start one with: robocoders serve. "
            "Or name one with base_url or ROBOCODERS_BASE_URL."
        )
    return Destination(normal_address(running[0].url), running[0].sign_in_key)
