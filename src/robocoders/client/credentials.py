"""The cache of tokens and session ids: one JSON file, mode 0600, shared by all processes of a user.

::

    {"server": "http://127.0.0.1:8760", "access_token": "...", "sid": "...", "idempotent": true,
     "servers": {"https://elsewhere:443": {"access_token": "...", "sid": "..."}}}

The flat keys belong to the server named in `server` (where that is absent: to the cache's own server, as files of
older clients have it); every other server has an entry under `servers`. So no server ever sees another's token.

A corrupt, foreign or missing file counts as empty. Where the file cannot be written, the process works on without it
and says so once.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from robocoders.client.addresses import normal_address
from robocoders.client.private_files import locked_beside, read_own, replace_file
from robocoders.client.token_expiry import is_expired
from robocoders.errors import ConfigurationError

__all__ = ["KEEP", "CredentialCache", "Credentials", "is_token_text"]

_log = logging.getLogger("robocoders.client")

KEEP: Final = "(keep)"
"""Leaves a value of the cache as it is."""

_FIELDS = ("access_token", "sid", "idempotent")

_memory_lock = threading.Lock()
_memory: dict[Path, dict[str, Any]] = {}
"""What would stand in files that cannot be written, for as long as the process lives."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the cache knows of one server.

    Args:
        access_token: A token that has not expired; None where there is none.
        sid: The session to go on with; None where there is none.
        idempotent: Whether the server has announced that it runs one keyed prompt once.
    """

    access_token: str | None = field(default=None, repr=False)
    sid: str | None = None
    idempotent: bool = False


class CredentialCache:
    """Reads and changes one cache file. Nothing here raises because of what stands in the file or where it lies.

    Args:
        path: The file.
        own_server: To whom flat keys belong in a file that names no `server`.
        now: UTC seconds since 1970, for the expiry of tokens.
    """

    def __init__(self, path: Path, *, own_server: str | None = None, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._own_server = None if own_server is None else normal_address(own_server)
        self._now = now

    def read(self) -> dict[str, Any]:
        """The whole content; empty where the file is missing, corrupt or not one's own."""
        with _memory_lock:
            kept = _memory.get(self.path)
            if kept is not None:
                return dict(kept)
        return self._read_file()

    def replace(self, content: dict[str, Any]) -> None:
        """Put `content` in the place of all there is."""
        self._change(lambda _: dict(content))

    def merge(self, content: dict[str, Any]) -> None:
        """Put the keys of `content` over those there are."""
        self._change(lambda old: {**old, **content})

    def clear(self) -> None:
        """Remove the file; where that fails it is logged."""
        with _memory_lock:
            if self.path in _memory:
                _memory[self.path] = {}
        try:
            with suppress(FileNotFoundError):
                if self.path.parent.is_dir():
                    with locked_beside(self.path):
                        self.path.unlink()
        except OSError as error:
            _log.warning("The cache %s cannot be removed: %s", self.path, error.strerror or "it is in use")

    def get(self, server: str) -> Credentials:
        """What is known of a server; an expired token is left out."""
        entry = self._entry(self.read(), normal_address(server))
        token, sid = entry.get("access_token"), entry.get("sid")
        usable = isinstance(token, str) and is_token_text(token) and not is_expired(token, self._now())
        return Credentials(
            access_token=cast("str", token) if usable else None,
            sid=sid if isinstance(sid, str) and sid else None,
            idempotent=entry.get("idempotent") is True,
        )

    def update(
        self,
        server: str,
        *,
        access_token: str | None = KEEP,
        sid: str | None = KEEP,
        idempotent: bool | None = None,
    ) -> None:
        """Change what is known of a server. `KEEP` leaves a value, None removes it; `idempotent=None` leaves it."""
        changes: dict[str, Any] = {
            name: value for name, value in (("access_token", access_token), ("sid", sid)) if value != KEEP
        }
        if idempotent is not None:
            changes["idempotent"] = idempotent or None
        self._change(lambda old: self._with_entry(old, normal_address(server), changes))

    def forget_token(self, server: str, token: str) -> None:
        """Remove this token; another one, written meanwhile, stays."""
        self._forget(server, "access_token", token)

    def forget_session(self, server: str, sid: str) -> None:
        """Remove this session id; another one, written meanwhile, stays."""
        self._forget(server, "sid", sid)

    def _forget(self, server: str, name: str, value: str) -> None:
        address = normal_address(server)

        def change(old: dict[str, Any]) -> dict[str, Any]:
            held = self._entry(old, address).get(name)
            return self._with_entry(old, address, {name: None}) if held == value else old

        self._change(change)

    def _entry(self, content: dict[str, Any], address: str) -> dict[str, Any]:
        if self._flat_address(content) == address:
            return content
        return _mapping(_mapping(content.get("servers")).get(address))

    def _flat_address(self, content: dict[str, Any]) -> str | None:
        named = content.get("server")
        if named is None:
            return self._own_server
        try:
            return normal_address(named) if isinstance(named, str) else None
        except ConfigurationError:
            return None

    def _with_entry(self, content: dict[str, Any], address: str, changes: dict[str, Any]) -> dict[str, Any]:
        holds_flat = any(name in content for name in _FIELDS)
        if self._flat_address(content) == address or not holds_flat:
            # A file without flat keys gives its flat place to whoever comes first: that is the form older clients read.
            return _without_nones({**content, "server": address, **changes})
        servers = _mapping(content.get("servers"))
        entry = _without_nones({**_mapping(servers.get(address)), **changes})
        others = {name: value for name, value in servers.items() if name != address}
        return {**content, "servers": {**others, address: entry} if entry else others}

    def _change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        with _memory_lock:
            if self.path in _memory:
                _memory[self.path] = change(_memory[self.path])
                return
        try:
            with locked_beside(self.path):
                old = self._read_file()
                new = change(old)
                if new != old or not self.path.exists():
                    replace_file(self.path, json.dumps(new).encode())
        except OSError as error:
            self._go_on_in_memory(change, error)

    def _go_on_in_memory(self, change: Callable[[dict[str, Any]], dict[str, Any]], error: OSError) -> None:
        with _memory_lock:
            told = self.path in _memory
            _memory[self.path] = change(_memory.get(self.path) or self._read_file())
        if not told:
            _log.warning(
                "The cache %s cannot be written (%s); tokens are kept for this process only",
                self.path,
                error.strerror or "it is in use",
            )

    def _read_file(self) -> dict[str, Any]:
        try:
            content: object = json.loads(read_own(self.path, forbidden_mode=0o022))
            json.dumps(content)  # What is too deep to be written again counts as corrupt too.
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            _log.debug("The cache %s counts as empty: %s", self.path, type(error).__name__)
            return {}
        return _mapping(content)


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _without_nones(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}


def is_token_text(text: str) -> bool:
    """Whether it can be a token at all: visible ASCII, since it has to stand in a header (RFC 9110, 5.5)."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
