"""Which `Host` and `Origin` a request may have.

A page of somebody else's in the user's browser can send requests to this machine, and by a name it controls it could
even read the answers (DNS rebinding). So the server answers only to names that are its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from robocoders.server.addresses import bare_name, is_loopback, is_wildcard, split_host
from robocoders.server.settings import Settings

__all__ = ["HostRule"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


class HostRule:
    """The names that one server answers to.

    These are the address it is bound to, `localhost`, the loopback addresses where it can be reached by them, and what
    `--allow-host` names (with any port, or with the port named).
    """

    def __init__(self, settings: Settings) -> None:
        self._own = {"localhost", bare_name(settings.host)}
        self._wildcard = is_wildcard(settings.host)
        if self._wildcard or is_loopback(settings.host):
            self._own |= {"127.0.0.1", "::1"}
        allowed = [split_host(name) for name in settings.allow_hosts]
        self._allowed = {host for host in allowed if host is not None}

    def refusal(self, headers: Mapping[str, str], scheme: str, local_address: str | None) -> str | None:
        """Why a request is refused, and what mends it; None where it is not.

        Args:
            headers: The request's headers, looked up in lower case.
            scheme: `http` or `https`, as the request came.
            local_address: The address of this machine that the connection arrived at, where it is known.
        """
        given = headers.get("host", "")
        host = split_host(given)
        if host is None or not self._is_own(host, scheme, local_address):
            shown = f"{host[0]!r}" if host is not None else "missing or malformed"
            return (
                f"The request's Host is {shown}, which is no name of this server. "
                "If it is, start the server with --allow-host NAME."
            )
        origin = headers.get("origin")
        if origin is not None:
            if self._is_own_origin(origin, scheme, host):
                return None
            return (
                "The request's Origin is not this server: pages of other sites may not call it. "
                "If the site is yours, start the server with --allow-host NAME."
            )
        if headers.get("sec-fetch-site", "").strip().lower() == "cross-site":
            return (
                "A page of another site sent the browser here: open the address by hand. "
                "If the site is yours, start the server with --allow-host NAME."
            )
        return None

    def _is_own(self, host: tuple[str, int | None], scheme: str, local_address: str | None) -> bool:
        name, port = host
        if name in self._own or (self._wildcard and local_address is not None and name == bare_name(local_address)):
            return True
        return self._is_allowed(name, port or _DEFAULT_PORTS[scheme])

    def _is_allowed(self, name: str, port: int) -> bool:
        return (name, None) in self._allowed or (name, port) in self._allowed

    def _is_own_origin(self, origin: str, scheme: str, host: tuple[str, int | None]) -> bool:
        from_scheme, separator, rest = origin.partition("://")
        found = split_host(rest) if separator and from_scheme in _DEFAULT_PORTS else None
        if found is None:
            return False
        name, port = found[0], found[1] or _DEFAULT_PORTS[from_scheme]
        if self._is_allowed(name, port):
            return True
        return (from_scheme, name, port) == (scheme, host[0], host[1] or _DEFAULT_PORTS[scheme])
