"""The errors of aiohttp, ssl and the sockets in terms of the package's own. Used by the transport alone.

Texts are made here and not taken over: those of other libraries may quote a proxy's password.
"""

from __future__ import annotations

import asyncio
import os

import aiohttp

from robocoders.client.failures import TransportFailure
from robocoders.client.proxies import shown_proxy
from robocoders.errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    ProtocolError,
    RobocodersError,
    StreamError,
)

__all__ = ["broken_body", "is_foreign", "no_answer", "tellable_cause"]


def is_foreign(error: Exception) -> bool:
    """Whether it comes from the network or its libraries; anything else is a bug and is not translated."""
    return isinstance(error, (aiohttp.ClientError, OSError, asyncio.TimeoutError, asyncio.IncompleteReadError))


def tellable_cause(error: Exception) -> OSError | None:
    """What may stand as the cause of the package's own error: the system's error, or nothing.

    aiohttp's own errors keep the request's headers, with the token, and the proxy's address, with its password.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        found: Exception = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        found = error.os_error
    else:
        found = error
    return found if isinstance(found, OSError) else None


def no_answer(error: Exception, address: str, proxy: str | None) -> TransportFailure:
    """What to make of a request that got no answer.

    Args:
        error: A foreign error.
        address: Scheme, host and port that were tried.
        proxy: The proxy in between.
    """
    if isinstance(error, aiohttp.ClientConnectorError):
        lasting = isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError))
        return TransportFailure(_no_connection(error, address, proxy), sent=False, lasting=lasting)
    found: RobocodersError
    if isinstance(error, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)):
        found, sent = ConfigurationError(f"{address} is no address that can be reached"), False
    elif isinstance(error, aiohttp.ConnectionTimeoutError):
        found, sent = APITimeoutError(f"{address} took too long to accept a connection"), False
    elif isinstance(error, (aiohttp.ServerTimeoutError, asyncio.TimeoutError)):
        found, sent = APITimeoutError(f"{address} took the request and gave no answer in time"), True
    elif isinstance(error, aiohttp.ClientHttpProxyError):
        text = f"The proxy {shown_proxy(proxy or '')} refuses to connect to {address} (HTTP {error.status})"
        found, sent = APIConnectionError(text), False
    elif isinstance(error, aiohttp.ClientResponseError):
        text = f"{address} does not speak HTTP; is it the right port, and is it http or https?"
        found, sent = ProtocolError(text), True
    else:
        found, sent = APIConnectionError(f"{address} dropped the connection before it answered"), True
    return TransportFailure(found, sent=sent, lasting=isinstance(found, (ConfigurationError, ProtocolError)))


def broken_body(error: Exception, address: str) -> StreamError | APITimeoutError:
    """What to make of an answer that began and did not end."""
    if isinstance(error, (aiohttp.ServerTimeoutError, asyncio.TimeoutError)):
        return APITimeoutError(f"{address} fell silent in the middle of its answer")
    return StreamError(f"{address} broke off in the middle of its answer")


def _no_connection(error: aiohttp.ClientConnectorError, address: str, proxy: str | None) -> APIConnectionError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "it cannot be verified"
        return APIConnectionError(
            f"The certificate of {address} is not trusted: {why}. "
            "Name the authority that signed it with ca_file or SSL_CERT_FILE."
        )
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return APIConnectionError(f"No TLS connection to {address}; is it http instead of https?")
    reason = _reason(error.os_error)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return APIConnectionError(f"The proxy {shown_proxy(proxy or '')} cannot be reached: {reason}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return APIConnectionError(f"The name of {address} is not known: {reason}")
    return APIConnectionError(f"Nothing answers at {address}: {reason}")


def _reason(error: OSError) -> str:
    # asyncio joins several attempts into one error whose strerror is a sentence of its own; the number says it shorter.
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (error.strerror or "no connection").lower()
