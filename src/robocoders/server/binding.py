"""Taking the address before anything slow happens, so that early callers wait instead of being refused."""

from __future__ import annotations

import errno
import socket
import ssl

from robocoders.errors import ConfigurationError
from robocoders.server.addresses import bracketed, is_wildcard
from robocoders.server.settings import Settings

__all__ = ["listen", "tls_context", "url_of"]

_BACKLOG = 2048


def listen(settings: Settings) -> socket.socket:
    """A listening socket on the address of the settings.

    Raises:
        ConfigurationError: The name is unknown, the port is taken or needs privileges, or the address is not ours.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # `localhost` has two addresses on many machines; every client knows how to reach the older one.
        family, kind, protocol, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"--host {host!r} is no address of this machine: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_explained(error, host, port)) from error
    listener.settimeout(0)
    return listener


def _explained(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. Give another --port (0 takes a free one), "
            "or stop that program (robocoders stop, if it is a server of yours)."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs privileges that this user lacks. Give a --port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host} is no address of this machine. Give 127.0.0.1, or one that `ip address` lists."
    return f"{host} port {port} cannot be listened on: {error.strerror or error}."


def url_of(settings: Settings, listener: socket.socket) -> str:
    """The address to call the server by, always with its port; loopback where it listens on all addresses."""
    port: int = listener.getsockname()[1]
    host = settings.host
    if is_wildcard(host):
        host = "::1" if ":" in host else "127.0.0.1"
    return f"{'http' if settings.tls_cert is None else 'https'}://{bracketed(host)}:{port}"


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What TLS connections are made with; None without `--tls-cert`.

    Raises:
        ConfigurationError: A file is missing, unreadable, no PEM or has a password, or the two do not belong together.
    """
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    for flag, path in (("--tls-cert", settings.tls_cert), ("--tls-key", settings.tls_key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"{flag} {path} cannot be read: {error.strerror or error}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password function OpenSSL would ask the terminal.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else None
        raise ConfigurationError(
            f"--tls-cert {settings.tls_cert} and --tls-key {settings.tls_key} cannot be used together "
            f"({reason or 'unreadable'}): both must be PEM, the key without a password and the certificate's own."
        ) from error
    return context
