"""Which certificate authorities are trusted: the platform's, or those that an argument or the environment names."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from robocoders.errors import ConfigurationError

__all__ = ["tls_context"]


def tls_context(ca_file: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> ssl.SSLContext:
    """A context that checks certificates and host names.

    Args:
        ca_file: A PEM file, or a directory as `openssl rehash` makes it, with the authorities to trust instead of
            the platform's.
        environment: Where nothing is given, `SSL_CERT_FILE` and `SSL_CERT_DIR` count, then `REQUESTS_CA_BUNDLE`.

    Raises:
        ConfigurationError: The file is missing or holds no certificate.
    """
    if ca_file is not None:
        return _trusting(Path(ca_file), "ca_file")
    if environment.get("SSL_CERT_FILE") or environment.get("SSL_CERT_DIR"):
        return _trusting_openssl_variables(environment)
    bundle = environment.get("REQUESTS_CA_BUNDLE")
    return _trusting(Path(bundle), "REQUESTS_CA_BUNDLE") if bundle else ssl.create_default_context()


def _trusting_openssl_variables(environment: Mapping[str, str]) -> ssl.SSLContext:
    file, directory = environment.get("SSL_CERT_FILE") or None, environment.get("SSL_CERT_DIR") or None
    try:
        return ssl.create_default_context(cafile=file, capath=directory)
    except OSError as error:
        named = " and ".join(name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environment.get(name))
        raise _unusable(named, error) from error


def _trusting(path: Path, place: str) -> ssl.SSLContext:
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=str(path))
        return ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise _unusable(f"{place} ({path})", error) from error


def _unusable(place: str, error: OSError) -> ConfigurationError:
    why = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror or "unreadable"
    return ConfigurationError(f"The certificate authorities named by {place} cannot be used: {why}")
