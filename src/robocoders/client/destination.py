"""Which server a client talks to when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from robocoders.client.addresses import normal_address
from robocoders.client.configuration import Setting, resolve
from robocoders.client.discovery import LocalServer, find_server, read_servers
from robocoders.errors import ConfigurationError

__all__ = ["Destination", "choose_destination", "find_destination", "find_running"]


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

    The hosted service of old is never chosen by itself. Of the running servers `find_running` chooses.

    Raises:
        ConfigurationError: What one of them names is no address.
    """
    named = resolve("base_url", base_url).value
    if named:
        address = normal_address(named)
        own = find_server(address)
        return Destination(address, None if own is None else own.sign_in_key)
    running = find_running(resolve("data_dir"))
    return None if running is None else Destination(normal_address(running.url), running.sign_in_key)


def find_running(data_dir: Setting) -> LocalServer | None:
    """This user's newest running server; where somebody chose a data directory, only one that keeps it.

    A server that speaks TLS may show a certificate for another name than its own (that is what old scripts need), so it
    is the second choice.
    """
    servers = sorted(read_servers(), key=lambda server: normal_address(server.url).startswith("https:"))
    if data_dir.origin != "default":
        directory = Path(data_dir.value or "").expanduser().resolve()
        servers = [server for server in servers if Path(server.data_dir) == directory]
    return servers[0] if servers else None


def choose_destination(base_url: str | None) -> Destination:
    """The server that `find_destination` finds.

    Raises:
        ConfigurationError: None is named and none runs, or what is named is no address.
    """
    found = find_destination(base_url)
    if found is None:
        raise ConfigurationError(
            f"No server is named and none of yours is running{_where(resolve('data_dir'))}. "
            "Start one with: robocoders serve. "
            "Or name one with base_url or ROBOCODERS_BASE_URL."
        )
    return found


def _where(data_dir: Setting) -> str:
    return "" if data_dir.origin == "default" else f" with the data directory {data_dir.value}"
