"""To which server a call of the provider goes, and what to tell where none answers."""

from __future__ import annotations

import logging
import threading
from typing import Final

from robocoders.client import destination
from robocoders.client.addresses import HOSTED_ADDRESS, normal_address
from robocoders.client.destination import Destination
from robocoders.wire.protocol import HOSTED_URL

__all__ = ["HOSTED", "HOSTED_ENDPOINT", "SERVE_HINT", "address_of_endpoint", "find_destination", "warn_once"]

_log = logging.getLogger("robocoders.provider")

_CHAT_PATH: Final = "/chat"

HOSTED_ENDPOINT: Final = f"{HOSTED_URL}{_CHAT_PATH}"
"""Where the hosted service took prompts."""

HOSTED: Final = Destination(HOSTED_ADDRESS)
"""The hosted service, where nobody named it: it is what is left."""

SERVE_HINT: Final = (
    "The hosted service of Robocoders AI has gone dark. Serve your own with `robocoders serve` "
    "(pip install 'robocoders[server]'); a running one is found by itself, another is named by base_url or "
    "ROBOCODERS_BASE_URL."
)

_warning_lock = threading.Lock()
_warned: set[Destination] = set()


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
    if base_url is None and endpoint != HOSTED_ENDPOINT:
        base_url = address_of_endpoint(endpoint)
    return destination.find_destination(base_url) or HOSTED


def warn_once(chosen: Destination) -> None:
    """Say, once a process, that the hosted service is about to be asked and is dark."""
    if chosen is not HOSTED:
        return
    with _warning_lock:
        if chosen in _warned:
            return
        _warned.add(chosen)
    _log.warning("No server is named or running here; trying %s. %s", chosen.address, SERVE_HINT)
