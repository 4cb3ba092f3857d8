"""To which server a call of the provider goes, and what to tell where none answers."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from robocoders.client.addresses import normal_address
from robocoders.client.configuration import resolve
from robocoders.client.discovery import find_server, read_servers
from robocoders.wire.protocol import HOSTED_URL

__all__ = ["HOSTED_ENDPOINT", "SERVE_HINT", "Destination", "address_of_endpoint", "find_destination", "warn_once"]

_log = logging.getLogger("robocoders.provider")

HOSTED_ENDPOINT: Final = f"{HOSTED_URL}/chat"
"""Where the hosted service took prompts."""

SERVE_HINT: Final = (
    "The hosted service of Robocoders AI has gone dark. Serve your own with `robocoders serve` "
    "(pip install 'robocoders[server]'); a running one is found by itself, another is named by base_url or "
    "ROBOCODERS_BASE_URL."
)

_CHAT_PATH: Final = "/chat"

_warning_lock = threading.Lock()
_warned: set[str] = set()


@dataclass(frozen=True, slots=True)
class Destination:
    """A server to talk to.

    Attributes:
        address: Its address in the one form (`robocoders.client.addresses`).
        named: Whether the user named it, in code or by a setting; else it was found running, or it is the default.
        hosted: It is the hosted service, taken because nothing else was named or running.
    """

    address: str
    named: bool
    hosted: bool = False

    @property
    def sign_in_key(self) -> str | None:
        """What a server of the user's own at exactly this address wants to see at sign-in; None anywhere else."""
        server = find_server(self.address)
        return server.sign_in_key if server is not None else None


def address_of_endpoint(endpoint: str) -> str:
    """The server's address of a chat endpoint: what stands before `/chat`.

    Raises:
        ConfigurationError: It is no address.
    """
    return normal_address(endpoint.strip().rstrip("/").removesuffix(_CHAT_PATH))


def find_destination(base_url: str | None, endpoint: str) -> Destination:
    """Choose the server: `base_url`, a replaced endpoint, the setting, a server that runs here, the hosted one.

    Args:
        base_url: What the caller named; None for nothing.
        endpoint: The class's `api_endpoint`.

    Raises:
        ConfigurationError: What is named is no address, or the user file cannot be read.
    """
    if base_url is not None:
        return Destination(normal_address(base_url), named=True)
    if endpoint != HOSTED_ENDPOINT:
        return Destination(address_of_endpoint(endpoint), named=True)
    setting = resolve("base_url").value
    if setting is not None:
        return Destination(normal_address(setting), named=True)
    # One that speaks TLS shows a certificate that may be made out to another name; it is the second choice.
    running = sorted(read_servers(), key=lambda server: urlsplit(server.url).scheme != "http")
    if running:
        return Destination(normal_address(running[0].url), named=False)
    return Destination(normal_address(HOSTED_URL), named=False, hosted=True)


def warn_once(destination: Destination) -> None:
    """Say, once a process, that the hosted service is about to be asked and is dark."""
    if not destination.hosted:
        return
    with _warning_lock:
        if destination.address in _warned:
            return
        _warned.add(destination.address)
    _log.warning("No server is named or running here; trying %s. %s", destination.address, SERVE_HINT)
